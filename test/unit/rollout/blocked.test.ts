/** Scenario 38 with a StatefulSet: old pods that its controller waits for, for ever. */
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/domain/objects.ts';
import type { ObservedChange } from '../../../src/domain/rollout/state.ts';
import { applied, ended, listed, namespace, pod, running, target, template, termination } from './cluster.ts';
import { outcome, tell } from './story.ts';

type Fields = Readonly<Record<string, unknown>>;

function statefulSet(version: string, status: Fields, spec: Fields = {}): KubernetesObject {
  const generation = Number(version);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace, uid: 'statefulset-db', generation },
    spec: { replicas: 1, template: template(version), ...spec },
    status: { observedGeneration: generation, replicas: 1, ...status },
  };
}

const before = statefulSet('1', { currentRevision: 'db-1', updateRevision: 'db-1' });
const seen = statefulSet('2', { currentRevision: 'db-1', updateRevision: 'db-2' });
const done = statefulSet('2', {
  currentRevision: 'db-2',
  updateRevision: 'db-2',
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
});

const revision = (name: string) => ({ 'controller-revision-hash': name });
const crashed = (at: number, restarts: number) => {
  const more = restarts === 0 ? {} : { lastState: { terminated: termination(at - 20) } };
  return pod(seen, {
    name: 'db-0',
    labels: revision('db-1'),
    created: -600,
    containers: [ended(at, restarts, 1, 'Error', more)],
  });
};
const mended = pod(seen, {
  name: 'db-0',
  uid: 'mended',
  labels: revision('db-2'),
  ready: 8,
  containers: [running(7)],
});

const told = (wish: KubernetesObject, first: KubernetesObject, ...changes: readonly ObservedChange[][]) =>
  tell(
    [target(wish)],
    [
      ...listed(-2, 'StatefulSet.apps', before),
      ...listed(-2, 'Pod', first),
      ...applied(0.3, wish),
      ...changes.flat(),
    ],
  );

test('an old pod that goes on crashing blocks the update: named at its next end, with the command that helps', () => {
  const ending = told(seen, crashed(-100, 6), applied(12, crashed(12, 7)));
  expect([outcome(ending), ending.at]).toEqual(['old-pod-blocks', 12]);
  if (ending.verdict.state !== 'failed') throw new Error('passed');
  expect(ending.verdict.failures[0]).toMatchObject({
    message:
      'StatefulSet db cannot be updated: its controller waits for pod db-0 of the release before to be ready (container api: exited with code 1).',
    remedy: expect.stringContaining('`kubectl --namespace shop delete pod db-0`'),
  });
});

test('an old pod that stays in back-off blocks it as well, after an allowance', () => {
  const ending = told(seen, crashed(-100, 6));
  expect([outcome(ending), ending.at]).toEqual(['old-pod-blocks', 30.3]);
});

test('an old pod that is deleted by hand meanwhile is replaced: sound', () => {
  const ending = told(seen, crashed(-100, 6), applied(8, mended, done));
  expect(outcome(ending)).toBe('passed');
});

test('an old pod that falls over once during the update is not at fault', () => {
  const healthy = pod(seen, {
    name: 'db-0',
    labels: revision('db-1'),
    ready: -500,
    containers: [running(-500)],
  });
  const ending = told(seen, healthy, applied(2, crashed(2, 0)), applied(8, mended, done));
  expect(outcome(ending)).toBe('passed');
});

test('with Parallel the controller replaces it by itself', () => {
  const parallel = statefulSet('2', seen['status'] as Fields, { podManagementPolicy: 'Parallel' });
  const ending = told(parallel, crashed(-100, 6), applied(12, crashed(12, 7)));
  expect([outcome(ending), ending.at]).toEqual(['rollout-timeout', 300]);
});
