/** What undo does with objects that the property test of undo (test/properties) found: each was left as the release had made it. */
import { describe, expect, test } from 'vitest';
import { type JsonObject, type KubernetesObject, keyOf } from '../../../../src/domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../../../src/domain/plan/changes.ts';
import { undoPlan } from '../../../../src/domain/undo/plan.ts';
import { differing } from '../../../../src/domain/undo/present.ts';
import { stateBeforeOf } from '../../../../src/domain/undo/state-before.ts';

const reference = (apiVersion: string, kind: string) => ({
  apiVersion,
  kind,
  namespace: 'shop',
  name: 'web',
});

describe('the order of list items', () => {
  const deployment = reference('apps/v1', 'Deployment');
  const env = (...names: readonly string[]): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      template: {
        spec: { containers: [{ name: 'main', env: names.map((name) => ({ name, value: name })) }] },
      },
    },
  });
  const variable = (name: string) => ({ [`k:{"name":"${name}"}`]: { '.': {}, 'f:name': {}, 'f:value': {} } });
  const fields: JsonObject = {
    'f:spec': {
      'f:template': {
        'f:spec': {
          'f:containers': {
            'k:{"name":"main"}': { '.': {}, 'f:name': {}, 'f:env': { ...variable('A'), ...variable('B') } },
          },
        },
      },
    },
  };
  const entry = { manager: 'orion', operation: 'Apply' as const, apiVersion: 'apps/v1', fieldsV1: fields };
  const before = {
    reference: deployment,
    presence: 'present' as const,
    restore: env('A', 'B'),
    fields,
    ownership: [entry],
  };
  const restoresOf = (...names: readonly string[]) => {
    const object = env(...names) as unknown as KubernetesObject;
    const live = { ...object, metadata: { ...object.metadata, managedFields: [entry] } };
    return undoPlan({ before: [before], inventory: [] }, new Map([[keyOf(deployment), live]])).restores;
  };

  test('is restored where it is all that the release has changed', () => {
    expect(restoresOf('B', 'A')).toMatchObject([{ request: env('A', 'B') }]);
  });

  test('is left where it is as before, also with an item of somebody else between', () => {
    expect(restoresOf('A', 'B')).toEqual([]);
    expect(restoresOf('A', 'C', 'B')).toEqual([]);
  });

  const listOf = (named: JsonObject): JsonObject => ({
    'f:spec': {
      'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"main"}': { 'f:env': named } } } },
    },
  });
  const someones = { manager: 'someone', operation: 'Apply' as const, fieldsV1: listOf(variable('C')) };
  const liveOf = (...names: readonly string[]): KubernetesObject => {
    const object = env(...names) as unknown as KubernetesObject;
    return { ...object, metadata: { ...object.metadata, managedFields: [entry, someones] } };
  };
  const changeTo = (predicted: KubernetesObject): PlannedChange => ({
    reference: deployment,
    desired: predicted,
    live: liveOf('A', 'C', 'B'),
    predicted,
    action: 'configured',
    adopts: false,
    deferred: false,
    conflicts: [],
    warnings: [],
  });

  test('is kept with the items of others in a list that the release changes, and they are not restored', () => {
    const state = stateBeforeOf(changeTo(liveOf('C', 'B', 'A')));
    expect(state.neighbours).toEqual(listOf(variable('C')));
    expect(state.fields).toEqual(fields);
    const undoneFrom = (live: KubernetesObject) =>
      undoPlan({ before: [state], inventory: [] }, new Map([[keyOf(deployment), live]])).restores;
    expect(undoneFrom(liveOf('C', 'B', 'A'))).toMatchObject([{ request: env('A', 'C', 'B') }]);
    // Somebody has removed theirs since.
    expect(undoneFrom(liveOf('B', 'A'))).toMatchObject([{ request: env('A', 'B') }]);
  });

  test('of a list that the release does not change needs nothing of others', () => {
    expect(stateBeforeOf(changeTo(liveOf('A', 'C', 'B')))).not.toHaveProperty('neighbours');
  });
});

describe('the order of a list that is a set', () => {
  const configMap = reference('v1', 'ConfigMap');
  const fields: JsonObject = {
    'f:metadata': { 'f:finalizers': { '.': {}, 'v:"example.com/one"': {}, 'v:"example.com/two"': {} } },
  };
  const entry = { manager: 'orion', operation: 'Apply' as const, apiVersion: 'v1', fieldsV1: fields };
  const held = (...finalizers: readonly string[]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'web', namespace: 'shop', finalizers },
  });
  const restore = held('example.com/two', 'example.com/one');
  const before = {
    reference: configMap,
    presence: 'present' as const,
    restore,
    fields,
    ownership: [entry],
  };
  const restoresOf = (...finalizers: readonly string[]) => {
    const object = held(...finalizers);
    const live = { ...object, metadata: { ...object.metadata, managedFields: [entry] } };
    return undoPlan({ before: [before], inventory: [] }, new Map([[keyOf(configMap), live]])).restores;
  };

  test('is restored where it is all that the release has changed', () => {
    expect(restoresOf('example.com/one', 'example.com/two')).toMatchObject([{ request: restore }]);
  });

  test('is left where it is as before', () => {
    expect(restoresOf('example.com/two', 'example.com/one')).toEqual([]);
  });
});

