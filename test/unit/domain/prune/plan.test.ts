/** What finish deletes: nothing that is in doubt, and nothing that was not shown. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject, ManagedFieldsEntry } from '../../../../src/domain/kubernetes/objects.ts';
import { keyOf, referenceOf } from '../../../../src/domain/kubernetes/objects.ts';
import { listedEarlier, telling } from '../../../../src/domain/prune/candidates.ts';
import {
  approvedPrunes,
  isWorthRelease,
  leftInCluster,
  type PruneFacts,
  type PrunePlan,
  pruneDigestText,
  prunePlan,
} from '../../../../src/domain/prune/plan.ts';
import { usersAfter } from '../../../../src/domain/prune/references.ts';
import type { ReleaseBody, ReleaseStatus } from '../../../../src/domain/release/record.ts';

const ours: ManagedFieldsEntry = { manager: 'orion', operation: 'Apply', apiVersion: 'v1', fieldsV1: {} };

interface Made {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string | undefined;
  readonly metadata?: Partial<KubernetesObject['metadata']>;
  readonly fields?: Record<string, unknown>;
}

function made(name: string, { apiVersion = 'v1', kind = 'ConfigMap', metadata, fields, ...at }: Made = {}) {
  const namespace = 'namespace' in at ? at.namespace : 'shop';
  const object: KubernetesObject = {
    apiVersion,
    kind,
    metadata: {
      name,
      uid: `uid-${name}`,
      ...(namespace === undefined ? {} : { namespace }),
      managedFields: [ours],
      ...metadata,
    },
    ...fields,
  };
  return object;
}

function plan(objects: readonly KubernetesObject[], facts: Partial<PruneFacts> = {}): PrunePlan {
  return prunePlan({
    namespace: 'shop',
    listed: objects.map((object) => ({
      reference: referenceOf(object),
      uids: [`uid-${object.metadata.name}`],
      unrecorded: false,
    })),
    live: new Map(objects.map((object) => [keyOf(referenceOf(object)), object])),
    ofOthers: new Set(),
    users: { objects: [], unseen: [] },
    ...facts,
  });
}

const names = ({ prunes, spared }: PrunePlan): readonly string[] => [
  ...prunes.map(({ reference }) => `prune ${reference.name}`),
  ...spared.map(({ reference, why }) => `${reference.name}: ${why}`),
];

const template = (configMap: string) => ({
  spec: {
    template: { spec: { containers: [{ name: 'main', envFrom: [{ configMapRef: { name: configMap } }] }] } },
  },
});
const podSpec = (configMap: string, phase: string) => ({
  spec: { containers: [{ name: 'main', envFrom: [{ configMapRef: { name: configMap } }] }] },
  status: { phase },
});
const someone: ManagedFieldsEntry = { ...ours, manager: 'someone' };

test.each<readonly [string, KubernetesObject, readonly string[]]>([
  ['an object of ours', made('old'), ['prune old']],
  ['a workload', made('old', { apiVersion: 'apps/v1', kind: 'Deployment' }), ['prune old']],
  ['one with another UID', made('old', { metadata: { uid: 'uid-other' } }), []],
  ['one that is being deleted', made('old', { metadata: { deletionTimestamp: 'now' } }), []],
  ['one in which nothing is ours', made('old', { metadata: { managedFields: [someone] } }), []],
  ['one without ownership', made('old', { metadata: { managedFields: [] } }), []],
  ['our status only', made('old', { metadata: { managedFields: [{ ...ours, subresource: 'status' }] } }), []],
  [
    'one that another applies too',
    made('old', { metadata: { managedFields: [ours, someone] } }),
    ['old: someone also applies it'],
  ],
  [
    'one that a controller writes to',
    made('old', { metadata: { managedFields: [ours, { ...someone, operation: 'Update' }] } }),
    ['prune old'],
  ],
  [
    'one that Helm took over',
    made('old', { metadata: { annotations: { 'meta.helm.sh/release-name': 'x' } } }),
    ['old: Helm also manages it'],
  ],
  ['a claim', made('old', { kind: 'PersistentVolumeClaim' }), ['old: it may contain data']],
  ['a namespace', made('old', { kind: 'Namespace', namespace: undefined }), ['old: it is cluster-scoped']],
  [
    'a definition',
    made('old', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      namespace: undefined,
    }),
    ['old: it is cluster-scoped'],
  ],
  ['one elsewhere', made('old', { namespace: 'other' }), ['old: it is in namespace other']],
])('%s', (_, object, expected) => {
  expect(names(plan([object]))).toEqual(expected);
});

describe('doubt', () => {
  test('what another app has is not ours any more; whose records cannot be read may have it', () => {
    const old = made('old');
    expect(names(plan([old], { ofOthers: new Set([keyOf(referenceOf(old))]) }))).toEqual([]);
    expect(names(plan([old], { ofOthers: undefined }))).toEqual([
      'old: the records of another app in this namespace cannot be read',
    ]);
  });

  test('of a run that died before it wrote UIDs down, our ownership tells', () => {
    const listed = [{ reference: referenceOf(made('old')), uids: [], unrecorded: true }];
    expect(names(plan([made('old')], { listed }))).toEqual(['prune old']);
    expect(names(plan([made('old', { metadata: { managedFields: [someone] } })], { listed }))).toEqual([]);
  });
});

describe('configurations that are still referred to', () => {
  const old = made('old');
  const replicaSet = made('web-1', { apiVersion: 'apps/v1', kind: 'ReplicaSet', fields: template('old') });
  const kept = ['old: ReplicaSet web-1 still refers to it'];

  test.each<readonly [string, readonly KubernetesObject[], readonly string[]]>([
    ['by a retained ReplicaSet', [replicaSet], kept],
    [
      'by one of another namespace',
      [{ ...replicaSet, metadata: { name: 'web-1', namespace: 'b' } }],
      ['prune old'],
    ],
    [
      'by a running pod',
      [made('p', { kind: 'Pod', fields: podSpec('old', 'Running') })],
      ['old: Pod p still refers to it'],
    ],
    [
      'by a pod that is over',
      [made('p', { kind: 'Pod', fields: podSpec('old', 'Succeeded') })],
      ['prune old'],
    ],
    ['by nobody', [made('w', { kind: 'Pod', fields: podSpec('other', 'Running') })], ['prune old']],
  ])('%s', (_, objects, expected) => {
    expect(names(plan([old], { users: { objects, unseen: [] } }))).toEqual(expected);
  });

  test('a Secret of the same name is another object', () => {
    const secret = made('old', { kind: 'Secret' });
    expect(names(plan([secret], { users: { objects: [replicaSet], unseen: [] } }))).toEqual(['prune old']);
  });

  test('a user that is pruned with it, and all that it owns, keeps nothing', () => {
    const web = made('web', { apiVersion: 'apps/v1', kind: 'Deployment', fields: template('old') });
    const owned = (object: KubernetesObject, owner: string): KubernetesObject => ({
      ...object,
      metadata: {
        ...object.metadata,
        ownerReferences: [
          { apiVersion: 'v1', kind: 'X', name: owner, uid: `uid-${owner}`, controller: true },
        ],
      },
    });
    const set = owned(replicaSet, 'web');
    const pod = owned(made('p', { kind: 'Pod', fields: podSpec('old', 'Running') }), 'web-1');
    for (const objects of [
      [web, set, pod],
      [pod, set, web],
    ])
      expect(names(plan([web, old], { users: { objects, unseen: [] } }))).toEqual(['prune web', 'prune old']);
    expect(names(plan([old], { users: { objects: [pod], unseen: [] } }))).toEqual([
      'old: Pod p still refers to it',
    ]);
  });

  test('a kind that may not be listed keeps plain names, not generated ones', () => {
    const generated = made('old-2456789bcd');
    const users = { objects: [], unseen: ['CronJob'] };
    expect(names(plan([old, generated], { users }))).toEqual([
      'prune old-2456789bcd',
      'old: whether a CronJob refers to it is not known without the permission to list them',
    ]);
  });

  test('in the preview, what the release replaces counts as it will be', () => {
    const set = made('db', { apiVersion: 'apps/v1', kind: 'StatefulSet', fields: template('old') });
    const next = made('db', { apiVersion: 'apps/v1', kind: 'StatefulSet', fields: template('new') });
    const pod = made('db-0', {
      kind: 'Pod',
      fields: podSpec('old', 'Running'),
      metadata: {
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'uid-db', controller: true },
        ],
      },
    });
    const now = { objects: [set, pod], unseen: [] };
    expect(names(plan([old], { users: now }))).toEqual(['old: StatefulSet db still refers to it']);
    expect(names(plan([old], { users: usersAfter(now, [next]) }))).toEqual(['prune old']);
    const bare = made('debug', { kind: 'Pod', fields: podSpec('old', 'Running') });
    const withBare = usersAfter({ objects: [set, bare], unseen: [] }, [next]);
    expect(names(plan([old], { users: withBare }))).toEqual(['old: Pod debug still refers to it']);
    const kept = usersAfter({ objects: [set, replicaSet], unseen: [] }, [next]);
    expect(names(plan([old], { users: kept }))).toEqual(['old: ReplicaSet web-1 still refers to it']);
  });
});

describe('the plan that was shown', () => {
  const shown = plan([made('a'), made('b')]);

  test('only what it names, or a generator left, is deleted, and only if it still holds', () => {
    const now = plan([made('b'), made('c'), made('d-2456789bcd')]);
    expect(
      approvedPrunes(
        shown.prunes.map(({ reference }) => reference),
        now,
      ).map(({ reference }) => reference.name),
    ).toEqual(['b', 'd-2456789bcd']);
  });

  test('the digest names what is deleted, in any order, and nothing generated or spared', () => {
    const other = plan([
      made('b'),
      made('e-2456789bcd'),
      made('a'),
      made('c', { kind: 'PersistentVolumeClaim' }),
    ]);
    expect(pruneDigestText(other)).toBe(pruneDigestText(shown));
    expect(pruneDigestText(plan([made('a')]))).not.toBe(pruneDigestText(shown));
    expect(pruneDigestText(plan([]))).toBe('');
  });

  test('it is worth a release unless only generators left something', () => {
    expect(isWorthRelease(shown)).toBe(true);
    expect(isWorthRelease(plan([made('e-2456789bcd')]))).toBe(false);
  });

  test('the next release hears of what is deleted and of what stays: deleting may fail', () => {
    const all = plan([made('a'), made('c', { kind: 'PersistentVolumeClaim' })]);
    expect(leftInCluster(all).map(({ uid }) => uid)).toEqual(['uid-a', 'uid-c']);
  });
});

describe('records', () => {
  const head = (status: ReleaseStatus) => ({ head: { status } });
  const body = (more: Partial<ReleaseBody>): ReleaseBody => ({
    rendered: [],
    before: [],
    inventory: [],
    ...more,
  });
  const entry = (name: string, uid = `uid-${name}`) => ({ reference: referenceOf(made(name)), uid });

  test('back to the newest deployed one; without one, all', () => {
    const releases = ['failed', 'abandoned', 'deployed', 'deployed'].map((status) =>
      head(status as ReleaseStatus),
    );
    expect(telling(releases)).toHaveLength(3);
    expect(telling(releases.slice(0, 2))).toHaveLength(2);
  });

  test('what the overlay has is not listed; all UIDs of one object are', () => {
    const bodies = [
      body({ inventory: [entry('a', 'new'), entry('b')], earlier: [entry('c')] }),
      body({ inventory: [entry('a', 'old')] }),
    ];
    expect(listedEarlier(bodies, new Set([keyOf(referenceOf(made('b')))]))).toEqual([
      { reference: referenceOf(made('a')), uids: ['new', 'old'], unrecorded: false },
      { reference: referenceOf(made('c')), uids: ['uid-c'], unrecorded: false },
    ]);
  });

  test('a run that died in apply lists what it sent', () => {
    const before = [
      { reference: referenceOf(made('a')), presence: 'present' as const, uid: 'uid-a' },
      { reference: referenceOf(made('b')), presence: 'absent' as const },
    ];
    const died = body({ rendered: [made('a'), made('b')], before });
    expect(listedEarlier([died], new Set())).toEqual([
      { reference: referenceOf(made('a')), uids: ['uid-a'], unrecorded: false },
      { reference: referenceOf(made('b')), uids: [], unrecorded: true },
    ]);
  });
});
