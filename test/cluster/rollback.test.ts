/** The action `phase` by its bundle: rollback and unlock (release state rows 11, 12, 16 to 19, 21, 22), compared by what kubectl shows. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { cancelStep, type StepResult } from '../../testbed/workflow-step.ts';
import { changes, type Deployer, deployerFor, type Inputs, until } from '../support/actions/deployer.ts';
import { type Manifest, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { kubectlOf, refuseBudget, snapshotOf } from '../support/cluster/snapshot.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;
let phases: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-rollback-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('deployer', cluster, 'deploy-staging', {});
  phases = await deployerFor('phases', cluster, 'phase', {});
  await refuseBudget(deployer.api, 'refused');
}, startTimeout);

afterAll(async () => {
  await phases?.close();
  await deployer?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Both deployers may act in it. */
async function newNamespace(name: string): Promise<string> {
  await phases.actIn(await deployer.newNamespace(name));
  return name;
}

/** Hollow pods answer no requests. */
const quick: Inputs = { 'skip-tests': 'true', settle: '0s' };
const sameJob: Inputs = { 'check-run-id': '77' };

const configMap = (name: string, data: Manifest): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

const budget = (name: string): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
});

const release = (namespace: string, version: number, ...more: readonly Manifest[]) => ({
  namespace,
  workloads: [{ name: 'web', container: { env: [{ name: 'VERSION', value: String(version) }] } }],
  objects: [configMap('settings', { version: String(version) }), ...more],
});

const snapshot = (namespace: string) => snapshotOf(cluster.kubeconfig, namespace);

async function heads(namespace: string) {
  return (await deployer.records(namespace).list('shop')).releases.map(({ head }) => head);
}

async function statuses(namespace: string): Promise<readonly string[]> {
  return (await heads(namespace)).map(({ status }) => status);
}

function expectOutcome(step: StepResult, outcome: string, exitCode: number): void {
  expect(step.outputs, step.output).toMatchObject({ outcome, 'exit-code': String(exitCode) });
  expect(step.exitCode).toBe(exitCode);
}

async function deployed(workspace: string): Promise<void> {
  expectOutcome(await deployer.deploy(workspace, quick), 'succeeded', 0);
}

/** A release that stays in its rollout, killed there. */
async function killedRelease(workspace: string, namespace: string, number: number): Promise<void> {
  const running = await deployer.start(workspace, { ...quick, ...sameJob, settle: '50s' });
  await until('the release to be applied', async () => {
    const text = await kubectlOf(
      cluster.kubeconfig,
      'get',
      'configmap',
      'settings',
      '-n',
      namespace,
      '-o',
      'json',
    );
    return text.includes(`"version": "${number}"`) ? true : undefined;
  });
  running.process.kill('SIGKILL');
  await running.result;
}

describe('phase: rollback of a failed release', () => {
  test('rows 9 and 18: a failed release is left as it is, then undone; once more changes nothing', async () => {
    const namespace = await newNamespace('failed');
    const workspace = await writeShop(release(namespace, 1));
    await deployed(workspace);
    const was = await snapshot(namespace);
    await writeShop(release(namespace, 2, configMap('added', { a: '1' }), budget('refused')), workspace);
    const failed = await deployer.deploy(workspace, { ...quick, rollback: 'manual' });
    expectOutcome(failed, 'failed', 2);
    expect(failed.summary).toContain('phase: rollback');
    expect((await heads(namespace))[0]).toMatchObject({ status: 'failed', phase: 'apply' });
    expect(await snapshot(namespace)).not.toEqual(was);

    const step = await phases.deploy(workspace, { ...quick, phase: 'rollback' });
    expectOutcome(step, 'rolled-back', 0);
    expect(step.outputs['release']).toBe('orion-shop-2');
    expect(await snapshot(namespace)).toEqual(was);
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
    expect(step.summary).toContain('is rolled back');

    const since = Date.now();
    expectOutcome(await phases.deploy(workspace, { ...quick, phase: 'rollback' }), 'unchanged', 0);
    expect((await phases.requestsSince(since)).filter(changes)).toEqual([]);
  });

  test('rows 4 and 20: on record before it is written; a failure after a failed release leads behind both', async () => {
    const namespace = await newNamespace('after-failed');
    const workspace = await writeShop(release(namespace, 1));
    await deployed(workspace);
    const was = await snapshot(namespace);
    await writeShop(release(namespace, 2, configMap('added', { a: '1' }), budget('refused')), workspace);
    expectOutcome(await deployer.deploy(workspace, { ...quick, rollback: 'manual' }), 'failed', 2);

    const since = Date.now();
    await writeShop(release(namespace, 3, configMap('more', { a: '1' }), budget('refused')), workspace);
    const third = await deployer.deploy(workspace, { ...quick, rollback: 'automatic' });
    expectOutcome(third, 'rolled-back', 2);
    expect(third.output).toContain('this release keeps the state before it');
    expect(await snapshot(namespace)).toEqual(was);
    expect(await statuses(namespace)).toEqual(['rolled-back', 'failed', 'deployed']);
    expect((await heads(namespace))[0]).toMatchObject({ takesOver: 'orion-shop-2' });

    const written = (await deployer.requestsSince(since))
      .filter((entry) => changes(entry) && entry.stage === 'ResponseComplete')
      .map(({ objectRef }) => objectRef?.resource);
    const first = written.findIndex((resource) => resource !== 'leases' && resource !== 'secrets');
    // Lock, body and head of this release, and the mark on the one before; then the first object.
    expect(written.slice(0, first)).toEqual(['leases', 'secrets', 'secrets', 'secrets']);
  });

  test('row 19: a failed release after which another was deployed is not undone', async () => {
    const namespace = await newNamespace('superseded');
    const workspace = await writeShop(release(namespace, 1));
    await deployed(workspace);
    await writeShop(release(namespace, 2, budget('refused')), workspace);
    expectOutcome(await deployer.deploy(workspace, { ...quick, rollback: 'manual' }), 'failed', 2);
    await writeShop(release(namespace, 3), workspace);
    await deployed(workspace);
    const since = Date.now();
    const step = await phases.deploy(workspace, { ...quick, phase: 'rollback', release: 'orion-shop-2' });
    expectOutcome(step, 'failed', 1);
    expect(step.outputs['reason']).toBe('superseded');
    expect((await phases.requestsSince(since)).filter(changes)).toEqual([]);
  });
});

