import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKubernetesApi, type KubernetesApi } from '../../src/cluster/api/api.ts';
import { watchHolderSilence } from '../../src/cluster/release-store/holder-liveness.ts';
import {
  acquireLease,
  type HeldLease,
  type LeaseOptions,
  readLease,
} from '../../src/cluster/release-store/lease.ts';
import { createReleaseStore, type StoreResult } from '../../src/cluster/release-store/records.ts';
import { systemClock } from '../../src/cluster/transport/clock.ts';
import type { ReleaseBody, ReleaseHead } from '../../src/domain/release/record.ts';
import type { StoredRelease } from '../../src/ports/release-store.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';
import { manualClock } from './manual-clock.ts';

let here: ApiCluster;

beforeAll(async () => {
  here = await startApiCluster();
}, startTimeout);

afterAll(() => here?.stop(), 60_000);

const leases: HeldLease[] = [];
const leaseName = 'orion-shop';

async function acquire(namespace: string, holder: string, options: Partial<LeaseOptions> = {}) {
  const result = await acquireLease({
    api: here.api,
    namespace,
    name: leaseName,
    holder,
    clock: systemClock,
    ...options,
  });
  if (result.type === 'acquired') leases.push(result.lease);
  return result;
}

async function held(
  namespace: string,
  holder: string,
  options: Partial<LeaseOptions> = {},
): Promise<HeldLease> {
  const result = await acquire(namespace, holder, options);
  if (result.type === 'held') throw new Error(`held by ${result.by.holder}`);
  return result.lease;
}

afterAll(() => Promise.all(leases.map((lease) => lease.release())));

describe('lease: one holder at a time', () => {
  test('of holders that race, one gets it, the others learn who; then it is free again', async () => {
    const namespace = await here.newNamespace();
    const annotations = { 'orion.dev/run-url': 'https://example.org/run/1' };
    const names = Array.from({ length: 8 }, (_, index) => `job-${index}`);
    const results = await Promise.all(names.map((holder) => acquire(namespace, holder, { annotations })));
    const winners = names.filter((_, index) => results[index]?.type === 'acquired');
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (result.type === 'held') expect(result.by).toMatchObject({ holder: winners[0], annotations });
    }
    for (const result of results)
      if (result.type === 'acquired') expect(await result.lease.release()).toBe(true);
    expect(await readLease(here.api, namespace, leaseName)).toMatchObject({ holder: '' });
    const races = await Promise.all(names.map((holder) => acquire(namespace, `${holder}-again`)));
    expect(races.filter(({ type }) => type === 'acquired')).toHaveLength(1);
    expect(await readLease(here.api, namespace, leaseName)).toMatchObject({ transitions: 1 });
  });

  test('is renewed, and a stranger sees that its holder lives', async () => {
    const namespace = await here.newNamespace();
    const clock = manualClock();
    const lease = await held(namespace, 'job-1', { clock });
    const before = await readLease(here.api, namespace, leaseName);
    const silence = watchHolderSilence({ api: here.api, namespace, name: leaseName, clock });
    await clock.advance(61_000);
    expect(await silence).toMatchObject({ state: 'alive', lease: { holder: 'job-1' } });
    expect((await readLease(here.api, namespace, leaseName))?.renewTime).not.toBe(before?.renewTime);
    expect(lease.held()).toBe(true);
  });
});

describe('lease: a holder that is silent or without an answer', () => {
  test('a holder that is silent for 60 s is dead; only then, and only unchanged, it is taken over', async () => {
    const namespace = await here.newNamespace();
    // The dead job's own clock was a year ahead: that must not matter.
    const ahead = manualClock(Date.UTC(2036, 0, 1));
    let lost = '';
    const first = await held(namespace, 'dead-job', {
      clock: ahead,
      onLost: (how) => {
        lost = how;
      },
    });
    expect(await acquire(namespace, 'job-2')).toMatchObject({ type: 'held', by: { holder: 'dead-job' } });
    const clock = manualClock();
    let decided = false;
    const silence = watchHolderSilence({ api: here.api, namespace, name: leaseName, clock }).finally(() => {
      decided = true;
    });
    await clock.advance(59_000);
    expect(decided).toBe(false);
    await clock.advance(1_000);
    const state = await silence;
    expect(state.state).toBe('dead');
    const dead = { ...(state.lease === undefined ? {} : { dead: state.lease }) };
    const rivals = await Promise.all(
      ['job-2', 'job-3'].map((holder) => acquire(namespace, holder, { ...dead, clock })),
    );
    expect(rivals.map(({ type }) => type).sort()).toEqual(['acquired', 'held']);
    expect(await acquire(namespace, 'job-4', dead)).toMatchObject({ type: 'held' });
    expect(first.held()).toBe(true);
    await ahead.advance(16_000);
    expect(lost).toBe('taken');
    expect([first.held(), await first.confirm(), await first.release()]).toEqual([false, false, false]);
  });

  test('without an answer for 40 s it counts as lost, and as ours again once renewed', async () => {
    const namespace = await here.newNamespace();
    const clock = manualClock();
    let reachable = true;
    const replace: KubernetesApi['replace'] = (...parameters) =>
      reachable ? here.api.replace(...parameters) : Promise.reject(new Error('the network is down'));
    const losses: string[] = [];
    const lease = await held(namespace, 'job-1', {
      clock,
      api: { ...here.api, replace },
      onLost: (how) => losses.push(how),
    });
    reachable = false;
    await clock.advance(39_000);
    expect([lease.held(), losses]).toEqual([true, []]);
    await clock.advance(1_000);
    expect([lease.held(), losses]).toEqual([false, ['silent']]);
    const confirmed = lease.confirm();
    await clock.advance(59_000);
    reachable = true;
    await clock.advance(2000);
    expect(await confirmed).toBe(true);
    expect(lease.held()).toBe(true);
    reachable = false;
    await clock.advance(40_000);
    const inVain = lease.confirm();
    await clock.advance(62_000);
    expect([await inVain, lease.held()]).toEqual([false, false]);
    reachable = true;
    expect(await lease.confirm()).toBe(true);
    await clock.advance(60_000);
    expect([lease.held(), losses]).toEqual([true, ['silent', 'silent']]);
  });
});

