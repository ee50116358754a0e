/** Runs that are cancelled, killed, or meet another run (release state rows 11, 13 to 15, 22), against real pods that take their time. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { keyOf } from '../../src/domain/kubernetes/objects.ts';
import type { StoredRelease } from '../../src/ports/release-store.ts';
import type { RunningStep } from '../../testbed/workflow-step.ts';
import {
  changes,
  type Deployer,
  deployerFor,
  dropNamespace,
  type Inputs,
  timeout,
  until,
} from '../support/actions/deployer.ts';
import {
  idle,
  probe,
  type Shop,
  type ShopWorkload,
  webServer,
  writeShop,
} from '../support/actions/shop-overlay.ts';
import { startGitHub } from '../support/servers/github-jobs.ts';

let deployer: Deployer;
const namespaces: string[] = [];

beforeAll(async () => {
  deployer = await deployerFor('interrupted', inject('stateDirectory'));
});

afterAll(async () => {
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
});

const web: ShopWorkload = { name: 'web', script: webServer, container: { readinessProbe: probe('/health') } };
/** Ready only after a time that no test waits for. */
const slow: ShopWorkload = {
  name: 'web',
  script: webServer,
  container: {
    readinessProbe: probe('/health', 8080, { initialDelaySeconds: 300 }),
    env: [{ name: 'VERSION', value: '2' }],
  },
};

function shop(namespace: string, ...workloads: readonly ShopWorkload[]): Shop {
  namespaces.push(namespace);
  return { namespace, workloads };
}

async function releasesOf(namespace: string): Promise<readonly StoredRelease[]> {
  return (await deployer.records(namespace).list('shop')).releases;
}

/** Starts a deployment and waits until its record is pending. */
async function startUntilPending(
  workspace: string,
  namespace: string,
  inputs: Inputs = {},
): Promise<RunningStep & { readonly release: StoredRelease }> {
  const step = await deployer.start(workspace, inputs);
  const release = await until(`a pending record in ${namespace}`, async () =>
    (await releasesOf(namespace).catch(() => [])).find(({ head }) => head.status === 'pending'),
  );
  return { ...step, release };
}

/** Deploys once, then kills an update of it while its record is pending. */
async function killedUpdate(namespace: string, delay: number, inputs: Inputs = {}) {
  const workspace = await writeShop(shop(namespace, web));
  const first = await deployer.deploy(workspace);
  expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
  await writeShop({ namespace, workloads: [slow] }, workspace);
  const killed = await startUntilPending(workspace, namespace, inputs);
  await pause(delay);
  killed.process.kill('SIGKILL');
  expect((await killed.result).exitCode).toBeNull();
  const records = deployer.records(namespace);
  const dead = (await releasesOf(namespace))[0];
  if (dead === undefined) throw new Error('The killed release left no record.');
  expect(dead.head.status).toBe('pending');
  return { workspace, dead, before: (await records.readBody(dead)).before };
}

/** A job of another run has another check run. */
function otherJob(inputs: Inputs): Inputs {
  return { ...inputs, 'check-run-id': '99' };
}

/** What every takeover must lead to. */
async function expectTakenOver(
  namespace: string,
  { dead, before }: Pick<Awaited<ReturnType<typeof killedUpdate>>, 'dead' | 'before'>,
): Promise<void> {
  const releases = await releasesOf(namespace);
  expect(releases.map(({ head }) => head.status)).toEqual(['deployed', 'abandoned', 'deployed']);
  const [newest, old] = releases;
  expect(newest?.head.takesOver).toBe(dead.name);
  expect(old?.head.takenOverBy).toBe(newest?.name);
  if (newest === undefined) throw new Error('No release.');
  const after = await deployer.records(namespace).readBody(newest);
  const taken = new Map(after.before.map((entry) => [keyOf(entry.reference), entry]));
  for (const entry of before) expect(taken.get(keyOf(entry.reference))).toEqual(entry);
  expect(before.length).toBeGreaterThan(0);
}

describe.concurrent('a run that was killed or is silent, and the next run', () => {
  test('killed: the next run watches a minute of silence, says so, takes over and succeeds', async () => {
    const namespace = 'killed-silent';
    const killed = await killedUpdate(namespace, Math.random() * 1500);
    await writeShop({ namespace, workloads: [web] }, killed.workspace);
    const next = await deployer.deploy(killed.workspace);
    expect(next.outputs, next.output).toMatchObject({ outcome: 'succeeded' });
    expect(next.output).toContain('watching its Lease for a minute without renewal');
    for (const text of [next.output, next.summary]) {
      expect(text).toContain(`${killed.dead.name} was interrupted`);
    }
    expect(next.milliseconds).toBeGreaterThan(55_000);
    await expectTakenOver(namespace, killed);
  });

  test('killed: GitHub says that its job is over, so the next run takes over at once', async () => {
    const namespace = 'killed-completed';
    const inputs = { 'check-run-id': '4711', 'github-token': 'token-of-the-test' };
    const killed = await killedUpdate(namespace, Math.random() * 1500, inputs);
    await writeShop({ namespace, workloads: [web] }, killed.workspace);
    const gitHub = await startGitHub('completed');
    const next = await deployer.deploy(killed.workspace, otherJob(inputs), { GITHUB_API_URL: gitHub.url });
    await gitHub.stop();
    expect(next.outputs, next.output).toMatchObject({ outcome: 'succeeded' });
    expect(gitHub.asked).toEqual(['/repos/orion/example/actions/jobs/4711']);
    expect(next.milliseconds).toBeLessThan(30_000);
    expect(next.output).not.toContain('token-of-the-test');
    await expectTakenOver(namespace, killed);
  });

  test('silent, but GitHub says that its job goes on: the next run is refused with its URL', async () => {
    const namespace = 'killed-running';
    const inputs = { 'check-run-id': '4712', 'github-token': 'token-of-the-test' };
    const killed = await killedUpdate(namespace, Math.random() * 1500, inputs);
    const gitHub = await startGitHub('in_progress');
    const other = await deployer.deploy(killed.workspace, otherJob(inputs), {
      GITHUB_API_URL: gitHub.url,
      GITHUB_RUN_ID: '2',
    });
    await gitHub.stop();
    expect(other.outputs, other.output).toMatchObject({
      outcome: 'failed',
      'exit-code': '1',
      reason: 'lock-held',
    });
    expect(other.exitCode).toBe(1);
    for (const text of [other.output, other.summary]) {
      expect(text).toContain('https://github.com/orion/example/actions/runs/1');
    }
    expect((await releasesOf(namespace)).map(({ head }) => head.status)).toEqual(['pending', 'deployed']);
  });
});