describe('phase: rollback of a deployed or an interrupted release', () => {
  test('row 21: a deployed release is returned to, with what was pruned since, by an overlay that renders no more', async () => {
    const namespace = await newNamespace('return');
    const workspace = await writeShop(release(namespace, 1, configMap('old', { a: '1' })));
    await deployed(workspace);
    const was = await snapshot(namespace);
    await writeShop(release(namespace, 2), workspace);
    await deployed(workspace);
    expect(Object.keys(await snapshot(namespace))).not.toContain('ConfigMap old');

    await rm(join(workspace, 'k8s'), { recursive: true });
    const step = await phases.deploy(workspace, { ...quick, phase: 'rollback', namespace });
    expectOutcome(step, 'rolled-back', 0);
    expect(step.output).toContain('Returning to orion-shop-1');
    const is = await snapshot(namespace);
    expect(is['ConfigMap settings']).toEqual(was['ConfigMap settings']);
    expect(is['ConfigMap old']).toMatchObject({ data: { a: '1' } });
    expect(is['Deployment web']).toEqual(was['Deployment web']);
    const [newest] = await heads(namespace);
    expect(newest).toMatchObject({ number: 3, status: 'deployed', returnsTo: 'orion-shop-1' });

    const again = await phases.deploy(workspace, { ...quick, phase: 'rollback', namespace });
    expectOutcome(again, 'failed', 1);
    expect(again.output).toContain('orion-shop-1 is the oldest deployed release');
  });

  test('row 16: what a killed run left is undone', async () => {
    const namespace = await newNamespace('killed');
    const workspace = await writeShop(release(namespace, 1));
    await deployed(workspace);
    const was = await snapshot(namespace);
    await writeShop(release(namespace, 2, configMap('added', { a: '1' })), workspace);
    await killedRelease(workspace, namespace, 2);
    expectOutcome(
      await phases.deploy(workspace, { ...quick, ...sameJob, phase: 'rollback' }),
      'rolled-back',
      0,
    );
    expect(await snapshot(namespace)).toEqual(was);
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
  });

  test('rows 11 and 12: stopped while it undoes, its post goes on', async () => {
    const namespace = await newNamespace('stopped');
    const workspace = await writeShop(release(namespace, 1));
    await deployed(workspace);
    const was = await snapshot(namespace);
    await writeShop(release(namespace, 2, budget('refused')), workspace);
    expectOutcome(await deployer.deploy(workspace, { ...quick, rollback: 'manual' }), 'failed', 2);
    const inputs = { ...quick, phase: 'rollback', settle: '5s' };
    const running = await phases.start(workspace, inputs);
    await until('its record', async () => ((await heads(namespace))[0]?.undoneBy ? true : undefined));
    expect(await cancelStep(running)).toEqual(['SIGINT']);
    const main = await running.result;
    expectOutcome(main, 'cancelled', 5);
    expect(await statuses(namespace)).toEqual(['pending', 'deployed']);
    const post = await phases.post(workspace, main, inputs);
    expect(post.output).toContain('Rolled back');
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
    expect(await snapshot(namespace)).toEqual(was);
  });
});

