/** A deployment in steps of one job, by the bundle of `phase`: the record hands over, and the end of the job settles what is left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoredRelease } from '../../src/ports/release-store.ts';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { startFaultProxy } from '../../testbed/faults/fault-proxy.ts';
import { cancelStep, type StepResult } from '../../testbed/workflow-step.ts';
import { changes, type Deployer, deployerFor, type Inputs } from '../support/actions/deployer.ts';
import { type Manifest, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { refuseBudget, snapshotOf } from '../support/cluster/snapshot.ts';

let cluster: Cluster;
let folder: string;
let whole: Deployer;
let phases: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-steps-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  whole = await deployerFor('whole', cluster, 'deploy-staging', {});
  phases = await deployerFor('steps', cluster, 'phase', {});
  await refuseBudget(phases.api, 'refused');
}, startTimeout);

afterAll(async () => {
  await phases?.close();
  await whole?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Hollow pods answer no requests. */
const quick: Inputs = { 'skip-tests': 'true', settle: '0s', monitor: '0s' };
const automatic: Inputs = { rollback: 'automatic' };

interface Job {
  /** Main of one step, with the variables of the steps before it. */
  step(phase: string, inputs?: Inputs): Promise<StepResult>;
  /** The posts, last step first. */
  end(): Promise<readonly StepResult[]>;
}

function jobIn(workspace: string, id: string, common: Inputs = {}): Job {
  const done: { readonly main: StepResult; readonly inputs: Inputs }[] = [];
  let variables: Readonly<Record<string, string>> = {};
  return {
    async step(phase, more = {}) {
      const inputs = { ...quick, 'check-run-id': id, ...common, ...more, phase };
      const main = await (await phases.start(workspace, inputs, variables)).result;
      variables = { ...variables, ...main.variables };
      done.push({ main, inputs });
      return main;
    },
    async end() {
      const posts: StepResult[] = [];
      for (const { main, inputs } of done.toReversed())
        posts.push(await phases.post(workspace, main, inputs));
      return posts;
    },
  };
}

const configMap = (name: string, version: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { version: String(version) },
});

const refused: Manifest = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'refused' },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
};

const service = (app: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] },
});

const release = (namespace: string, version: number, ...more: readonly Manifest[]) => ({
  namespace,
  workloads: [{ name: 'web', container: { env: [{ name: 'VERSION', value: String(version) }] } }],
  objects: [configMap('settings', version), ...more],
});

const snapshot = (namespace: string) => snapshotOf(cluster.kubeconfig, namespace);

async function heads(namespace: string) {
  return (await phases.records(namespace).list('shop')).releases.map(({ head }) => head);
}

async function statuses(namespace: string): Promise<readonly string[]> {
  return (await heads(namespace)).map(({ status }) => status);
}

function expectOutcome(step: StepResult, outcome: string, exitCode: number): void {
  expect(step.outputs, step.output).toMatchObject({ outcome, 'exit-code': String(exitCode) });
  expect(step.exitCode, step.output).toBe(exitCode);
}

/** A namespace with one release deployed by the whole action, and the overlay of the next one in its workspace. */
async function afterOne(name: string, ...next: readonly Manifest[]) {
  const namespace = await phases.newNamespace(name);
  await whole.actIn(namespace);
  const workspace = await writeShop(release(namespace, 1, configMap('old', 1), service('web')));
  expectOutcome(await whole.deploy(workspace, { ...quick, 'check-run-id': '100' }), 'succeeded', 0);
  const was = await snapshot(namespace);
  await writeShop(release(namespace, 2, ...next), workspace);
  return { namespace, workspace, was };
}