test('a count that the API server keeps is not sent back: it would never be what it was', () => {
  const set = reference('apps/v1', 'DaemonSet');
  const counter = 'deprecated.daemonset.template.generation';
  const fieldsV1: JsonObject = { 'f:metadata': { 'f:annotations': { [`f:${counter}`]: {}, 'f:team': {} } } };
  const manager = 'kubectl-client-side-apply';
  const entry = { manager, operation: 'Update' as const, apiVersion: 'apps/v1', fieldsV1 };
  const annotations = { [counter]: '1', team: 'red' };
  const metadata = { name: 'web', namespace: 'shop', annotations, managedFields: [entry] };
  const live = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata } as unknown as KubernetesObject;
  const state = stateBeforeOf({
    reference: set,
    desired: live,
    live,
    action: 'configured',
    conflicts: [],
    adopts: true,
    deferred: false,
    warnings: [],
  });
  expect(state.restore).toMatchObject({ metadata: { annotations: { team: 'red' } } });
  expect(JSON.stringify([state.restore, state.fields])).not.toContain(counter);
});

test('a field that nobody owns, and that the release writes with the value it has, is sent back', () => {
  const secret = reference('v1', 'Secret');
  const of = (data: JsonObject, fieldsV1: JsonObject): KubernetesObject => {
    const entry = { manager: 'orion', operation: 'Apply' as const, apiVersion: 'v1', fieldsV1 };
    const metadata = { name: 'web', namespace: 'shop', managedFields: [entry] };
    return { apiVersion: 'v1', kind: 'Secret', metadata, data } as unknown as KubernetesObject;
  };
  // `stringData` of somebody's server-side apply becomes data that has no owner.
  const live = of({ key: 'YQ==', free: 'Yg==' }, { 'f:data': { 'f:key': {} } });
  const predicted = of({ key: 'Yw==', free: 'Yg==' }, { 'f:data': { 'f:key': {}, 'f:free': {} } });
  const state = stateBeforeOf({
    reference: secret,
    desired: predicted,
    live,
    predicted,
    action: 'configured',
    conflicts: [],
    adopts: false,
    deferred: false,
    warnings: [],
  });
  expect(state.restore).toMatchObject({ data: { key: 'YQ==', free: 'Yg==' } });
});

test('a field taken from another manager by the very value it has is sent back: else it would go with us', () => {
  const policy = reference('networking.k8s.io/v1', 'NetworkPolicy');
  const of = (
    ...owners: readonly (readonly [manager: string, ...fields: readonly string[]])[]
  ): KubernetesObject => {
    const managedFields = owners.map(([manager, ...fields]) => ({
      manager,
      operation: 'Apply' as const,
      apiVersion: 'networking.k8s.io/v1',
      fieldsV1: { 'f:spec': Object.fromEntries(fields.map((name) => [`f:${name}`, {}])) },
    }));
    // The server has defaulted the protocol: both managers applied the list without it, and so it is in conflict.
    const spec = { ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }], policyTypes: ['Ingress'] };
    const metadata = { name: 'web', namespace: 'shop', managedFields };
    return {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec,
    } as unknown as KubernetesObject;
  };
  const predicted = of(['someone', 'policyTypes'], ['orion', 'ingress', 'policyTypes']);
  const state = stateBeforeOf({
    reference: policy,
    desired: predicted,
    live: of(['someone', 'ingress', 'policyTypes']),
    predicted,
    action: 'configured',
    conflicts: [{ manager: 'someone', field: '.spec.ingress' }],
    adopts: false,
    deferred: false,
    warnings: [],
  });
  expect(state.restore).toMatchObject({ spec: { ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }] } });
  expect(state.fields).toEqual({ 'f:spec': { 'f:ingress': {} } });
});

test('a field that we owned without a value, and that the release gave one, is taken away again', () => {
  const account = reference('v1', 'ServiceAccount');
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web', namespace: 'shop' } };
  const fields: JsonObject = { 'f:imagePullSecrets': {} };
  const entry = { manager: 'orion', operation: 'Apply' as const, apiVersion: 'v1', fieldsV1: fields };
  const before = {
    reference: account,
    presence: 'present' as const,
    restore: object,
    fields,
    ownership: [entry],
  };
  const planned = (more: JsonObject) => {
    const metadata = { ...object.metadata, managedFields: [entry] };
    const live = { ...object, ...more, metadata } as unknown as KubernetesObject;
    return undoPlan({ before: [before], inventory: [] }, new Map([[keyOf(account), live]])).restores;
  };
  expect(planned({ imagePullSecrets: [{ name: 'pull' }] })).toMatchObject([{ request: object }]);
  expect(planned({})).toEqual([]);
});

test('the node port of an adopted Service is kept, though the dry-run still has the port that the release removes', () => {
  const port = { port: 81, protocol: 'TCP', nodePort: 31319 };
  const live: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { ports: [port] },
  };
  const adoption: PlannedChange = {
    reference: reference('v1', 'Service'),
    desired: live,
    live,
    predicted: live,
    action: 'configured',
    adopts: true,
    deferred: false,
    conflicts: [],
    warnings: [],
  };
  expect(stateBeforeOf(adoption).restore).toMatchObject({ spec: { ports: [port] } });
});

test('of a list item whose fields others own only its being there is ours: it is not compared with what they have of it', () => {
  const key = 'k:{"port":53,"protocol":"UDP"}';
  const [fields, restore] = [
    { 'f:spec': { 'f:ports': { [key]: {} } } },
    { spec: { ports: [{ port: 53, protocol: 'UDP' }] } },
  ];
  const service = (...ports: readonly JsonObject[]): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { ports },
  });
  expect(differing(fields, restore, service({ port: 53, protocol: 'UDP', name: 'theirs' }))).toEqual([]);
  expect(differing(fields, restore, service({ port: 54, protocol: 'UDP' }))).toHaveLength(1);
});