describe('lease: deleted, free or absent', () => {
  test('a lease that was deleted is lost', async () => {
    const namespace = await here.newNamespace();
    const clock = manualClock();
    const losses: string[] = [];
    const lease = await held(namespace, 'job-1', { clock, onLost: (how) => losses.push(how) });
    await here.api.delete({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace,
      name: leaseName,
    });
    await clock.advance(15_000);
    expect([lease.held(), losses]).toEqual([false, ['taken']]);
  });

  test('a free or absent lease needs no waiting', async () => {
    const namespace = await here.newNamespace();
    const clock = manualClock();
    expect(await watchHolderSilence({ api: here.api, namespace, name: leaseName, clock })).toEqual({
      state: 'dead',
      lease: undefined,
    });
    await (await held(namespace, 'job-1', { clock })).release();
    expect(await watchHolderSilence({ api: here.api, namespace, name: leaseName, clock })).toMatchObject({
      state: 'dead',
    });
  });
});

const emptyBody: ReleaseBody = { rendered: [], before: [], inventory: [] };

function head(number: number, change: Partial<ReleaseHead> = {}): Omit<ReleaseHead, 'body'> {
  return {
    version: 1,
    app: 'shop',
    number,
    status: 'pending',
    overlay: 'k8s/overlays/staging',
    run: { holder: 'job-1' },
    phase: 'apply',
    jobInSteps: false,
    startedAt: '2026-01-01T00:00:00Z',
    planDigest: 'sha256:0',
    ...change,
  };
}

/** A body that gzip cannot make small: three chunks. */
function largeBody(): ReleaseBody {
  const data = { noise: randomBytes(900_000).toString('hex') };
  return {
    ...emptyBody,
    rendered: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data }],
  };
}

function stored(result: StoreResult): StoredRelease {
  if (result.type === 'conflict') throw new Error('conflict');
  return result.release;
}

const secretNames = async (namespace: string) => {
  const { objects } = await here.api.list('v1', 'Secret', {
    namespace,
    labelSelector: 'orion.dev/app=shop',
  });
  return objects.map(({ metadata }) => metadata.name).sort();
};