describe('a job in steps that goes well', () => {
  test('row 5: each step goes on from the record of the one before, nobody comes in between, finish prunes and closes it', async () => {
    const { namespace, workspace } = await afterOne('well', service('web'));
    const job = jobIn(workspace, '1');
    expectOutcome(await job.step('preflight'), 'succeeded', 0);
    const preview = await job.step('preview');
    expectOutcome(preview, 'planned', 0);
    expect(await statuses(namespace)).toEqual(['deployed']);

    const rollout = await job.step('rollout', { 'expect-plan': preview.outputs['plan-digest'] ?? '' });
    expectOutcome(rollout, 'succeeded', 0);
    expect(rollout.outputs).toMatchObject({ release: 'orion-shop-2', changed: '2' });
    expect(rollout.summary).toContain('is rolled out to staging');
    expect((await heads(namespace))[0]).toMatchObject({ status: 'pending', jobInSteps: true });

    // Row 22: between the steps the record is the lock.
    const other = await whole.deploy(workspace, { ...quick, 'check-run-id': '2' });
    expectOutcome(other, 'failed', 1);
    expect(other.outputs['reason']).toBe('lock-held');

    const since = Date.now();
    const health = await job.step('health');
    expectOutcome(health, 'succeeded', 0);
    expect(health.summary).toContain('is healthy');
    expect(health.outputs['release']).toBe('orion-shop-2');
    const touched = (await phases.requestsSince(since)).filter(changes);
    expect(touched.map(({ objectRef }) => objectRef?.resource).filter((one) => one !== 'leases')).toEqual(
      touched.filter(({ objectRef }) => objectRef?.resource === 'secrets').map(() => 'secrets'),
    );

    expect(Object.keys(await snapshot(namespace))).toContain('ConfigMap old');
    const finish = await job.step('finish');
    expectOutcome(finish, 'succeeded', 0);
    expect(finish.summary).toContain('is deployed to staging');
    expect(Object.keys(await snapshot(namespace))).not.toContain('ConfigMap old');
    const [newest] = await heads(namespace);
    expect(newest).toMatchObject({ status: 'deployed', phase: 'finish' });
    expect(newest?.timings?.map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(['preflight', 'apply', 'rollout', 'health']),
    );
    for (const post of await job.end()) expect(post.output).not.toContain('settled');
    expect(await statuses(namespace)).toEqual(['deployed', 'deployed']);
    const records = phases.records(namespace);
    const [closed] = (await records.list('shop')).releases;
    const { rendered, handover } = await records.readBody(closed as StoredRelease);
    expect([rendered.length, handover], 'no step comes after finish').toEqual([3, undefined]);
  });
});

describe('a job in steps: its preview, its identity, nothing to change, and health', () => {
  test('the preview of an identity that may only read has the digest of one that may write, and says what it could not ask', async () => {
    const { namespace, workspace } = await afterOne('reader', service('web'));
    const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
    const common = { apiVersion: `${role.apiGroup}/v1`, metadata: { name: 'reader', namespace } };
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }];
    const subjects = [{ apiGroup: role.apiGroup, kind: 'User', name: 'reader' }];
    await phases.api.create({ ...common, kind: 'Role', rules } as never);
    await phases.api.create({ ...common, kind: 'RoleBinding', roleRef: role, subjects } as never);
    const kubeconfig = await cluster.controlPlane.issueKubeconfig('reader', 'reader');

    const read = await jobIn(workspace, '5').step('preview', { kubeconfig });
    expectOutcome(read, 'planned', 0);
    expect(read.output).toContain('this identity may only read');
    expect(read.summary).toContain('2 objects would change');
    const job = jobIn(workspace, '6');
    const asked = await job.step('preview');
    expect(asked.output).not.toContain('this identity may only read');
    expect(read.outputs['plan-digest']).toBe(asked.outputs['plan-digest']);
    // Somebody changes a field of ours after the approval.
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace } };
    await phases.api.apply({ ...settings, data: { version: '1b' } }, { fieldManager: 'orion', force: true });
    const moved = await job.step('rollout', { 'expect-plan': read.outputs['plan-digest'] ?? '' });
    expectOutcome(moved, 'failed', 1);
    expect(moved.outputs['reason']).toBe('plan-moved');
  });

  test('without an id of the job (act) the steps are known by run, attempt and name', async () => {
    const { namespace, workspace } = await afterOne('no-id', service('web'));
    const job = jobIn(workspace, '');
    for (const phase of ['rollout', 'health', 'finish']) expectOutcome(await job.step(phase), 'succeeded', 0);
    expect(await statuses(namespace)).toEqual(['deployed', 'deployed']);
  });

  test('row 3: nothing to change; the steps after it judge what runs and change nothing', async () => {
    const { namespace, workspace } = await afterOne('unchanged');
    await writeShop(release(namespace, 1, configMap('old', 1), service('web')), workspace);
    const job = jobIn(workspace, '3');
    expectOutcome(await job.step('rollout'), 'unchanged', 0);
    const since = Date.now();
    for (const phase of ['health', 'finish']) expectOutcome(await job.step(phase), 'unchanged', 0);
    expect((await phases.requestsSince(since)).filter(changes)).toEqual([]);
    await job.end();
    expect(await statuses(namespace)).toEqual(['deployed']);
  });

  test('what runs is not green unseen: a Service that selects nothing fails health with exit code 3', async () => {
    const { namespace, workspace } = await afterOne('lost');
    await phases.api.apply({ ...service('nobody'), metadata: { name: 'web', namespace } } as never, {
      fieldManager: 'somebody',
      force: true,
    });
    const health = await jobIn(workspace, '4').step('health', {
      'health-retries': '1',
      'health-interval': '1s',
    });
    expectOutcome(health, 'failed', 3);
    expect(health.summary).toContain('is not healthy');
    expect(await statuses(namespace)).toEqual(['deployed']);
  });
});

