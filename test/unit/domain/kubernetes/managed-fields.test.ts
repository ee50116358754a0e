import { describe, expect, test } from 'vitest';
import { extractFields, managersOf, unionOf } from '../../../../src/domain/kubernetes/managed-fields.ts';
import type {
  JsonObject,
  KubernetesObject,
  ManagedFieldsEntry,
} from '../../../../src/domain/kubernetes/objects.ts';
import { adoptedManagedFields, stateBeforeOf } from '../../../../src/domain/undo/state-before.ts';

const entry = (manager: string, fieldsV1: JsonObject, more: Partial<ManagedFieldsEntry> = {}) => ({
  manager,
  operation: 'Apply' as const,
  apiVersion: 'apps/v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
});

function object(spec: JsonObject, ...managedFields: readonly ManagedFieldsEntry[]): KubernetesObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', managedFields }, spec };
}

const tcp = 'k:{"containerPort":53,"protocol":"TCP"}';

describe('the part of an object that a field set names', () => {
  test.each<[string, JsonObject, JsonObject, unknown]>([
    ['a scalar', { replicas: 2, paused: true }, { 'f:replicas': {} }, { replicas: 2 }],
    ['an atomic list', { args: ['a', 'b'] }, { 'f:args': {} }, { args: ['a', 'b'] }],
    ['an atomic map', { selector: { app: 'web' } }, { 'f:selector': {} }, { selector: { app: 'web' } }],
    ['an empty map', { emptyDir: {} }, { 'f:emptyDir': {} }, { emptyDir: {} }],
    ['null', { creationTimestamp: null }, { 'f:creationTimestamp': {} }, { creationTimestamp: null }],
    ['a field that is gone', { a: 1 }, { 'f:a': {}, 'f:b': {} }, { a: 1 }],
    ['a map of which nothing is left', { labels: { x: '1' } }, { 'f:labels': { 'f:y': {} } }, undefined],
    [
      'such a map, owned itself',
      { labels: { x: '1' } },
      { 'f:labels': { '.': {}, 'f:y': {} } },
      { labels: {} },
    ],
    [
      'an item by its keys',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
      { 'f:env': { 'k:{"name":"B"}': { '.': {}, 'f:name': {}, 'f:value': {} } } },
      { env: [{ name: 'B', value: '2' }] },
    ],
    [
      'a key that the server defaults stays its own',
      {
        ports: [
          { containerPort: 53, protocol: 'TCP' },
          { containerPort: 53, protocol: 'UDP' },
        ],
      },
      { 'f:ports': { [tcp]: { '.': {}, 'f:containerPort': {} } } },
      { ports: [{ containerPort: 53 }] },
    ],
    [
      'a key that the object lacks',
      { ports: [{ containerPort: 53 }] },
      { 'f:ports': { [tcp]: { '.': {}, 'f:containerPort': {} } } },
      { ports: [{ containerPort: 53 }] },
    ],
    [
      'a member of a set',
      { finalizers: ['a/b', 'c/d'] },
      { 'f:finalizers': { 'v:"c/d"': {} } },
      { finalizers: ['c/d'] },
    ],
    ['an item by index', { list: ['a', 'b'] }, { 'f:list': { 'i:1': {} } }, { list: ['b'] }],
  ])('%s', (_, spec, fields, expected) => {
    const extracted = extractFields(object(spec), { 'f:spec': fields });
    expect(extracted['spec']).toEqual(expected);
    expect(extracted).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } });
  });

  test('what was applied empty does not take what others put into it', () => {
    const ours = { 'f:spec': { 'f:securityContext': {}, 'f:env': {} } };
    const theirs = {
      'f:spec': {
        'f:securityContext': { 'f:runAsUser': {} },
        'f:env': { 'k:{"name":"B"}': { '.': {}, 'f:name': {} } },
      },
    };
    const live = object(
      { securityContext: { runAsUser: 7 }, env: [{ name: 'B' }] },
      entry('orion', ours),
      entry('someone', theirs),
    );
    expect(extractFields(live, ours)['spec']).toEqual({ securityContext: {}, env: [] });
  });

  test('nothing owned is only the name', () => {
    expect(extractFields(object({ replicas: 1 }), undefined)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
    });
  });
});

describe('adoption of ownership', () => {
  const update = { operation: 'Update' as const };
  const csa = entry('kubectl-client-side-apply', { 'f:spec': { 'f:a': {}, 'f:b': {} } }, update);
  const status = entry('kube-controller-manager', { 'f:status': {} }, { ...update, subresource: 'status' });

  test('the first entry becomes ours where we have none', () => {
    expect(adoptedManagedFields([csa, status], [csa])).toEqual([
      status,
      { ...csa, manager: 'orion', operation: 'Apply' },
    ]);
  });

  test('joins what we own already; a version that is not ours is dropped, as kubectl does', () => {
    const ours = entry('orion', { 'f:spec': { 'f:c': {} } });
    const old = { ...csa, apiVersion: 'apps/v1beta1', fieldsV1: { 'f:spec': { 'f:old': {} } } };
    expect(adoptedManagedFields([ours, csa, old, status], [csa, old])).toEqual([
      status,
      { ...ours, fieldsV1: { 'f:spec': { 'f:c': {}, 'f:a': {}, 'f:b': {} } } },
    ]);
  });

  test('our entry of a subresource is not the one', () => {
    const scale = entry('orion', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' });
    expect(adoptedManagedFields([scale, csa], [csa])).toEqual([
      scale,
      { ...csa, manager: 'orion', operation: 'Apply' },
    ]);
  });

  test('nothing to adopt changes nothing', () => {
    expect(adoptedManagedFields([status], [])).toEqual([status]);
  });

  test('the state before keeps entries and values of what is adopted', () => {
    const live = object({ a: 1, b: 2, c: 3 }, csa, entry('orion', { 'f:spec': { 'f:c': {} } }));
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const change = {
      reference,
      action: 'configured' as const,
      desired: live,
      live,
      conflicts: [],
      adopts: true,
      deferred: false,
      warnings: [],
    };
    expect(stateBeforeOf(change)).toMatchObject({
      presence: 'present',
      restore: { spec: { a: 1, b: 2, c: 3 } },
      ownership: live.metadata.managedFields,
    });
    const { live: _live, ...created } = change;
    expect(stateBeforeOf({ ...created, action: 'created' })).toEqual({ reference, presence: 'absent' });
  });
});

test('a union names what any set names', () => {
  expect(unionOf([{ 'f:a': { 'f:b': {} } }, { 'f:a': { 'f:c': {} }, 'f:d': {} }])).toEqual({
    'f:a': { 'f:b': {}, 'f:c': {} },
    'f:d': {},
  });
});

test('managers of a field, whatever they did it with', () => {
  const live = object(
    { replicas: 1 },
    entry('orion', { 'f:spec': { 'f:replicas': {} } }),
    entry('autoscaler', { 'f:spec': { 'f:replicas': {} } }, { operation: 'Update', subresource: 'scale' }),
    entry('other', { 'f:spec': {} }),
  );
  expect(managersOf(live, ['spec', 'replicas'])).toEqual(['orion', 'autoscaler']);
});
