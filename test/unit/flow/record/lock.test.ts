import { describe, expect, test } from 'vitest';
import { Fault } from '../../../../src/domain/failure/fault.ts';
import type {
  ReleaseBody,
  ReleaseHead,
  ReleaseStatus,
  RunIdentity,
} from '../../../../src/domain/release/record.ts';
import { announceTakeover, ensureHeld, takeHold } from '../../../../src/flow/record/lock.ts';
import type {
  LeaseFacts,
  LeaseHold,
  LeasePort,
  RecordsPort,
  StoredRelease,
} from '../../../../src/ports/release-store.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const us = 'shop/2/1/deploy/us';
const them = 'shop/1/1/deploy/them';

interface World {
  readonly records?: readonly StoredRelease[];
  /** What the records are once the Lease is ours. */
  readonly later?: readonly StoredRelease[];
  readonly lease?: string;
  readonly github?: 'completed' | 'running' | 'unknown';
  /** What a minute of watching the Lease shows. */
  readonly watched?: 'alive' | 'dead';
  /** Who holds the Lease after that minute, if not the same. */
  readonly heldAfterwards?: string;
  readonly bodyError?: Error;
}

function stored(number: number, status: ReleaseStatus, more: Partial<ReleaseHead> = {}): StoredRelease {
  const run: RunIdentity = { holder: them, runUrl: 'https://github.test/shop/actions/runs/1' };
  const head: ReleaseHead = {
    version: 1,
    app: 'shop',
    number,
    status,
    overlay: 'k8s',
    run,
    phase: 'rollout',
    jobInSteps: false,
    startedAt: '2026-01-01T00:00:00Z',
    planDigest: '',
    body: { chunks: 1, sha256: '' },
    ...more,
  };
  return { name: `orion-shop-${number}`, head, resourceVersion: String(number) };
}

const body: ReleaseBody = {
  rendered: [],
  before: [{ reference: { apiVersion: 'v1', kind: 'ConfigMap', name: 'a' }, presence: 'absent' }],
  inventory: [],
};

/** A Lease that behaves as the cluster's: who may take it is decided by holder and resourceVersion. */
function memoryLease({ lease, watched = 'dead', heldAfterwards }: World) {
  let facts: LeaseFacts | undefined =
    lease === undefined ? undefined : { holder: lease, resourceVersion: '1' };
  const write = (holder: string): void => {
    facts = { holder, resourceVersion: String(Number(facts?.resourceVersion ?? 0) + 1) };
  };
  const hold: LeaseHold = {
    held: () => facts?.holder === us,
    confirm: async () => facts?.holder === us,
    release: async () => {
      write('');
      return true;
    },
  };
  const port: LeasePort = {
    read: async () => facts,
    acquire: async (dead) => {
      const free = facts === undefined || facts.holder === '' || facts.holder === us;
      if (facts !== undefined && !free && dead?.resourceVersion !== facts.resourceVersion)
        return { type: 'held', by: facts };
      write(us);
      return { type: 'acquired', lease: hold };
    },
    watchSilence: async () => {
      if (heldAfterwards !== undefined) write(heldAfterwards);
      const free = facts === undefined || facts.holder === '';
      return { state: free ? 'dead' : watched, lease: facts };
    },
  };
  return { port, hold, write, holder: () => facts?.holder };
}

function worldOf(world: World) {
  const lease = memoryLease(world);
  const { run, ledger } = flowRun({
    holder: us,
    jobs: { stateOf: async () => world.github ?? 'unknown' },
    lease: async () => lease.port,
    records: async (): Promise<RecordsPort> => ({
      list: async () => {
        const seen = lease.holder() === us ? (world.later ?? world.records) : world.records;
        const releases = seen ?? [];
        return { releases, unreadable: [], nextNumber: (releases[0]?.head.number ?? 0) + 1 };
      },
      neighbours: async () => [],
      readBody: async () => {
        if (world.bodyError !== undefined) throw world.bodyError;
        return body;
      },
      create: () => Promise.reject(new Error('nothing is created by the lock')),
      update: () => Promise.reject(new Error('nothing is updated by the lock')),
      trim: () => Promise.reject(new Error('nothing is retired here')),
      remove: () => Promise.reject(new Error('nothing is retired here')),
      replaceBody: () => Promise.reject(new Error('nothing is replaced by the lock')),
    }),
  });
  return { run, lease, ledger };
}

const pending = stored(5, 'pending');

