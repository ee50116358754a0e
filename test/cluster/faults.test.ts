/** Scenario 29: a rollout disturbed by its network or its API server ends as it would have without, and writes nothing twice. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import type { FaultInput } from '../../testbed/faults/fault.ts';
import { type FaultProxy, startFaultProxy } from '../../testbed/faults/fault-proxy.ts';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { changes, type Deployer, deployerFor, type Inputs, until } from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { type Shop, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';

let cluster: Cluster;
let stateDirectory: string;

beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'orion-faults-'));
  cluster = await startCluster({ stateDirectory, node: 'hollow', hollowNodes: 1 });
}, startTimeout);

afterAll(async () => {
  await cluster?.stop();
  await rm(stateDirectory, { recursive: true, force: true });
}, 60_000);

const workloads = [{ name: 'api' }, { name: 'web', replicas: 3, spec: { minReadySeconds: 2 } }];
const quota = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'few' },
  spec: { hard: { pods: '2' } },
};

const releases = {
  sound: { workloads },
  /** The third pod of `web` is refused, which shows on the ReplicaSet. */
  broken: { workloads, objects: [quota] },
} satisfies Record<string, Omit<Shop, 'namespace'>>;

type Truth = keyof typeof releases;

/** Hollow pods answer no requests. */
const inputs: Inputs = { 'skip-tests': 'true', settle: '4s', timeout: '150s' };

interface Disturbed {
  readonly step: StepResult;
  readonly proxy: FaultProxy;
  readonly deployer: Deployer;
  readonly namespace: string;
  readonly since: number;
}

let deployments = 0;

/** Deploys through a proxy of its own, as a user of its own, and disturbs it once the first workload was applied. */
async function deploy(
  truth: Truth,
  disturb?: (proxy: FaultProxy) => Promise<void> | void,
): Promise<Disturbed> {
  deployments += 1;
  const namespace = `${truth}-${deployments}`;
  const also = [rulesFor('', ['resourcequotas'])];
  const deployer = await deployerFor(namespace, cluster, 'deploy-staging', { also });
  const proxy = await startFaultProxy({ controlPlane: cluster.controlPlane, user: namespace, groups: [] });
  await deployer.newNamespace(namespace);
  const workspace = await writeShop({ namespace, ...releases[truth] });
  const since = Date.now();
  try {
    const running = await deployer.start(workspace, { ...inputs, kubeconfig: proxy.kubeconfig });
    if (disturb !== undefined) {
      const applied = async () => proxy.requests().find(isApply);
      await Promise.race([until('the first apply', applied, 90_000), running.result]);
      await disturb(proxy);
    }
    return { step: await running.result, proxy, deployer, namespace, since };
  } finally {
    await proxy.stop();
  }
}

const isApply = ({ verb, path }: { verb: string; path: string }) =>
  verb === 'patch' && path.includes('/deployments/') && !path.includes('dryRun=All');

/** No crash, the verdict of the undisturbed one, and each object changed by one apply at the most. */
async function expectAsWithout({ step, deployer, namespace, since }: Disturbed, truth: Truth): Promise<void> {
  const wanted =
    truth === 'sound'
      ? { outcome: 'succeeded', 'exit-code': '0' }
      : { outcome: 'failed', 'exit-code': '2', reason: 'quota-exceeded' };
  expect(step.outputs, step.output).toMatchObject(wanted);
  expect(step.output).not.toMatch(/\n\s+at \S+.*:\d+:\d+/);
  const written = (await deployer.requestsSince(since)).filter(
    (entry) => changes(entry) && entry.stage === 'ResponseComplete',
  );
  expect(written.length).toBeGreaterThan(0);
  for (const { name } of workloads) {
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
    const object = (await deployer.api.get(reference)) as KubernetesObject;
    // A second apply of the same changes nothing: the first generation is the only one.
    expect(object.metadata['generation'], name).toBe(1);
  }
  const { objects } = await deployer.api.list('v1', 'Secret', { namespace });
  const heads = objects.filter(({ type }) => type === 'orion.dev/release');
  const bodies = objects.filter(({ type }) => type === 'orion.dev/release-body');
  expect(heads.map(({ metadata }) => metadata.labels?.['orion.dev/status'])).toEqual([
    truth === 'sound' ? 'deployed' : 'failed',
  ]);
  expect(bodies).toHaveLength(1);
  await deployer.close();
}

/** Each is about a rollout that was just begun. */
const disturbances: Readonly<Record<string, (proxy: FaultProxy) => Promise<void> | void>> = {
  'connections reset again and again': async (proxy) => {
    for (let round = 0; round < 5; round += 1) {
      proxy.inject({ type: 'reset' });
      await delay(400);
    }
  },
  'answers of writes lost': inject(
    {
      type: 'reset',
      verb: 'patch|put|post',
      path: '^(?!.*dryRun)',
      at: 'answer',
      probability: 0.5,
      seed: 3,
      times: 4,
    },
    {
      type: 'status',
      status: 500,
      verb: 'patch|put|post',
      at: 'answer',
      probability: 0.5,
      seed: 4,
      times: 3,
    },
  ),
  'a storm of 429 with Retry-After': inject({
    type: 'status',
    status: 429,
    retryAfter: 1,
    probability: 0.7,
    seed: 1,
    seconds: 5,
  }),
  '500 and 503': inject(
    { type: 'status', status: 500, probability: 0.4, seed: 1, seconds: 4 },
    { type: 'status', status: 503, probability: 0.4, seed: 2, seconds: 4 },
  ),
  'slow bytes': inject({ type: 'slow', bytesPerSecond: 20_000, seconds: 10 }),
  'watches that are gone': inject({ type: 'gone', times: 6 }),
  'a stall without FIN': inject({ type: 'stall' }),
  'a partition of 30 s': inject({ type: 'partition', seconds: 30 }),
};

function inject(...faults: FaultInput[]) {
  return (proxy: FaultProxy): void => {
    for (const fault of faults) proxy.inject(fault);
  };
}

describe.concurrent('through a bad network', () => {
  for (const truth of ['sound', 'broken'] as const) {
    test(`${truth}: undisturbed`, async () => {
      await expectAsWithout(await deploy(truth), truth);
    });
    test.each(Object.entries(disturbances))(`${truth}: %s`, async (_what, disturb) => {
      const disturbed = await deploy(truth, disturb);
      await expectAsWithout(disturbed, truth);
    });
  }
});

describe('on a control plane that is restarted', () => {
  test.each(['sound', 'broken'] as const)('%s: the API server', async (truth) => {
    const disturbed = await deploy(truth, () => cluster.controlPlane.restartApiServer());
    await expectAsWithout(disturbed, truth);
  });

  test.each(['sound', 'broken'] as const)('%s: etcd', async (truth) => {
    const disturbed = await deploy(truth, () => cluster.restartEtcd());
    await expectAsWithout(disturbed, truth);
  });
});
