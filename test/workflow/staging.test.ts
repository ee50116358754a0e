/** The example workflow, unmodified, with the action laid out as a release publishes it, against the real node. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { stageAction } from '../../scripts/stage-action.ts';
import type { ActionName } from '../../src/inputs/registry.ts';
import { ensureBinaries } from '../../testbed/binaries/ensure-binaries.ts';
import { runCommand } from '../../testbed/binaries/run-command.ts';
import { trustRegistry } from '../../testbed/node/node.ts';
import { startRegistry } from '../../testbed/registry/registry.ts';
import { type ActRun, runAct } from '../support/workflow/act-run.ts';
import { createOrionRepository, overlayFile, workflowFile } from '../support/workflow/orion-repository.ts';

const kubeconfigSchema = z.object({
  users: z.tuple([z.object({ user: z.object({ 'client-key-data': z.string() }) })]),
});

let folder: string;
let namespace: string;
let secrets: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-workflow-'));
  const unique = randomBytes(4).toString('hex');
  namespace = `orion-workflow-${unique}`;
  secrets = {
    STAGING_KUBECONFIG: await readFile(inject('kubeconfig'), 'utf8'),
    POSTGRES_PASSWORD: `postgres${unique}`,
    REDIS_PASSWORD: `redis${unique}`,
    TOKEN_KEY: `token${unique}`,
  };
  await ensureBinaries(['act'], (line) => console.log(line));
}, 900_000);

afterEach(async () => {
  const target = ['--kubeconfig', inject('kubeconfig'), 'namespace', namespace];
  await runCommand('kubectl', ['delete', '--ignore-not-found', '--wait=false', ...target]);
  await rm(folder, { recursive: true, force: true });
});

async function runWorkflow(edit?: (kustomization: string) => string): Promise<ActRun> {
  await createOrionRepository(join(folder, 'repository'), { namespace, ...(edit && { edit }) });
  return runInRepository('staging', 'deploy-staging');
}

async function runInRepository(
  workflow: string,
  name: ActionName,
  published: string = name,
): Promise<ActRun> {
  const repository = join(folder, 'repository');
  const action = join(folder, name);
  const home = join(folder, `home-${workflow}`);
  await mkdir(home);
  await stageAction(name, action);
  const actions = { [`orion/${published}@v1`]: action };
  const event = workflow === 'rollback' ? 'workflow_dispatch' : 'push';
  return runAct({ repository, workflow: workflowFile(workflow), event, actions, secrets, home });
}

/** Names of the secrets that can be read, as they are or in base64, in what a real runner shows: all but its masks. */
function leaks(run: ActRun): string[] {
  const shown = run.log
    .split('\n')
    .filter((line) => !line.includes('"command":"add-mask"'))
    .join('\n');
  const { STAGING_KUBECONFIG = '', ...values } = secrets;
  const { user } = kubeconfigSchema.parse(parse(STAGING_KUBECONFIG)).users[0];
  return Object.entries({ ...values, ...user })
    .filter(([, value]) =>
      [value, Buffer.from(value).toString('base64')].some((text) => shown.includes(text)),
    )
    .map(([name]) => name);
}

test('deploys the example, hands outputs to the next step, writes the summary and gives no secret away', async () => {
  const run = await runWorkflow();
  expect(run.exitCode, run.end).toBe(0);
  const outputs = run.outputs('Deploy');
  expect(outputs).toMatchObject({ outcome: 'succeeded', 'exit-code': '0', failed: '0' });
  const said = run.output('Say what runs now');
  expect(said).toContain(
    `Staging: succeeded, release ${outputs['release']}, plan ${outputs['plan-digest']}.\n`,
  );
  expect(said).toMatch(/as JSON: [1-9]\d+ bytes in /);
  expect(said).toContain(outputs['result']);
  expect(run.summary('Deploy')).toContain('is deployed to staging');
  expect(run.summary('Deploy')).toContain('`gateway`');
  expect(run.errors('Deploy')).toEqual([]);
  expect(run.result('Post', 'Deploy')).toBe('success');
  expect(run.result('Main', 'Say why it failed')).toBeUndefined();
  expect(leaks(run)).toEqual([]);
  // Else the values were not what was searched for.
  expect(run.log.includes(secrets['POSTGRES_PASSWORD'] ?? '')).toBe(true);

  const tested = await runInRepository('smoke', 'smoke-tests');
  expect(tested.exitCode, tested.end).toBe(0);
  const { passed, failed, report } = tested.outputs('Smoke tests');
  expect(failed).toBe('0');
  expect(Number(passed)).toBeGreaterThanOrEqual(20);
  expect(tested.output('Say what was found')).toContain(
    `Staging succeeded, ${passed} passed, 0 failed, JUnit report in ${report}`,
  );
  expect(tested.summary('Smoke tests')).toContain('on staging works');
  // Read from the cluster's Secret, not from this checkout.
  expect(leaks(tested)).toEqual([]);
});

test('a missing image fails the job with exit code 2 and points at the line that names it', async () => {
  await using registry = await startRegistry();
  await trustRegistry(inject('stateDirectory'), registry.address);
  const image = '- name: orion.example/service\n';
  const edit = (text: string): string =>
    text.replace(
      `${image}    newTag: "1"`,
      `${image}    newName: ${registry.address}/orion/service\n    newTag: absent`,
    );
  const run = await runWorkflow(edit);
  expect(run.exitCode, run.end).not.toBe(0);
  expect(registry.requests).toContainEqual(
    expect.objectContaining({ repository: 'orion/service', reference: 'absent', status: 404 }),
  );
  expect(run.outputs('Deploy')).toMatchObject({
    outcome: 'failed',
    'exit-code': '2',
    reason: 'image-not-found',
  });
  const committed = await readFile(join(folder, 'repository', overlayFile), 'utf8');
  const line = committed.split('\n').findIndex((text) => text.includes('newTag: absent')) + 1;
  expect(run.errors('Deploy')).toContainEqual(
    expect.objectContaining({ file: overlayFile, line: String(line) }),
  );
  expect(run.result('Main', 'Deploy')).toBe('failure');
  expect(run.result('Post', 'Deploy')).toBe('success');
  expect(run.summary('Deploy')).toContain(`${registry.address}/orion/service:absent`);
  expect(run.output('Say why it failed')).toContain('failed with image-not-found, exit code 2');
  expect(run.result('Main', 'Say what runs now')).toBeUndefined();

  const rollback = await runInRepository('rollback', 'phase', 'deploy');
  expect(rollback.exitCode, rollback.end).toBe(0);
  expect(rollback.outputs('Roll back')).toMatchObject({ outcome: 'rolled-back', 'exit-code': '0' });
  expect(rollback.summary('Roll back')).toContain('is rolled back');
  expect(rollback.output('Say what runs now')).toContain('Staging: rolled-back, release orion-');
  expect(leaks(rollback)).toEqual([]);
});