describe.concurrent('a run that was stopped or killed, and its post', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stopped by %s in its rollout: ends within 5 s, and post settles the record',
    async (signal) => {
      const namespace = `cancelled-${signal.toLowerCase()}`;
      const workspace = await writeShop(shop(namespace, slow));
      const step = await startUntilPending(workspace, namespace);
      await until('the rollout', async () => (await rolloutStarted(namespace)) || undefined);
      const stoppedAt = performance.now();
      step.process.kill(signal);
      const second = setTimeout(() => step.process.kill('SIGTERM'), 1000);
      const main = await step.result;
      clearTimeout(second);
      expect(performance.now() - stoppedAt).toBeLessThan(5000);
      expect(main.outputs, main.output).toMatchObject({
        outcome: 'cancelled',
        'exit-code': '5',
        reason: 'cancelled',
      });
      expect(main.exitCode).toBe(5);
      const pending = (await releasesOf(namespace))[0];
      expect(pending?.head).toMatchObject({ status: 'pending', phase: 'rollout' });

      const post = await deployer.post(workspace, main);
      expect(post.exitCode).toBe(0);
      expect(post.summary).toContain('ancelled');
      const settled = (await releasesOf(namespace))[0];
      expect(settled?.head).toMatchObject({ status: 'failed', reason: 'cancelled', phase: 'rollout' });

      await writeShop({ namespace, workloads: [{ name: 'web', script: idle }] }, workspace);
      const next = await deployer.deploy(workspace);
      expect(next.outputs, next.output).toMatchObject({ outcome: 'succeeded' });
      expect((await releasesOf(namespace))[0]?.head.takesOver).toBe(settled?.name);
    },
  );

  test('killed: post of the same job settles it, and what it says is what the record says', async () => {
    const namespace = 'killed-post';
    const workspace = await writeShop(shop(namespace, slow));
    const step = await startUntilPending(workspace, namespace);
    await pause(500);
    step.process.kill('SIGKILL');
    const main = await step.result;
    const post = await deployer.post(workspace, main);
    expect(post.exitCode).toBe(0);
    expect(post.summary).toContain((await releasesOf(namespace))[0]?.name);
    expect((await releasesOf(namespace))[0]?.head).toMatchObject({ status: 'failed', reason: 'cancelled' });
  });
});

describe.concurrent('a run that a second run meets', () => {
  test('met by a second run: that one is refused and changes nothing, the first finishes', async () => {
    const namespace = 'two-at-once';
    const inputs = { 'github-token': 'token-of-the-test', 'check-run-id': '4713' };
    const workspace = await writeShop(shop(namespace, web));
    const first = await startUntilPending(workspace, namespace, { ...inputs, settle: '8s' });
    const gitHub = await startGitHub('in_progress');
    const other = await writeShop({ namespace, workloads: [{ ...web, replicas: 2 }] });
    const second = await deployer.deploy(other, otherJob(inputs), {
      GITHUB_API_URL: gitHub.url,
      GITHUB_RUN_ID: '2',
    });
    await gitHub.stop();
    expect(second.outputs, second.output).toMatchObject({ 'exit-code': '1', reason: 'lock-held' });
    expect((await first.result).outputs).toMatchObject({ outcome: 'succeeded' });
    expect((await releasesOf(namespace)).map(({ head }) => head.status)).toEqual(['deployed']);
    const live = await deployer.api.get({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace,
      name: 'web',
    });
    expect(live?.['spec']).toMatchObject({ replicas: 1 });
  });

  test('met by a second run, GitHub silent: the second sees the Lease renewed and is refused', async () => {
    const namespace = 'two-without-github';
    const workspace = await writeShop(shop(namespace, slow));
    // Runners before GitHub's `job.check_run_id` leave it empty: that must not make two jobs one.
    const first = await startUntilPending(workspace, namespace, { 'check-run-id': '' });
    const other = await writeShop({ namespace, workloads: [web] });
    const since = Date.now();
    const user = await deployerFor('second', inject('stateDirectory'));
    const second = await user.deploy(other, { 'check-run-id': '' });
    const wrote = (await user.requestsSince(since)).filter(changes);
    await user.close();
    first.process.kill('SIGKILL');
    await first.result;
    expect(second.outputs, second.output).toMatchObject({ 'exit-code': '1', reason: 'lock-held' });
    expect(wrote).toEqual([]);
    expect(second.milliseconds / timeout).toBeLessThan(1.2);
  });
});

async function rolloutStarted(namespace: string): Promise<boolean> {
  const { objects } = await deployer.api.list('v1', 'Pod', { namespace });
  return objects.some((pod) => JSON.stringify(pod['status']).includes('"phase":"Running"'));
}
