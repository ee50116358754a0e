/** Failures by an object's own word end a release; those that are tried again do not. */
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/domain/objects.ts';
import { groupKindOf, referenceOf } from '../../../src/domain/objects.ts';
import { observe } from '../../../src/domain/rollout/observe.ts';
import { defaultBudgets, startRollout } from '../../../src/domain/rollout/state.ts';
import { verdict } from '../../../src/domain/rollout/verdict.ts';

const limits = { timeout: 60_000, settle: 0, maxRestarts: 3, startedAt: 1000, budgets: defaultBudgets };

function judged(object: KubernetesObject): string {
  const target = { reference: referenceOf(object), changed: true, uid: 'u', generation: 1, desired: object };
  const groupKind = groupKindOf(object);
  const listed = { type: 'listed', groupKind, namespace: 'shop', objects: [object], at: 2000 } as const;
  return verdict(observe(startRollout([target], 1000), listed), 3000, limits).state;
}

const object = (apiVersion: string, kind: string, conditions: readonly unknown[]): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: {
    name: 'one',
    namespace: 'shop',
    uid: 'u',
    generation: 1,
    creationTimestamp: '1970-01-01T00:00:02Z',
    annotations: { 'orion.dev/ready-when': 'condition=Ready' },
  },
  status: { conditions },
});

test('a stalled custom resource ends the release at once', () => {
  const stalled = [{ type: 'Stalled', status: 'True', reason: 'BadSpec' }];
  expect(judged(object('example.test/v1', 'Widget', stalled))).toBe('failed');
});

test('an autoscaler that is waited for and has no metrics yet does not', () => {
  const noMetrics = [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }];
  expect(judged(object('autoscaling/v2', 'HorizontalPodAutoscaler', noMetrics))).toBe('pending');
});
