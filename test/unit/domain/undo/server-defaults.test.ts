/** What the server adds to what a release writes, and how undo takes it away; found by the property test of undo (soak case 110). */
import { describe, expect, test } from 'vitest';
import { membersOf } from '../../../../src/domain/kubernetes/field-set.ts';
import { type JsonObject, type KubernetesObject, keyOf } from '../../../../src/domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../../../src/domain/plan/changes.ts';
import { undoPlan } from '../../../../src/domain/undo/plan.ts';
import { ownershipClaiming } from '../../../../src/domain/undo/server-defaults.ts';
import { stateBeforeOf } from '../../../../src/domain/undo/state-before.ts';

const reference = { apiVersion: 'batch/v1', kind: 'Job', namespace: 'shop', name: 'once' };
const named = (...names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [`f:${name}`, {}]));
const entry = (manager: string, fieldsV1: JsonObject) => ({
  manager,
  operation: 'Apply' as const,
  apiVersion: 'batch/v1',
  fieldsV1,
});
function job(
  labels: JsonObject,
  ports: readonly JsonObject[],
  ...entries: readonly object[]
): KubernetesObject {
  const metadata = { name: 'once', namespace: 'shop', labels, managedFields: entries };
  const spec = { template: { spec: { containers: [{ name: 'main', ports }] } } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec } as unknown as KubernetesObject;
}
const portsOf = (port: JsonObject, item: JsonObject = {}): JsonObject => ({
  'f:spec': {
    'f:template': {
      'f:spec': {
        'f:containers': { 'k:{"name":"main"}': { ...item, 'f:ports': port } },
      },
    },
  },
});
const port = portsOf(
  { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
  { '.': {}, 'f:name': {} },
);
const closed = { containerPort: 80, protocol: 'TCP' };

const before = entry('orion', { 'f:metadata': { 'f:labels': named('team') }, ...port });
const live = job({ team: 'red' }, [closed], before);
const written = entry('orion', port);
const predicted = job({ job: 'once', uid: 'u1' }, [{ ...closed, hostPort: 80 }], written);

const changeTo = (object: KubernetesObject, desired = object): PlannedChange => ({
  reference,
  desired,
  live,
  predicted: object,
  action: 'configured',
  conflicts: [],
  adopts: false,
  deferred: false,
  warnings: [],
});
const state = stateBeforeOf(changeTo(predicted));

describe('fields that the server adds and nobody owns', () => {
  test('are kept by name in the state before, also in items of lists', () => {
    expect(state.brought).toEqual({
      'f:metadata': { 'f:labels': named('job', 'uid') },
      ...portsOf({ 'k:{"containerPort":80,"protocol":"TCP"}': named('hostPort') }),
    });
  });

  test('are those in a map that is applied empty, too, which is ours by its name', () => {
    const emptied = entry('orion', { 'f:metadata': { 'f:labels': {} }, ...port });
    const filled = job({ job: 'once' }, [closed], emptied);
    const { brought } = stateBeforeOf(changeTo(filled, job({}, [closed])));
    expect(brought).toEqual({ 'f:metadata': { 'f:labels': named('job') } });
    expect(ownershipClaiming(filled, membersOf(brought))).toEqual([
      { ...emptied, fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:job': {} } }, ...port } },
    ]);
  });

  test('are none where the write adds only what it owns, or what was there', () => {
    const more = job({ team: 'red', job: 'once' }, [closed], {
      ...before,
      fieldsV1: { 'f:metadata': { 'f:labels': named('team', 'job') }, ...port },
    });
    expect(stateBeforeOf(changeTo(more))).not.toHaveProperty('brought');
  });

  test('are asked of undo even where all that we owned has its values again', () => {
    const restored = job({ team: 'red', job: 'once' }, [closed], before);
    const plan = (object: KubernetesObject) =>
      undoPlan({ before: [state], inventory: [] }, new Map([[keyOf(reference), object]])).restores;
    expect(plan(restored)).toMatchObject([
      { brought: expect.arrayContaining([['f:metadata', 'f:labels', 'f:job']]) },
    ]);
    expect(plan(live)).toEqual([]);
  });
});

test('adoption brings what no dry-run shows: the labels of the template, to a Job that has none left', () => {
  const spec = { template: { metadata: { labels: { job: 'once', team: 'blue' } } } };
  const adopted = { ...live, spec };
  const { brought } = stateBeforeOf({ ...changeTo(adopted, job({}, [closed])), live: adopted, adopts: true });
  expect(membersOf(brought)).toEqual([['f:metadata', 'f:labels', 'f:job']]);
});

describe('the claim', () => {
  const paths = [
    ['f:metadata', 'f:labels', 'f:job'],
    ['f:metadata', 'f:labels', 'f:uid'],
  ];

  test('makes ours what is there and nobody owns, though somebody owns the map that holds it', () => {
    const others = entry('someone', { 'f:metadata': { 'f:labels': { '.': {}, 'f:uid': {} } } });
    expect(ownershipClaiming(job({ job: 'once', uid: 'u1' }, [], written, others), paths)).toEqual([
      { ...written, fieldsV1: { ...port, 'f:metadata': { 'f:labels': named('job') } } },
      others,
    ]);
  });

  test('is none without such fields, and where nothing is ours any more', () => {
    expect(ownershipClaiming(job({ team: 'red' }, [], written), paths)).toBeUndefined();
    expect(ownershipClaiming(job({ job: 'once' }, []), paths)).toBeUndefined();
  });
});