describe('release records: stored, listed and updated', () => {
  test('come back newest first, with their bodies, and no others', async () => {
    const namespace = await here.newNamespace();
    const store = createReleaseStore(here.api, namespace);
    expect(await store.list('shop')).toEqual({ releases: [], unreadable: [], nextNumber: 1 });
    const large = largeBody();
    for (const number of [1, 2, 10]) await store.create(head(number), number === 2 ? large : emptyBody);
    await store.create(head(99, { app: 'other' }), emptyBody);
    const { releases, nextNumber } = await store.list('shop');
    expect(releases.map(({ name }) => name)).toEqual(['orion-shop-10', 'orion-shop-2', 'orion-shop-1']);
    expect(nextNumber).toBe(11);
    const two = releases[1];
    expect(two?.head).toMatchObject({
      ...head(2),
      body: { chunks: 2, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(two && (await store.readBody(two))).toEqual(large);
    expect(
      await here.api.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: 'orion-shop-2' }),
    ).toMatchObject({
      type: 'orion.dev/release',
      metadata: {
        labels: {
          'app.kubernetes.io/managed-by': 'orion',
          'orion.dev/app': 'shop',
          'orion.dev/number': '2',
          'orion.dev/status': 'pending',
        },
      },
    });
  });

  test('an update conflicts with any write since it was read, and moves the status label', async () => {
    const namespace = await here.newNamespace();
    const store = createReleaseStore(here.api, namespace);
    const first = stored(await store.create(head(1), emptyBody));
    const second = stored(await store.update(first, { phase: 'rollout' }));
    expect(await store.update(first, { status: 'failed' })).toEqual({ type: 'conflict' });
    const third = stored(
      await store.update(second, { status: 'deployed', finishedAt: '2026-01-01T00:01:00Z' }),
    );
    expect((await store.list('shop')).releases).toEqual([third]);
    expect(third.head).toMatchObject({ status: 'deployed', phase: 'rollout' });
    const { objects } = await here.api.list('v1', 'Secret', {
      namespace,
      labelSelector: 'orion.dev/status=deployed',
    });
    expect(objects).toHaveLength(1);
  });

  test('of two that write the same number, one wins and its body stays whole', async () => {
    const namespace = await here.newNamespace();
    const store = createReleaseStore(here.api, namespace);
    const bodies = [largeBody(), largeBody()];
    const results = await Promise.all(
      bodies.map((one) => store.create(head(1), one).catch(() => ({ type: 'conflict' as const }))),
    );
    const winner = results.findIndex(({ type }) => type === 'stored');
    expect(winner).toBeGreaterThanOrEqual(0);
    const release = (await store.list('shop')).releases[0];
    expect(release && (await store.readBody(release))).toEqual(bodies[winner]);
    expect(await store.create(head(1), emptyBody)).toEqual({ type: 'conflict' });
    expect(release && (await store.readBody(release))).toEqual(bodies[winner]);
  });
});

describe('release records: bodies in chunks, and damage', () => {
  test('a body is replaced as a whole, and its old chunks go', async () => {
    const namespace = await here.newNamespace();
    const store = createReleaseStore(here.api, namespace);
    const first = stored(await store.create(head(1), largeBody()));
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a' };
    const known = { ...emptyBody, inventory: [{ reference, uid: 'u-1' }] };
    const second = stored(await store.replaceBody(first, known, { phase: 'rollout' }));
    expect(await store.readBody(second)).toEqual(known);
    expect(second.head.phase).toBe('rollout');
    expect(await secretNames(namespace)).toEqual(['orion-shop-1', 'orion-shop-1.body-2']);
    const third = stored(await store.replaceBody(second, known, { phase: 'health' }));
    expect(await store.readBody(third)).toEqual(known);
    expect(await store.replaceBody(first, emptyBody)).toEqual({ type: 'conflict' });
    expect(await secretNames(namespace)).toEqual(['orion-shop-1', 'orion-shop-1.body-2']);
    await store.remove(third);
    expect(await secretNames(namespace)).toEqual([]);
  });

  test('a process that died before it wrote the head is no obstacle', async () => {
    const namespace = await here.newNamespace();
    const store = createReleaseStore(here.api, namespace);
    const first = stored(await store.create(head(1), largeBody()));
    await here.api.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name: first.name });
    expect((await store.list('shop')).nextNumber).toBe(1);
    const again = stored(await store.create(head(1), emptyBody));
    expect(await store.readBody(again)).toEqual(emptyBody);
    expect(await secretNames(namespace)).toEqual(['orion-shop-1', 'orion-shop-1.body-2']);
  });

  test('damage is said: a missing chunk, a changed one, a head that is none', async () => {
    const namespace = await here.newNamespace();
    const store = createReleaseStore(here.api, namespace);
    const one = stored(await store.create(head(1), largeBody()));
    const two = stored(await store.create(head(2), emptyBody));
    await here.api.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name: 'orion-shop-1.body-1' });
    await expect(store.readBody(one)).rejects.toMatchObject({ reason: 'record-unreadable' });
    const chunk = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'orion-shop-2.body-0' };
    await here.api.jsonPatch(chunk, [{ op: 'replace', path: '/data/chunk', value: btoa('other') }]);
    await expect(store.readBody(two)).rejects.toMatchObject({ reason: 'record-unreadable' });
    const broken = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'orion-shop-2' };
    await here.api.jsonPatch(broken, [{ op: 'replace', path: '/data/release', value: btoa('{}') }]);
    expect(await store.list('shop')).toMatchObject({
      releases: [{ name: 'orion-shop-1' }],
      unreadable: [{ name: 'orion-shop-2', why: 'damaged' }],
      nextNumber: 3,
    });
  });

  test('a record written over one connection is read over another', async () => {
    const namespace = await here.newNamespace();
    const written = stored(await createReleaseStore(here.api, namespace).create(head(1), emptyBody));
    const other = createReleaseStore(createKubernetesApi(await here.connectAgain()), namespace);
    expect((await other.list('shop')).releases).toEqual([written]);
  });
});
