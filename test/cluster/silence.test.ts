/** A run whose Lease was not renewed for 40 s (release state row 23), by the bundle: the network to the API server is away for 50 s. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { startFaultProxy } from '../../testbed/faults/fault-proxy.ts';
import { changes, deployerFor, type Inputs, until } from '../support/actions/deployer.ts';
import { type Shop, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { startGitHub } from '../support/servers/github-jobs.ts';

let cluster: Cluster;
let stateDirectory: string;

beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'orion-silence-'));
  cluster = await startCluster({ stateDirectory, node: 'hollow', hollowNodes: 1 });
}, startTimeout);

afterAll(async () => {
  await cluster?.stop();
  await rm(stateDirectory, { recursive: true, force: true });
}, 60_000);

/** Hollow pods answer no requests. Ready only after the network is back: what follows has to be decided with the lock. */
const inputs: Inputs = { 'skip-tests': 'true', settle: '4s', timeout: '150s' };
const partition = 50_000;
const shop = (namespace: string, minReadySeconds: number): Shop => ({
  namespace,
  workloads: [{ name: 'web', spec: { minReadySeconds } }],
});

/** Deploys through a network of its own, which is cut off at that moment. */
async function cutOff(namespace: string, moment: 'in the rollout' | 'while it applies') {
  const deployer = await deployerFor(namespace, cluster, 'deploy-staging', {});
  await deployer.newNamespace(namespace);
  const proxy = await startFaultProxy({ controlPlane: cluster.controlPlane, user: namespace, groups: [] });
  const isApply = { verb: 'patch', path: '^(?!.*dryRun).*/deployments/' };
  if (moment === 'while it applies') proxy.inject({ type: 'stall', at: 'request', ...isApply, times: 1 });
  const running = await deployer.start(await writeShop(shop(namespace, 55)), {
    ...inputs,
    kubeconfig: proxy.kubeconfig,
    'check-run-id': '1',
  });
  const result = running.result.finally(() => proxy.stop());
  // The last write before the rollout is waited for: chunks of a body that the record no longer names.
  const inventoryKept = { verb: 'delete', path: '/secrets/' };
  const awaited = moment === 'in the rollout' ? inventoryKept : isApply;
  const seen = async () =>
    proxy.requests().find(({ verb, path }) => verb === awaited.verb && new RegExp(awaited.path).test(path));
  await Promise.race([until(moment, seen, 90_000), result]);
  // An answer is let through.
  await delay(500);
  const cutAt = Date.now();
  proxy.inject({ type: 'partition', seconds: partition / 1000 });
  const heads = async () => (await deployer.records(namespace).list('shop')).releases.map(({ head }) => head);
  const written = async () =>
    (await deployer.requestsSince(cutAt)).filter(
      (entry) => changes(entry) && entry.stage === 'ResponseComplete',
    );
  return { deployer, result, cutAt, heads, written };
}

type CutOff = Awaited<ReturnType<typeof cutOff>>;

/** To GitHub the job is dead, and another run goes on from it while the network is away. */
async function takeOver(namespace: string, { cutAt, heads }: CutOff): Promise<void> {
  const other = await deployerFor(`${namespace}-other`, cluster, 'deploy-staging', {});
  await other.actIn(namespace);
  const gitHub = await startGitHub('completed');
  const second = await other.deploy(
    await writeShop(shop(namespace, 1)),
    { ...inputs, 'github-token': 'token-of-the-test', 'check-run-id': '2' },
    { GITHUB_API_URL: gitHub.url, GITHUB_RUN_ID: '2' },
  );
  await gitHub.stop();
  await other.close();
  expect(second.outputs, second.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
  expect(Date.now() - cutAt, 'it had finished before the network was back').toBeLessThan(partition);
  expect((await heads())[0]).toMatchObject({ status: 'deployed', takesOver: 'orion-shop-1' });
}

describe.concurrent('row 23: the Lease was not renewed for 40 s', () => {
  test.each(['in the rollout', 'while it applies'] as const)(
    '%s: still ours, and so is the record: it is renewed before anything is changed, and the run goes on',
    async (moment) => {
      const namespace = `ours-${moment.replaceAll(' ', '-')}`;
      const { deployer, result, cutAt, heads, written } = await cutOff(namespace, moment);
      const step = await result;
      expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
      const [first] = await written();
      expect(first).toMatchObject({ verb: 'update', objectRef: { resource: 'leases' } });
      expect(Date.parse(first?.requestReceivedTimestamp ?? '') - cutAt).toBeGreaterThan(40_000);
      expect((await heads()).map(({ status }) => status)).toEqual(['deployed']);
      await deployer.close();
    },
  );

  test.each(['in the rollout', 'while it applies'] as const)(
    '%s: another run took over meanwhile: lock-lost, and what that one wrote stays',
    async (moment) => {
      const namespace = `taken-${moment.replaceAll(' ', '-')}`;
      const cut = await cutOff(namespace, moment);
      const { deployer, result, heads, written } = cut;
      await takeOver(namespace, cut);
      const step = await result;
      expect(step.outputs, step.output).toMatchObject({
        outcome: 'failed',
        'exit-code': '2',
        reason: 'lock-lost',
      });
      // Attempts to renew a Lease that has changed: refused, or given up while they were on their way.
      const done = (await written()).filter(({ responseStatus }) => (responseStatus?.code ?? 500) < 400);
      expect(done).toEqual([]);
      expect((await heads())[1]).toMatchObject({ status: 'abandoned', takenOverBy: 'orion-shop-2' });
      const web = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' };
      expect((await deployer.api.get(web))?.['spec']).toMatchObject({ minReadySeconds: 1 });
      await deployer.close();
    },
  );
});
