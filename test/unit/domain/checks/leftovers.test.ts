/** What the server has filled in beside the old manifest, and refuses beside the new one. Its words are those of 1.36. */
import { describe, expect, test } from 'vitest';
import {
  claimsOf,
  leftoversOf,
  ownershipWith,
  patchWithout,
  predictedFrom,
  type RefusedWrite,
} from '../../../../src/domain/checks/leftovers.ts';
import { memberText } from '../../../../src/domain/kubernetes/field-set.ts';
import type {
  JsonObject,
  KubernetesObject,
  ManagedFieldsEntry,
} from '../../../../src/domain/kubernetes/objects.ts';

const forbidden =
  'Deployment.apps "web" is invalid: spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is \'Recreate\'';
const twoVolumes =
  'Deployment.apps "web" is invalid: spec.template.spec.volumes[1].configMap: Forbidden: may not specify more than 1 volume type';
const rollingUpdate = { maxSurge: '25%', maxUnavailable: '25%' };
const volume = 'k:{"name":"data"}';
const orion: ManagedFieldsEntry = {
  manager: 'orion',
  operation: 'Apply',
  apiVersion: 'apps/v1',
  fieldsV1: {
    'f:metadata': { 'f:labels': { 'f:old': {} } },
    'f:spec': {
      'f:replicas': {},
      'f:template': { 'f:spec': { 'f:volumes': { [volume]: { '.': {}, 'f:name': {} } } } },
    },
  },
};

const deployment = (spec: object, metadata: object = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec,
});
const pods = (volumes: object[]) => ({ template: { spec: { volumes, restartPolicy: 'Always' } } });
const live = deployment(
  {
    replicas: 2,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate },
    ...pods([{ name: 'data', emptyDir: {} }]),
  },
  { labels: { old: 'a', theirs: 'b' }, managedFields: [orion] },
);
const recreate: RefusedWrite = {
  desired: deployment({ replicas: 2, strategy: { type: 'Recreate' }, ...pods([{ name: 'data' }]) }),
  live,
  adopts: false,
  conflicts: [],
};
const filled: RefusedWrite = {
  ...recreate,
  desired: deployment({ replicas: 2, ...pods([{ name: 'data', configMap: { name: 'a' } }]) }),
};
const ownedBy = (manager: string, fieldsV1: JsonObject, write: RefusedWrite): RefusedWrite => ({
  ...write,
  live: {
    ...live,
    metadata: {
      ...live.metadata,
      managedFields: [orion, { manager, operation: 'Update', apiVersion: 'apps/v1', fieldsV1 }],
    },
  },
});
const strategyFields = { 'f:spec': { 'f:strategy': { 'f:rollingUpdate': { 'f:maxSurge': {} } } } };
const texts = (message: string, write: RefusedWrite) => leftoversOf(message, write).map(memberText);

describe('what is in the way', () => {
  test('a field that the refusal names and only the server has', () => {
    expect(texts(forbidden, recreate)).toEqual(['.spec.strategy.rollingUpdate']);
  });

  test('a map beside the one that is refused, in an item that the server counts in another list', () => {
    expect(texts(twoVolumes, filled)).toEqual(['.spec.template.spec.volumes[name="data"].emptyDir']);
  });

  test('nothing that another manager owns, unless it is adopted', () => {
    expect(texts(forbidden, ownedBy('helm', strategyFields, recreate))).toEqual([]);
    const kubectl = ownedBy('kubectl-client-side-apply', strategyFields, recreate);
    expect(texts(forbidden, kubectl)).toEqual([]);
    expect(texts(forbidden, { ...kubectl, adopts: true })).toEqual(['.spec.strategy.rollingUpdate']);
    // It goes with what is adopted.
    expect(claimsOf(leftoversOf(forbidden, { ...kubectl, adopts: true }), kubectl.live)).toEqual([]);
  });

  test('nothing, where the overlay itself says it', () => {
    const desired = deployment({ strategy: { type: 'Recreate', rollingUpdate } });
    expect(texts(forbidden, { ...recreate, desired })).toEqual([]);
    expect(texts('Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: no', recreate)).toEqual(
      [],
    );
  });
});

test('the patch takes away what is left and what is ours, and nothing of others', () => {
  expect(patchWithout(leftoversOf(forbidden, recreate), recreate)).toEqual({
    metadata: { labels: { old: null }, annotations: {} },
    spec: {
      replicas: 2,
      strategy: { type: 'Recreate', rollingUpdate: null },
      template: { spec: { volumes: [{ name: 'data' }], restartPolicy: 'Always' } },
    },
  });
});

test('claimed fields are ours, also where we owned nothing; others keep what they have', () => {
  const claims = leftoversOf(forbidden, recreate);
  const theirs = { manager: 'helm', operation: 'Apply', fieldsV1: { 'f:spec': {} } };
  expect(ownershipWith(claims, [theirs, orion], 'apps/v1')).toMatchObject([
    theirs,
    {
      manager: 'orion',
      fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:strategy': { 'f:rollingUpdate': {} } } },
    },
  ]);
  expect(ownershipWith(claims, [theirs], 'apps/v1')).toMatchObject([
    theirs,
    {
      manager: 'orion',
      operation: 'Apply',
      fieldsV1: { 'f:spec': { 'f:strategy': { 'f:rollingUpdate': {} } } },
    },
  ]);
  expect(ownershipWith([], [theirs], 'apps/v1')).toEqual([theirs]);
});

test('the prediction has the values of the patch and the ownership of the manifest', () => {
  const alone = { ...live, metadata: { ...live.metadata, managedFields: [{ ...orion, time: 'now' }] } };
  const write = ownedBy(
    'helm',
    { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } },
    {
      ...recreate,
      conflicts: [{ manager: 'helm', field: '.spec.replicas' }],
    },
  );
  const merged = { ...live, spec: { replicas: 2 } };
  const predicted = predictedFrom(merged, alone, {
    ...write,
    conflicts: [{ manager: 'helm', field: '.spec.replicas' }],
  });
  expect(predicted['spec']).toEqual({ replicas: 2 });
  expect(predicted.metadata.managedFields).toMatchObject([
    { manager: 'helm', fieldsV1: { 'f:spec': { 'f:paused': {} } } },
    { manager: 'orion', time: 'now' },
  ]);
});
