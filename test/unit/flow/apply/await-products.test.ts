/** How long the workloads are held back for what others make. */
import { expect, test } from 'vitest';
import type { KubernetesObject, ObjectReference } from '../../../../src/domain/kubernetes/objects.ts';
import type { Expectation } from '../../../../src/domain/producers/expectations.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { defaultBudgets, startRollout, withTarget } from '../../../../src/domain/rollout/state.ts';
import { awaitProducts } from '../../../../src/flow/apply/await-products.ts';
import type { RolloutWatch } from '../../../../src/flow/rollout/watch.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const producer: ObjectReference = {
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  namespace: 'shop',
  name: 'shop-db',
};
const expectation: Expectation = {
  kind: 'Secret',
  name: 'tokens',
  namespace: 'shop',
  keys: ['A'],
  by: 'ExternalSecret shop-db',
  producer,
  certainty: 'sure',
  early: true,
};
const made = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tokens' }, data: { A: 'eA==' } };

/** What is live at a second after the producers were applied. */
interface World {
  readonly secret?: (second: number) => KubernetesObject | undefined;
  readonly status?: (second: number) => object | undefined;
  readonly refuses?: boolean;
  readonly timeout?: number;
}

async function waited(world: World, expectations: readonly Expectation[] = [expectation]) {
  const { run, lines } = flowRun({ holder: 'test' });
  const startedAt = run.clock.now();
  const second = () => (run.clock.now() - startedAt) / 1000;
  const refusal = { status: 403, reason: 'Forbidden', message: 'secrets is forbidden' };
  const cluster: Partial<ClusterPort> = {
    get: async () => {
      if (world.refuses === true) throw refusal;
      return world.secret?.(second());
    },
    refusalOf: (error) => (error === refusal ? refusal : undefined),
  };
  const live = (): KubernetesObject => {
    const status = world.status?.(second());
    const { name, namespace = '' } = producer;
    return {
      apiVersion: producer.apiVersion,
      kind: producer.kind,
      metadata: { name, namespace, uid: 'es', generation: 1 },
      ...(status === undefined ? {} : { status }),
    };
  };
  const begun = withTarget(startRollout([], startedAt, 2), {
    reference: producer,
    changed: true,
    desired: live(),
  });
  const watch = {
    limits: {
      timeout: world.timeout ?? 300_000,
      settle: 0,
      maxRestarts: 3,
      startedAt,
      budgets: defaultBudgets,
      expectations,
    },
    state: () => observe(begun, { type: 'applied', object: live(), at: startedAt }),
  } as Partial<RolloutWatch> as RolloutWatch;
  const failures = await awaitProducts(run, cluster as ClusterPort, watch, expectations);
  return { failures, seconds: second(), said: lines.join('\n') };
}

const condition = (status: string, reason: string, message = '') => ({
  conditions: [{ type: 'Ready', status, reason, message }],
});
const from = (at: number) => (second: number) => (second >= at ? made : undefined);

test('nothing to wait for: no time passes and nothing is said', async () => {
  expect(await waited({}, [])).toEqual({ failures: [], seconds: 0, said: '' });
  expect(await waited({ secret: from(0) })).toEqual({ failures: [], seconds: 0, said: '' });
  expect(await waited({}, [{ ...expectation, early: false }])).toMatchObject({ seconds: 0 });
});

test('goes on when it is there, and says both', async () => {
  const { failures, seconds, said } = await waited({ secret: from(3) });
  expect([failures, seconds]).toEqual([[], 3]);
  expect(said).toMatch(/waiting for Secret tokens, to be created by ExternalSecret shop-db/);
  expect(said).toMatch(/Secret tokens exists/);
});

test('an object without the key is not it', async () => {
  const half = { ...made, data: { B: '' } };
  expect(await waited({ secret: (second) => (second < 4 ? half : made) })).toMatchObject({ seconds: 4 });
});

test('goes on when its producer says that it is done', async () => {
  const status = (second: number) =>
    second < 5 ? condition('Unknown', 'Pending') : condition('True', 'SecretSynced');
  expect(await waited({ status })).toMatchObject({ failures: [], seconds: 5 });
});

test('a producer that never says anything holds nobody up for long, whoever may not read its Secret either', async () => {
  for (const world of [{}, { refuses: true }]) {
    const { failures, seconds, said } = await waited(world);
    expect([failures, seconds]).toEqual([[], 10]);
    expect(said).toMatch(/does not exist yet: the workloads are applied/);
  }
  expect(await waited({ timeout: 20_000 })).toMatchObject({ seconds: 5 });
});

test('one that works has a quarter of the time: it may itself wait for what comes later', async () => {
  const status = () => condition('Unknown', 'Syncing', 'asks its provider');
  expect(await waited({ status })).toMatchObject({ failures: [], seconds: 60 });
  expect(await waited({ status, timeout: 120_000 })).toMatchObject({ failures: [], seconds: 30 });
});

test('one that fails ends the release before a workload is touched, after its allowance', async () => {
  const status = () => condition('False', 'SecretSyncedError', 'could not get secret data from provider');
  const { failures, seconds } = await waited({ status });
  expect(seconds).toBe(60);
  expect(failures.map(({ message }) => message)).toEqual([
    expect.stringContaining('ExternalSecret shop-db: could not get secret data from provider'),
  ]);
});

test('one that fails at first and then makes it is sound', async () => {
  const status = (second: number) =>
    second < 40 ? condition('False', 'SecretSyncedError', 'no answer') : condition('True', 'SecretSynced');
  expect(await waited({ status })).toMatchObject({ failures: [], seconds: 40 });
});
