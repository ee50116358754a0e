import { describe, expect, test } from 'vitest';
import type { JsonObject, ManagedFieldsEntry } from '../../../../src/domain/kubernetes/objects.ts';
import { ownershipPrepared, ownershipRestored } from '../../../../src/domain/undo/ownership.ts';

const data = (...names: readonly string[]): JsonObject => ({
  'f:data': Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
});
const entry = (
  manager: string,
  fieldsV1: JsonObject,
  more: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry => ({ manager, operation: 'Apply', apiVersion: 'v1', fieldsV1, ...more });
const update = (manager: string, fieldsV1: JsonObject) => entry(manager, fieldsV1, { operation: 'Update' });

describe('once the values are back', () => {
  test('what is right already is not written, whatever its order and times', () => {
    const now = [update('mesh', data('b')), entry('orion', data('a', 'c'), { time: '2026-01-01T00:00:00Z' })];
    expect(ownershipRestored(now, [entry('orion', data('c', 'a'))], [])).toBeUndefined();
  });

  test('ours is exactly what it was, and keeps the time of the write', () => {
    const now = [entry('orion', data('a', 'added'), { time: '2026-01-02T00:00:00Z' })];
    const before = [entry('orion', data('a'), { time: '2026-01-01T00:00:00Z' })];
    expect(ownershipRestored(now, before, [])).toEqual([
      entry('orion', data('a'), { time: '2026-01-02T00:00:00Z' }),
    ]);
  });

  test('others have what they had before and what they took since', () => {
    const now = [entry('orion', data('a', 'b')), update('mesh', data('new'))];
    const before = [entry('orion', data('a')), update('mesh', data('b'))];
    expect(ownershipRestored(now, before, [])).toEqual([
      entry('orion', data('a')),
      update('mesh', data('new', 'b')),
    ]);
  });

  test('a field that is left alone is not given back', () => {
    const now = [update('someone', data('a'))];
    const before = [entry('orion', data('a', 'b'))];
    expect(ownershipRestored(now, before, [['f:data', 'f:a']])).toEqual([
      update('someone', data('a')),
      entry('orion', data('b')),
    ]);
    expect(ownershipRestored(now, [entry('orion', data('a'))], [['f:data', 'f:a']])).toBeUndefined();
  });

  test('what our rewrite left behind goes', () => {
    const now = [update('orion', data('a')), update('mesh', data('b'))];
    expect(ownershipRestored(now, [entry('orion', data('a'))], [])).toEqual([
      update('mesh', data('b')),
      entry('orion', data('a')),
    ]);
  });
});

describe('before the apply', () => {
  const replicas = ['f:spec', 'f:replicas'];
  const object = (...managedFields: readonly ManagedFieldsEntry[]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', managedFields },
    data: { a: '1', brought: 'x' },
    spec: { replicas: 3 },
  });

  test('what is so already is not written', () => {
    const now = object(entry('orion', data('a')), update('mesh', data('b')));
    expect(ownershipPrepared(now, { brought: [], regained: [replicas] })).toBeUndefined();
    expect(ownershipPrepared(now, { brought: [['f:data', 'f:a']] })).toBeUndefined();
    expect(ownershipPrepared(now, { brought: [], relabel: 'v1' })).toBeUndefined();
  });

  test('what the server brought is ours', () => {
    const prepared = ownershipPrepared(object(entry('orion', data('a'))), {
      brought: [['f:data', 'f:brought']],
    });
    expect(prepared).toEqual([entry('orion', data('a', 'brought'))]);
  });

  test('what an autoscaler took is nobody’s', () => {
    const ours = entry('orion', data('a'));
    const scaler = update('kube-controller-manager', { 'f:spec': { 'f:replicas': {} } });
    expect(ownershipPrepared(object(ours, scaler), { brought: [], regained: [replicas] })).toEqual([ours]);
    const person = update('kubectl-edit', { 'f:spec': { 'f:replicas': {} } });
    expect(ownershipPrepared(object(ours, person), { brought: [], regained: [replicas] })).toBeUndefined();
  });

  test('only our entry is of the version that is applied', () => {
    const now = object(entry('orion', data('a')), update('mesh', data('b')));
    expect(ownershipPrepared(now, { brought: [], relabel: 'v2' })).toEqual([
      entry('orion', data('a'), { apiVersion: 'v2' }),
      update('mesh', data('b')),
    ]);
  });
});
