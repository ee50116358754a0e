import { describe, expect, test } from 'vitest';
import type {
  JsonObject,
  KubernetesObject,
  ObjectMetadata,
} from '../../../../src/domain/kubernetes/objects.ts';
import {
  actionOf,
  intentOf,
  isSameIntent,
  otherToolOf,
  scaleTargetsOf,
  settleReplicas,
} from '../../../../src/domain/plan/changes.ts';

const owned = { 'f:spec': { 'f:image': {} } };

function object(
  spec: JsonObject,
  metadata: Partial<ObjectMetadata> = {},
  manager = 'orion',
): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      managedFields: [{ manager, operation: 'Apply', apiVersion: 'apps/v1', fieldsV1: owned }],
      ...metadata,
    },
    spec,
  };
}

describe('what a write would do', () => {
  const live = object({ image: 'a', paused: false }, { resourceVersion: '1', generation: 1 });
  test.each<[string, KubernetesObject | undefined, KubernetesObject | undefined, string]>([
    ['nothing is there', undefined, live, 'created'],
    ['nobody could be asked', live, undefined, 'configured'],
    ['all is as it was', live, live, 'unchanged'],
    [
      'the server’s bookkeeping moved',
      live,
      object({ image: 'a', paused: false }, { resourceVersion: '2' }),
      'unchanged',
    ],
    [
      'a controller wrote an annotation between the answers',
      live,
      object({ image: 'a', paused: false }, { annotations: { 'deployment.kubernetes.io/revision': '2' } }),
      'unchanged',
    ],
    ['a value of ours differs', live, object({ image: 'b', paused: false }), 'configured'],
    [
      'the value is there but not ours',
      object({ image: 'a' }, {}, 'someone'),
      object({ image: 'a' }),
      'configured',
    ],
  ])('%s', (_, before, predicted, action) => {
    expect(actionOf(before, predicted)).toBe(action);
  });

  test('intent leaves out status, server metadata and the annotation of kubectl apply', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', team: 'blue' };
    const seen = { ...object({ image: 'a' }, { uid: '1', annotations }), status: { ready: 1 } };
    expect(intentOf(seen)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', annotations: { team: 'blue' } },
      spec: { image: 'a' },
    });
    expect(isSameIntent(seen, { ...seen, status: {} })).toBe(true);
    expect(isSameIntent(seen, { ...seen, metadata: { ...seen.metadata, uid: '2' } })).toBe(false);
  });

  test('also where its controller has noted the revision, as it does a moment after each change', () => {
    const seen = object({ image: 'a' }, { uid: '1', annotations: { team: 'blue' } });
    const noted = (subresource?: string): KubernetesObject => ({
      ...seen,
      metadata: {
        ...seen.metadata,
        annotations: { team: 'blue', 'deployment.kubernetes.io/revision': '2' },
        managedFields: [
          ...(seen.metadata.managedFields ?? []),
          {
            manager: 'kube-controller-manager',
            operation: 'Update',
            apiVersion: 'apps/v1',
            fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:deployment.kubernetes.io/revision': {} } } },
            ...(subresource === undefined ? {} : { subresource }),
          },
        ],
      },
    });
    expect(isSameIntent(seen, noted('status'))).toBe(true);
    expect(isSameIntent(seen, noted())).toBe(false);
  });
});

test.each([
  [{ annotations: { 'argocd.argoproj.io/tracking-id': 'x' } }, 'Argo CD'],
  [{ labels: { 'kustomize.toolkit.fluxcd.io/name': 'x' } }, 'Flux'],
  [{ labels: { 'helm.toolkit.fluxcd.io/name': 'x' } }, 'Flux'],
  [{ annotations: { 'meta.helm.sh/release-name': 'x' } }, 'Helm'],
  [{ labels: { app: 'x' } }, undefined],
])('the mark %j is of %s', (metadata, tool) => {
  expect(otherToolOf(object({}, metadata))).toBe(tool);
});

describe('replicas under an autoscaler', () => {
  const targets = [{ kind: 'Deployment', name: 'web' }];
  const ownedBy = (replicas: number, ...managers: readonly string[]) =>
    object(
      { replicas },
      {
        managedFields: managers.map((manager) => ({
          manager,
          operation: manager === 'orion' ? 'Apply' : 'Update',
          fieldsV1: { 'f:spec': { 'f:replicas': {} } },
        })),
      },
    );
  const asked = object({ replicas: 2, image: 'a' });
  test.each<[string, KubernetesObject, KubernetesObject | undefined, boolean, unknown]>([
    ['the workload is new: the overlay says', asked, undefined, false, 2],
    ['we alone own them: the live value', asked, ownedBy(5, 'orion'), false, 5],
    ['also where the overlay dropped them', object({ image: 'a' }), ownedBy(5, 'orion'), false, 5],
    ['the autoscaler owns them: left out', asked, ownedBy(7, 'kube-controller-manager'), false, undefined],
    ['both own them: left out', asked, ownedBy(7, 'orion', 'kube-controller-manager'), false, undefined],
    ['nobody owns them: left out', object({ image: 'a' }), ownedBy(1), false, undefined],
    ['kubectl apply owns them and is adopted', asked, ownedBy(3, 'kubectl-client-side-apply'), true, 3],
    ['kubectl apply owns them and is not', asked, ownedBy(3, 'kubectl-client-side-apply'), false, undefined],
  ])('%s', (_, rendered, live, adopts, replicas) => {
    const settled = settleReplicas(rendered, live, targets, adopts);
    expect((settled['spec'] as JsonObject)['replicas']).toBe(replicas);
    expect((settled['spec'] as JsonObject)['image']).toBe('a');
  });

  test('without one the overlay decides', () => {
    expect(settleReplicas(asked, ownedBy(7, 'orion'), [{ kind: 'StatefulSet', name: 'web' }], false)).toBe(
      asked,
    );
  });

  test('targets of HPAs and ScaledObjects', () => {
    const autoscaler = (scaleTargetRef: unknown) => ({ ...object({}), spec: { scaleTargetRef } });
    expect(
      scaleTargetsOf([
        autoscaler({ kind: 'StatefulSet', name: 'db' }),
        autoscaler({ name: 'web' }),
        autoscaler({ kind: 'Deployment' }),
        autoscaler(undefined),
      ]),
    ).toEqual([
      { kind: 'StatefulSet', name: 'db' },
      { kind: 'Deployment', name: 'web' },
    ]);
  });
});
