import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { inputs } from '../../../src/inputs/registry.ts';
import { version } from '../../../src/runner/version.ts';

const root = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

test('the version in the bundles is that of package.json', async () => {
  const { version: published } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  expect(version).toBe(published);
  const image = inputs.find(({ name }) => name === 'smoke-image');
  expect(JSON.stringify(image)).toContain(`ghcr.io/orion/probe:${published}`);
});

test('npm scripts run on Node 24, whatever the machine has', async () => {
  const { stdout } = await run('npm', ['run', 'env', '--silent'], { cwd: root });
  const path = /^PATH=(.*)$/m.exec(stdout)?.[1];
  const { stdout: found } = await run('node', ['--version'], { cwd: root, env: { PATH: path } });
  expect(found).toMatch(/^v24\./);
  expect(process.version).toBe(found.trim());
});
