/** Undo deletes only what the release provably made: "could not be read" is not "absent". */
import { describe, expect, test } from 'vitest';
import type {
  JsonObject,
  KubernetesObject,
  ManagedFieldsEntry,
} from '../../../../src/domain/kubernetes/objects.ts';
import type { StateBefore } from '../../../../src/domain/release/record.ts';
import { type CreationProof, decideCreated } from '../../../../src/domain/undo/created.ts';

const reference = { apiVersion: 'example.org/v2', kind: 'Queue', namespace: 'shop', name: 'mails' };
const key = 'Queue.example.org/shop/mails';
const absent: StateBefore = { reference, presence: 'absent' };

const entry = (
  manager: string,
  operation: string,
  fieldsV1: JsonObject,
  subresource = '',
): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion: 'example.org/v2',
  fieldsV1,
  subresource,
});
const ours = entry('orion', 'Apply', { 'f:spec': { 'f:size': {} } });

function live(
  managedFields: readonly ManagedFieldsEntry[],
  more: JsonObject = { spec: { size: 5 } },
): KubernetesObject {
  const metadata = {
    name: 'mails',
    namespace: 'shop',
    uid: 'u1',
    creationTimestamp: '2026-01-01T00:00:10Z',
    managedFields,
  };
  return { apiVersion: 'example.org/v2', kind: 'Queue', metadata, ...more };
}

const proof = (recordedAt?: string, uid?: string): CreationProof => ({
  recordedAt,
  made: new Map(uid === undefined ? [] : [[key, uid]]),
});
const [earlier, later] = ['2026-01-01T00:00:09Z', '2026-01-01T00:00:11Z'];

test.each<[title: string, before: StateBefore, object: KubernetesObject, proof: CreationProof]>([
  ['the server answered 201', absent, live([ours]), proof(undefined, 'u1')],
  [
    'so it did to the release before, whose state was taken over',
    { ...absent, made: 'u1' },
    live([ours]),
    proof(later),
  ],
  ['it is younger than the record, and nobody else wrote it', absent, live([ours]), proof(earlier)],
  [
    'younger than the first record that says so',
    { ...absent, absentAt: earlier },
    live([ours]),
    proof(later),
  ],
  [
    'others have only labelled it, and written its status',
    absent,
    live([
      ours,
      entry('labels', 'Update', { 'f:metadata': { 'f:labels': { 'f:a': {} } } }),
      entry('operator', 'Update', { 'f:status': {} }, 'status'),
    ]),
    proof(earlier),
  ],
  ['it has no field, so the server names no manager', absent, live([], {}), proof(earlier)],
])('deleted: %s', (_title, before, object, known) => {
  expect(decideCreated(before, object, known).deletion).toEqual({ reference, uid: 'u1' });
});

describe('left, and named', () => {
  const creator = entry('operator', 'Update', { 'f:spec': { 'f:size': {} } });

  test.each<[title: string, before: StateBefore, object: KubernetesObject, proof: CreationProof]>([
    ['it is older than the record that could not read it', absent, live([ours]), proof(later)],
    ['it is not known when the record was written', absent, live([ours]), proof()],
    ['somebody else wrote its body', absent, live([ours, creator]), proof(earlier)],
    ['a record names its UID, and we have not written it', absent, live([creator]), proof(earlier, 'u1')],
    ['it is not the one that was made', absent, live([ours]), proof(earlier, 'u0')],
    ['nor the one that the release before made', { ...absent, made: 'u0' }, live([ours]), proof(earlier)],
    ['we have not written it', absent, live([creator]), proof(earlier)],
    ['it holds something that nobody owns', absent, live([]), proof(earlier)],
  ])('%s', (_title, before, object, known) => {
    const decision = decideCreated(before, object, known);
    expect(decision.deletion).toBeUndefined();
    expect(decision.kept?.[0]?.message).toMatch(
      /^Queue mails is kept: it is not proven that this release created it/,
    );
  });

  test('what the release wrote to somebody else’s object is taken back, by an apply of nothing but its name', () => {
    expect(decideCreated(absent, live([ours, creator]), proof(earlier)).restore).toMatchObject({
      request: {
        apiVersion: 'example.org/v2',
        kind: 'Queue',
        metadata: { name: 'mails', namespace: 'shop' },
      },
      ownership: [],
      isOptional: true,
    });
    expect(decideCreated(absent, live([ours]), proof(later)).restore).toBeUndefined();
  });
});