describe('a step that fails leaves the record pending (row 10), until it is undone or settled', () => {
  test('row 12: the end of the job undoes it', async () => {
    const { namespace, workspace, was } = await afterOne('post', service('web'), refused);
    const job = jobIn(workspace, '11', automatic);
    const rollout = await job.step('rollout');
    expectOutcome(rollout, 'failed', 2);
    expect(rollout.output).toContain('The end of this job rolls it back');
    expect((await heads(namespace))[0]).toMatchObject({ status: 'pending', reason: 'apply-failed' });
    const late = await job.step('finish');
    expectOutcome(late, 'failed', 1);
    expect(late.outputs['reason']).toBe('superseded');
    const [, post] = await job.end();
    expect(post?.output).toContain('Rolled back');
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
    expect(await snapshot(namespace)).toEqual(was);
  });

  test('a step with phase: rollback undoes it, and the posts find nothing to do', async () => {
    const { namespace, workspace, was } = await afterOne('step', service('nobody'));
    const job = jobIn(workspace, '12', automatic);
    expectOutcome(await job.step('rollout'), 'succeeded', 0);
    const health = await job.step('health', { 'health-retries': '1', 'health-interval': '1s' });
    expectOutcome(health, 'failed', 3);
    expect(await statuses(namespace)).toEqual(['pending', 'deployed']);
    expectOutcome(await job.step('rollback'), 'rolled-back', 0);
    expect(await snapshot(namespace)).toEqual(was);
    for (const post of await job.end()) expect(post.output).not.toContain('olled back');
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
  });

  test('row 13: with rollback manual the end of the job settles it as failed and the step says how to go back', async () => {
    const { namespace, workspace } = await afterOne('manual', refused);
    const job = jobIn(workspace, '13');
    const rollout = await job.step('rollout', { rollback: 'manual' });
    expectOutcome(rollout, 'failed', 2);
    expect(rollout.summary).toContain('phase: rollback');
    await job.end();
    expect(await statuses(namespace)).toEqual(['failed', 'deployed']);
  });
});