describe('the lock is taken', () => {
  test.each<[string, World, string | undefined, number]>([
    ['row 4: no record, no Lease', {}, undefined, 1],
    ['row 4: the last release is verified', { records: [stored(4, 'deployed')], lease: '' }, undefined, 5],
    ['row 20: the last one failed', { records: [stored(4, 'failed')] }, 'orion-shop-4', 5],
    ['row 25: restored, not verified', { records: [stored(4, 'restore-unverified')] }, 'orion-shop-4', 5],
    [
      'row 15: pending, its job completed',
      { records: [pending], lease: them, github: 'completed' },
      'orion-shop-5',
      6,
    ],
    ['row 15: the same, its Lease is gone', { records: [pending], github: 'completed' }, 'orion-shop-5', 6],
    [
      'row 15: pending, GitHub silent, a minute of silence',
      { records: [pending], lease: them },
      'orion-shop-5',
      6,
    ],
    ['row 14: a Lease without a record, its holder silent', { lease: them }, undefined, 1],
    [
      'row 13: post settles it while we look',
      { records: [pending], lease: them, github: 'completed', later: [stored(5, 'failed')] },
      'orion-shop-5',
      6,
    ],
  ])('%s', async (_, world, predecessor, nextNumber) => {
    const { run, lease, ledger } = worldOf(world);
    const hold = await takeHold(run, 'shop');
    expect(hold.predecessor?.release.name).toBe(predecessor);
    expect(hold.nextNumber).toBe(nextNumber);
    expect(lease.holder()).toBe(us);
    if (hold.predecessor !== undefined) announceTakeover(run, hold.predecessor.release);
    expect(ledger.notices.map(({ reason }) => reason)).toEqual(
      predecessor === undefined ? [] : ['interrupted-run'],
    );
  });
});

describe('the lock is refused, and nothing is held afterwards', () => {
  const other = 'shop/3/1/deploy/other';
  test.each<[string, World, string]>([
    ['row 22: pending, its job runs', { records: [pending], github: 'running' }, 'actions/runs/1'],
    [
      'row 22: pending, GitHub silent, it renews',
      { records: [pending], lease: them, watched: 'alive' },
      'actions/runs/1',
    ],
    [
      'row 22: pending between the steps of one job, GitHub silent',
      { records: [stored(5, 'pending', { jobInSteps: true })] },
      'actions/runs/1',
    ],
    ['a Lease without a record, its holder renews', { lease: other, watched: 'alive' }, other],
    ['a Lease that changes hands while we watch', { lease: them, heldAfterwards: other }, them],
    [
      'another run is taking the dead one over already',
      { records: [pending], lease: other, github: 'completed', watched: 'alive' },
      other,
    ],
    [
      'another run came, and is pending, before the Lease was ours',
      { records: [stored(4, 'deployed')], later: [pending, stored(4, 'deployed')] },
      'actions/runs/1',
    ],
  ])('%s', async (_, world, said) => {
    const { run, lease } = worldOf(world);
    const refused = takeHold(run, 'shop');
    await expect(refused).rejects.toMatchObject({ reason: 'lock-held' });
    await expect(refused).rejects.toThrow(said);
    expect(lease.holder()).not.toBe(us);
  });
});

describe('a predecessor whose body cannot be read', () => {
  test('is said, and does not stop every later release', async () => {
    const bodyError = new Fault('record-unreadable', 'The body is damaged.', 'Deploy again.');
    const { run, ledger } = worldOf({ records: [stored(4, 'failed')], bodyError });
    const hold = await takeHold(run, 'shop');
    expect(hold.predecessor?.body.before).toEqual([]);
    expect(ledger.notices.map(({ reason }) => reason)).toEqual(['record-unreadable']);
  });

  test('for another cause: the lock is given back', async () => {
    const { run, lease } = worldOf({ records: [stored(4, 'failed')], bodyError: new Error('503') });
    await expect(takeHold(run, 'shop')).rejects.toThrow('503');
    expect(lease.holder()).toBe('');
  });
});

describe('row 23: after 40 seconds without renewal', () => {
  const ours = (status: ReleaseStatus) => stored(6, status, { run: { holder: us } });
  test.each<[string, string, readonly StoredRelease[], boolean]>([
    ['Lease and record are ours', us, [ours('pending')], true],
    ['somebody else has the Lease', them, [ours('pending')], false],
    ['a newer record is there', us, [stored(7, 'pending'), ours('pending')], false],
    ['post has settled our record', us, [ours('failed')], false],
  ])('%s', async (_, holder, records, goesOn) => {
    const { run, lease } = worldOf({ records, lease: holder });
    const silent = { ...lease.hold, held: () => false };
    const answer = ensureHeld(run, 'shop', silent, ours('pending'));
    if (goesOn) await expect(answer).resolves.toBeUndefined();
    else await expect(answer).rejects.toMatchObject({ reason: 'lock-lost' });
  });
});