describe('phase: unlock', () => {
  test('row 17: ends the lock of a dead run, names it, and touches no object', async () => {
    const namespace = await newNamespace('unlock');
    const workspace = await writeShop(release(namespace, 1));
    await deployed(workspace);
    expectOutcome(await phases.deploy(workspace, { phase: 'unlock' }), 'unchanged', 0);
    await writeShop(release(namespace, 2), workspace);
    await killedRelease(workspace, namespace, 2);
    const was = await snapshot(namespace);
    const step = await phases.deploy(workspace, { ...sameJob, phase: 'unlock' });
    expectOutcome(step, 'succeeded', 0);
    expect(step.output).toMatch(/The lock belongs to orion-shop-2, started .* by somebody, in its \w+ phase/);
    expect(await snapshot(namespace)).toEqual(was);
    expect(await statuses(namespace)).toEqual(['failed', 'deployed']);
    // Row 18: its record still leads back.
    expectOutcome(await phases.deploy(workspace, { ...quick, phase: 'rollback' }), 'rolled-back', 0);
  });

  test('row 22: a run that lives keeps its lock', async () => {
    const namespace = await newNamespace('alive');
    const workspace = await writeShop(release(namespace, 1));
    const running = await deployer.start(workspace, { ...quick, settle: '30s' });
    await until('its record', async () => ((await statuses(namespace))[0] === 'pending' ? true : undefined));
    const [unlock, rollback] = await Promise.all([
      phases.deploy(workspace, { phase: 'unlock' }),
      phases.deploy(workspace, { ...quick, phase: 'rollback' }),
    ]);
    for (const step of [unlock, rollback]) {
      expectOutcome(step, 'failed', 1);
      expect(step.outputs['reason']).toBe('lock-held');
    }
    expectOutcome(await running.result, 'succeeded', 0);
  });
});

test('phase: preview shows the plan and its digest and changes nothing', async () => {
  const namespace = await newNamespace('preview');
  const workspace = await writeShop(release(namespace, 1));
  const since = Date.now();
  const step = await phases.deploy(workspace, { phase: 'preview' });
  expectOutcome(step, 'planned', 0);
  expect(step.outputs['plan-digest']).toMatch(/^sha256:/);
  expect((await phases.requestsSince(since)).filter(changes)).toEqual([]);
});

test.each([
  [{}, 'Input phase is missing'],
  [{ phase: 'rolback' }, 'rollback'],
  [{ phase: 'preview', environment: 'local' }, 'environment'],
])('a bad input ends with exit code 1 and names it: %j', async (inputs, said) => {
  const workspace = await writeShop(release('nowhere', 1));
  const step = await phases.deploy(workspace, inputs as Inputs);
  expectOutcome(step, 'failed', 1);
  expect(step.output).toContain(said);
});

test('old releases keep their head for the history alone; a return to one says so; history tells them all', async () => {
  const namespace = await newNamespace('retention');
  const workspace = await writeShop({
    namespace,
    workloads: [],
    objects: [configMap('settings', { version: '1' })],
  });
  for (let version = 1; version <= 13; version += 1) {
    await writeShop(
      { namespace, workloads: [], objects: [configMap('settings', { version: String(version) })] },
      workspace,
    );
    await deployed(workspace);
  }
  const secrets = JSON.parse(
    await kubectlOf(cluster.kubeconfig, 'get', 'secrets', '-n', namespace, '-o', 'json'),
  ) as { readonly items: readonly { readonly type: string; readonly metadata: { readonly name: string } }[] };
  const named = (type: string): readonly string[] =>
    secrets.items.filter((secret) => secret.type === type).map(({ metadata }) => metadata.name);
  expect(named('orion.dev/release')).toHaveLength(13);
  const whole = new Set(named('orion.dev/release-body').map((name) => name.replace(/\.body-\d+$/, '')));
  expect([...whole].toSorted()).toEqual(
    [4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map((number) => `orion-shop-${number}`).toSorted(),
  );
  const old = await phases.deploy(workspace, { ...quick, phase: 'rollback', release: '3' });
  expectOutcome(old, 'failed', 1);
  expect(old.output).toContain('orion-shop-3 is too old to return to');
  expectOutcome(
    await phases.deploy(workspace, { ...quick, phase: 'rollback', release: '4' }),
    'rolled-back',
    0,
  );

  const since = Date.now();
  const told = await phases.deploy(workspace, { phase: 'history' });
  expectOutcome(told, 'succeeded', 0);
  for (const text of [told.output, told.summary]) {
    expect(text).toContain('orion-shop-14');
    expect(text).toContain('back to orion-shop-4');
    expect(text).toContain('Change failure rate: 7 % of 14 releases');
  }
  expect((await phases.requestsSince(since)).filter(changes)).toEqual([]);
});
