import { expect, test } from 'vitest';
import type { PlannedChange } from '../../../../src/domain/plan/changes.ts';
import type { ReleaseBody, ReleaseHead, StateBefore } from '../../../../src/domain/release/record.ts';
import { stateBeforeOf } from '../../../../src/domain/undo/state-before.ts';
import type { Hold } from '../../../../src/flow/record/lock.ts';
import { markTakenOver, openRecord } from '../../../../src/flow/record/open.ts';
import type { RecordsPort, StoredRelease } from '../../../../src/ports/release-store.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const reference = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name });

function change(name: string, live: boolean, action: PlannedChange['action']): PlannedChange {
  const desired = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' } };
  const base = {
    reference: reference(name),
    action,
    desired,
    conflicts: [],
    adopts: false,
    deferred: false,
    warnings: [],
  };
  return live
    ? { ...base, live: { ...desired, metadata: { ...desired.metadata, uid: `uid-${name}` } } }
    : base;
}

/** What is kept of an object of which nothing is ours yet. */
function unowned(name: string): StateBefore {
  const restore = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' } };
  return { reference: reference(name), presence: 'present', restore, fields: {}, ownership: [] };
}

function memoryRecords() {
  const written: { head: Omit<ReleaseHead, 'body'>; body: ReleaseBody }[] = [];
  const updates: { name: string; change: Partial<ReleaseHead> }[] = [];
  const port: RecordsPort = {
    list: async () => ({ releases: [], unreadable: [], nextNumber: 1 }),
    neighbours: async () => [],
    readBody: () => Promise.reject(new Error('the lock has read it')),
    create: async (head, body) => {
      written.push({ head, body });
      return {
        name: `orion-${head.app}-${head.number}`,
        head: { ...head, body: { chunks: 1, sha256: '' } },
        resourceVersion: '1',
      };
    },
    update: async (release, update) => {
      updates.push({ name: release.name, change: update });
      return release;
    },
    trim: () => Promise.reject(new Error('nothing is retired here')),
    remove: () => Promise.reject(new Error('nothing is retired here')),
    replaceBody: async (release) => release,
  };
  return { port, written, updates };
}

function heldAfter(
  status?: ReleaseHead['status'],
  before: readonly StateBefore[] = [],
  createdNamespace = false,
): Hold {
  const lease = { held: () => true, confirm: async () => true, release: async () => true };
  if (status === undefined) return { lease, releases: [], nextNumber: 1 };
  const head: ReleaseHead = {
    version: 1,
    app: 'shop',
    number: 5,
    status,
    overlay: 'k8s',
    run: { holder: 'them' },
    phase: 'apply',
    jobInSteps: false,
    startedAt: '',
    planDigest: '',
    createdNamespace,
    body: { chunks: 1, sha256: '' },
  };
  const release: StoredRelease = { name: 'orion-shop-5', head, resourceVersion: '1' };
  return {
    lease,
    releases: [release],
    nextNumber: 6,
    predecessor: { release, body: { rendered: [], before, inventory: [] } },
  };
}

const optionsFor = (changes: readonly PlannedChange[]) => ({
  planDigest: 'sha256:1',
  createdNamespace: false,
  before: changes.filter(({ action }) => action !== 'unchanged').map(stateBeforeOf),
});

test('row 4: what is there before the first write is on record; what does not change is not', async () => {
  const { port, written, updates } = memoryRecords();
  const { run } = flowRun({ holder: 'us', records: async () => port });
  const changes = [
    change('new', false, 'created'),
    change('old', true, 'configured'),
    change('same', true, 'unchanged'),
  ];
  const { release } = await openRecord(run, 'shop', heldAfter(), changes, optionsFor(changes));
  expect(release.name).toBe('orion-shop-1');
  expect(written[0]?.head).toMatchObject({
    status: 'pending',
    run: { holder: 'us' },
    planDigest: 'sha256:1',
  });
  expect(written[0]?.body.before).toEqual([
    { reference: reference('new'), presence: 'absent' },
    { ...unowned('old'), uid: 'uid-old' },
  ]);
  expect(written[0]?.body.rendered).toHaveLength(3);
  expect(updates).toEqual([]);
});

test.each([
  ['row 15', 'pending', { status: 'abandoned', takenOverBy: 'orion-shop-6' }],
  ['row 20', 'failed', { takenOverBy: 'orion-shop-6' }],
] as const)(
  '%s: the state before a %s release is kept, never the one that it left',
  async (_, status, marked) => {
    const { port, written, updates } = memoryRecords();
    const { run } = flowRun({ holder: 'us', records: async () => port });
    const theirs: StateBefore = { reference: reference('a'), presence: 'absent' };
    const changes = [change('a', true, 'configured'), change('b', true, 'configured')];
    const hold = heldAfter(status, [theirs], true);
    await openRecord(run, 'shop', hold, changes, optionsFor(changes));
    await markTakenOver(run, 'shop', hold, 'orion-shop-6');
    expect(written[0]?.body.before).toEqual([theirs, { ...unowned('b'), uid: 'uid-b' }]);
    // Row 24: who made the namespace is not forgotten by taking over.
    expect(written[0]?.head).toMatchObject({ number: 6, takesOver: 'orion-shop-5', createdNamespace: true });
    expect(updates).toHaveLength(1);
    expect(updates[0]).toMatchObject({ name: 'orion-shop-5', change: marked });
    expect(updates[0]?.change.status).toBe(status === 'pending' ? 'abandoned' : undefined);
  },
);
