import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stopCluster } from '../../testbed/cluster.ts';
import { processesOf } from '../support/cluster/processes-of.ts';

const timeout = 60_000;
const program = join(import.meta.dirname, '..', '..', 'testbed', 'cli.ts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-command-'));
});
afterAll(async () => {
  await stopCluster(folder);
  await rm(folder, { recursive: true, force: true });
}, timeout);

async function cluster(commandLine: readonly string[], killWhen?: string) {
  const child = spawn(process.execPath, [program, '--state', folder, ...commandLine]);
  const printed = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.output += text;
    if (killWhen && printed.output.includes(killWhen)) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.errors += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, ...printed };
}

describe('bad arguments end with 1, one sentence and the usage', () => {
  test.each([
    [[], 'A command is missing.'],
    [['upp'], 'There is no command upp.'],
    [['up', '--hollowed'], "Unknown option '--hollowed'"],
    [['up', '--hollow-nodes', 'many'], '--hollow-nodes wants a number from 0 to 9999, not many.'],
    [['up', '--hollow-nodes'], "Option '--hollow-nodes <value>' argument missing"],
    [['down', '--hollow'], '--hollow and --hollow-nodes go with up only.'],
    [['load'], 'load wants one image archive.'],
    [['status', 'more'], 'status wants no operands.'],
  ])('%j', async (commandLine, sentence) => {
    const { code, output, errors } = await cluster(commandLine);
    expect(code).toBe(1);
    expect(output).toBe('');
    const [line, next] = errors.split('\n');
    expect(line).toBe(sentence);
    expect(next).toBe('Usage: npm run cluster -- COMMAND');
  });
});

test('without a cluster, status and kubeconfig say how to start one', async () => {
  for (const command of ['status', 'kubeconfig']) {
    const { code, errors } = await cluster([command]);
    expect(code).toBe(1);
    expect(errors).toBe(`No cluster runs in ${folder}. Start one with: npm run cluster -- up\n`);
  }
});

test('down after a start that was killed halfway leaves no process', { timeout: 1_800_000 }, async () => {
  const killed = await cluster(['up', '--hollow'], 'control plane ready after');
  expect(killed.code).not.toBe(0);
  expect(await processesOf(folder)).not.toEqual([]);
  const down = await cluster(['down']);
  expect(down.code).toBe(0);
  expect(await processesOf(folder)).toEqual([]);
});

test('up, up, status, kubeconfig, load, down', { timeout }, async () => {
  const up = await cluster(['up', '--hollow', '--hollow-nodes', '2']);
  expect(up.errors).toBe('');
  expect(up.output).toMatch(/^\[ +\d+\.\d s\] starting binaries$/m);
  expect(up.output).toMatch(/2 hollow nodes ready after/);
  expect(up.output).toContain(join(folder, 'logs'));
  const again = await cluster(['up', '--hollow']);
  expect(again.output).not.toContain('starting');
  const status = await cluster(['status']);
  expect(status.code).toBe(0);
  expect(status.output).toContain('healthy: no real node, 2 hollow nodes');
  const path = join(folder, 'kubeconfigs', 'admin.yaml');
  expect((await cluster(['kubeconfig'])).output).toBe(`${path}\n`);
  const load = await cluster(['load', 'absent.tar']);
  expect(load.errors).toBe('Hollow nodes run no images. Start a cluster with a real node to load one.\n');
  const down = await cluster(['down']);
  expect(down.code).toBe(0);
  expect(await processesOf(folder)).toEqual([]);
});
