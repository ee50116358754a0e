/** What is written where server-side apply is of no use: of others what is there, of ours what was there before. */
import { describe, expect, test } from 'vitest';
import {
  type JsonObject,
  type KubernetesObject,
  keyOf,
  type ManagedFieldsEntry,
} from '../../../../src/domain/kubernetes/objects.ts';
import type { StateBefore } from '../../../../src/domain/release/record.ts';
import type { Restore } from '../../../../src/domain/undo/decision.ts';
import { undoPlan } from '../../../../src/domain/undo/plan.ts';
import { mustBeRemade, remakeOf } from '../../../../src/domain/undo/remake.ts';

const entry = (manager: string, fieldsV1: JsonObject, operation = 'Apply'): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion: 'v1',
  fieldsV1,
});
const data = (...names: readonly string[]): JsonObject => ({
  'f:data': Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
});
const locked = entry('orion', { ...data('a', 'added'), 'f:immutable': {} });

function live(managedFields: readonly ManagedFieldsEntry[], more: JsonObject = {}): KubernetesObject {
  const metadata = { name: 'plain', namespace: 'shop', uid: 'u1', resourceVersion: '7', managedFields };
  const held = { a: '2', added: 'y', theirs: 'z' };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, ...more },
    data: held,
    immutable: true,
  };
}

const before = {
  restore: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'plain' }, data: { a: '1', gone: 'x' } },
  fields: data('a', 'gone'),
  ownership: [entry('orion', data('a', 'gone'))],
};

test('others keep what they have, ours is as before, and nothing of the server’s is sent', () => {
  const mesh = entry('mesh', data('theirs'), 'Update');
  const { remake, leftAlone } = remakeOf(live([locked, mesh]), before);
  expect(remake).toEqual({
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'plain', namespace: 'shop' },
      data: { a: '1', gone: 'x', theirs: 'z' },
    },
    ownership: [...before.ownership, mesh],
  });
  expect(leftAlone).toEqual([]);
});

test('what somebody has changed since is theirs, and named', () => {
  const { remake, leftAlone } = remakeOf(live([locked, entry('someone', data('a'))]), before);
  expect(remake.object).toMatchObject({ data: { a: '2' } });
  expect(leftAlone).toEqual([{ path: ['f:data', 'f:a'], managers: ['someone'] }]);
});

test('a map that was empty before is there again when what the release put into it goes', () => {
  const queue: KubernetesObject = {
    apiVersion: 'example.org/v1',
    kind: 'Queue',
    metadata: { name: 'mails', managedFields: [entry('orion', { 'f:spec': { 'f:depth': {} } })] },
    spec: { depth: 1 },
  };
  const restore = { apiVersion: 'example.org/v1', kind: 'Queue', metadata: { name: 'mails' }, spec: {} };
  const { remake } = remakeOf(queue, { restore, fields: { 'f:spec': {} }, ownership: [] });
  expect(remake.object).toEqual(restore);
});

describe('made anew is', () => {
  test('what the release has made immutable', () => {
    expect(mustBeRemade(live([locked]), before.restore)).toBe(true);
  });

  test.each([
    ['it was immutable before', live([locked]), { ...before.restore, immutable: true }],
    ['somebody else made it so', live([entry('someone', { 'f:immutable': {} })]), before.restore],
    [
      'a finalizer would act on its deletion',
      live([locked], { finalizers: ['example.com/a'] }),
      before.restore,
    ],
    ['it is of another kind', { ...live([locked]), kind: 'Queue' }, before.restore],
  ])('not if %s', (_title, object, restore) => {
    expect(mustBeRemade(object, restore)).toBe(false);
  });
});

describe('an undo that was killed between deleting it and creating it anew, and a release that has made it since', () => {
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'plain' };
  const remake = { object: before.restore, ownership: before.ownership };
  const state: StateBefore = { reference, presence: 'present', uid: 'u0', ...before, remake };
  const decide = (object: KubernetesObject, made: string): readonly Restore[] => {
    const proof = { made: new Map([[keyOf(reference), made]]), recordedAt: undefined };
    const all = new Map([[keyOf(reference), object]]);
    return undoPlan({ before: [state], inventory: [] }, all, new Map(), proof).restores;
  };

  test('made immutable: it is deleted, by the UID that the release has made, and created as it was', () => {
    expect(decide(live([locked]), 'u1')).toMatchObject([{ remake: { uid: 'u1', object: before.restore } }]);
  });

  test('not immutable: it is written in place', () => {
    const { immutable: _immutable, ...open } = live([entry('orion', data('a', 'added'))]);
    const [restore] = decide(open as KubernetesObject, 'u1');
    expect(restore).toMatchObject({ remake });
    expect(restore?.remake).not.toHaveProperty('uid');
  });

  test('made by somebody else: it is never deleted', () => {
    expect(decide(live([locked]), 'u2')[0]?.remake).not.toHaveProperty('uid');
  });
});