describe('the end of a job whose record is still pending (rows 11 and 12)', () => {
  test('row 12: a finish that could not close the record says why, in the record and in post', async () => {
    const { namespace, workspace, was } = await afterOne('unclosed', service('web'));
    const job = jobIn(workspace, '8', automatic);
    expectOutcome(await job.step('rollout'), 'succeeded', 0);
    const proxy = await startFaultProxy({
      controlPlane: cluster.controlPlane,
      user: 'steps',
      groups: [],
    });
    // Its first write takes the record up; then as many refusals as a call is repeated.
    proxy.inject({
      type: 'status',
      status: 500,
      verb: 'put',
      path: '/secrets/orion-shop-2',
      skip: 1,
      times: 9,
    });
    const finish = await job.step('finish', { kubeconfig: proxy.kubeconfig });
    expectOutcome(finish, 'failed', 2);
    const reason = finish.outputs['reason'] ?? '';
    expect((await heads(namespace))[0]).toMatchObject({ status: 'pending', phase: 'finish', reason });
    const posts = (await job.end()).map(({ output }) => output).join('');
    await proxy.stop();
    expect(posts).toContain('500');
    expect(posts).not.toContain('without a step');
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
    expect(await snapshot(namespace)).toEqual(was);
  });

  test('row 12: a job that ends without finish is undone, and says what is missing', async () => {
    const { namespace, workspace, was } = await afterOne('unfinished', service('web'));
    const job = jobIn(workspace, '14', automatic);
    expectOutcome(await job.step('rollout'), 'succeeded', 0);
    expectOutcome(await job.step('health'), 'succeeded', 0);
    const [post] = await job.end();
    expect(post?.output).toContain('ended after its health phase without a step `phase: finish`');
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
    expect(await snapshot(namespace)).toEqual(was);
  });

  test('rows 11 and 12: cancelled while it watches, the end of the job undoes it', async () => {
    const { namespace, workspace, was } = await afterOne('cancelled', service('web'));
    const inputs = { ...quick, ...automatic, 'check-run-id': '15', phase: 'rollout', settle: '50s' };
    const running = await phases.start(workspace, inputs);
    while (!(await heads(namespace))[0]?.status.startsWith('pending'))
      await new Promise((resolve) => setTimeout(resolve, 10));
    // It is gone before the runner has to say it twice.
    expect(await cancelStep(running)).toEqual(['SIGINT']);
    const main = await running.result;
    expectOutcome(main, 'cancelled', 5);
    await phases.post(workspace, main, inputs);
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
    expect(await snapshot(namespace)).toEqual(was);
  });
});

describe('steps that have nothing to go on with', () => {
  test('a rollback step after failed pre-checks leaves the good release before alone', async () => {
    const { namespace, workspace } = await afterOne('checks');
    const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'absent', key: 'token' } } }];
    await writeShop({ namespace, workloads: [{ name: 'web', container: { env } }] }, workspace);
    const job = jobIn(workspace, '21');
    const rollout = await job.step('rollout');
    expectOutcome(rollout, 'failed', 1);
    expect(rollout.outputs['reason']).toBe('secret-missing');
    const since = Date.now();
    const rollback = await job.step('rollback');
    expectOutcome(rollback, 'unchanged', 0);
    expect(rollback.output).toContain('changed nothing');
    expect((await phases.requestsSince(since)).filter(changes)).toEqual([]);
    expect(await statuses(namespace)).toEqual(['deployed']);
  });

  test.each(['health', 'smoke', 'finish'])('%s without any release ends with exit code 1', async (phase) => {
    const namespace = await phases.newNamespace(`none-${phase}`);
    const workspace = await writeShop(release(namespace, 1));
    const step = await jobIn(workspace, '22').step(phase, { 'skip-tests': 'false' });
    expectOutcome(step, 'failed', 1);
    expect(step.outputs['reason']).toBe('step-missing');
  });

  test("row 22: another job's open release is not gone on with", async () => {
    const { namespace, workspace } = await afterOne('foreign');
    expectOutcome(await jobIn(workspace, '23').step('rollout'), 'succeeded', 0);
    for (const phase of ['health', 'finish']) {
      const step = await jobIn(workspace, '24').step(phase);
      expectOutcome(step, 'failed', 1);
      expect(step.outputs['reason']).toBe('lock-held');
    }
    expect(await statuses(namespace)).toEqual(['pending', 'deployed']);
  });

  test('row 25: health verifies what an undo brought back and nobody saw healthy', async () => {
    const { namespace, workspace } = await afterOne('unverified', refused);
    const job = jobIn(workspace, '25', automatic);
    expectOutcome(await job.step('rollout'), 'failed', 2);
    await job.end();
    const records = phases.records(namespace);
    const [newest] = (await records.list('shop')).releases;
    if (newest === undefined) throw new Error('There is no record.');
    await records.update(newest, { status: 'restore-unverified' });
    expectOutcome(await jobIn(workspace, '26').step('health'), 'rolled-back', 0);
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
  });
});
