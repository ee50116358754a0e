/** Failures by an object's own word end a release; those that are tried again do not. */
import { expect, test } from 'vitest';
import { causesOf } from '../../../../src/domain/causes/causes.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { groupKindOf, referenceOf } from '../../../../src/domain/kubernetes/objects.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import {
  defaultBudgets,
  type RolloutState,
  type RolloutTarget,
  startRollout,
} from '../../../../src/domain/rollout/state.ts';
import { workloadViewOf } from '../../../../src/domain/rollout/workload-view.ts';
import { verdict } from '../../../../src/domain/verdict/verdict.ts';

const limits = { timeout: 60_000, settle: 0, maxRestarts: 3, startedAt: 1000, budgets: defaultBudgets };

const targetOf = (object: KubernetesObject, generation = 1): RolloutTarget => ({
  reference: referenceOf(object),
  changed: true,
  uid: 'u',
  generation,
  desired: object,
});

function seen(object: KubernetesObject, generation = 1): RolloutState {
  const groupKind = groupKindOf(object);
  const listed = { type: 'listed', groupKind, namespace: 'shop', objects: [object], at: 2000 } as const;
  return observe(startRollout([targetOf(object, generation)], 1000), listed);
}

function judged(object: KubernetesObject): string {
  return verdict(seen(object), 3000, limits).state;
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

test('one that fails and is tried again does not, and is what to tell when time runs out', () => {
  const refused = [{ type: 'Ready', status: 'False', reason: 'SyncFailed', message: 'no such key' }];
  const secret = object('external-secrets.io/v1', 'ExternalSecret', refused);
  expect(judged(secret)).toBe('pending');
  const [cause] = causesOf(workloadViewOf(seen(secret), targetOf(secret)), limits);
  expect(cause?.fatality).toEqual({ when: 'never' });
  expect(cause?.failure.message).toContain('no such key');
});

test('a run that has failed does', () => {
  const failed = [{ type: 'Succeeded', status: 'False', reason: 'Failed' }];
  expect(judged(object('tekton.dev/v1', 'PipelineRun', failed))).toBe('failed');
});

test('an autoscaler that is waited for and has no metrics yet does not', () => {
  const noMetrics = [{ type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }];
  expect(judged(object('autoscaling/v2', 'HorizontalPodAutoscaler', noMetrics))).toBe('pending');
});

test('without a status subresource no generation is waited for that the status writes themselves have made', () => {
  const told = [{ type: 'Ready', status: 'True', observedGeneration: 1 }];
  const queue = object('example.test/v1', 'Queue', told);
  const manager = { manager: 'operator', fieldsV1: { 'f:status': {} } };
  const written = {
    ...queue,
    metadata: { ...queue.metadata, generation: 2, managedFields: [manager] },
    status: { observedGeneration: 1, conditions: told },
  };
  expect(judged(written)).toBe('passed');
  // Also where our write changed nothing, so that the entries are not kept.
  expect(verdict(seen(written, 2), 3000, limits).state).toBe('passed');
});

test('nor does its stability begin anew with each of them', () => {
  const queue = object('example.test/v1', 'Queue', [{ type: 'Ready', status: 'True' }]);
  const manager = { manager: 'operator', fieldsV1: { 'f:status': {} } };
  const at = (generation: number, spec: string) => ({
    ...queue,
    spec,
    metadata: {
      ...queue.metadata,
      generation,
      managedFields: [manager],
      resourceVersion: String(generation),
    },
  });
  const began = (last: KubernetesObject) => {
    const change = {
      type: 'listed',
      groupKind: 'Queue.example.test',
      namespace: 'shop',
      objects: [last],
      at: 9000,
    } as const;
    const state = observe(seen(at(1, 'a')), change);
    return workloadViewOf(state, targetOf(queue)).live?.generationAt;
  };
  expect(began(at(2, 'a'))).toBe(2000);
  expect(began(at(2, 'b'))).toBe(9000);
});
