/** Scenario 38 with a StatefulSet: old pods that its controller waits for, for ever. Here nobody deletes them in time. */
import { describe, expect, test } from 'vitest';
import { podsToFree } from '../../../../src/domain/causes/blocked.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import {
  type Limits,
  type ObservedChange,
  type RolloutState,
  startRollout,
} from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  ended,
  listed,
  namespace,
  pod,
  running,
  start,
  target,
  template,
  termination,
} from '../../../support/rollout/objects.ts';
import { limits, outcome, tell } from '../../../support/rollout/story.ts';

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

test('an old pod that goes on crashing blocks the update: to be deleted at its next end, else named a while later, with the command that helps', () => {
  const ending = told(seen, crashed(-100, 6), applied(12, crashed(12, 7)));
  expect([outcome(ending), ending.at]).toEqual(['old-pod-blocks', 42]);
  if (ending.verdict.state !== 'failed') throw new Error('passed');
  expect(ending.verdict.failures[0]).toMatchObject({
    message:
      'StatefulSet db cannot be updated: its controller waits for pod db-0 of the previous release to be ready (container api: exited with code 1).',
    remedy: expect.stringContaining('`kubectl --namespace shop delete pod db-0`'),
  });
});

test('an old pod that stays in back-off blocks it as well, after two allowances', () => {
  const ending = told(seen, crashed(-100, 6));
  expect([outcome(ending), ending.at]).toEqual(['old-pod-blocks', 60.3]);
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

const observed = (wish: KubernetesObject, first: KubernetesObject, ...changes: readonly ObservedChange[][]) =>
  [
    ...listed(-2, 'StatefulSet.apps', before),
    ...listed(-2, 'Pod', first),
    ...applied(0.3, wish),
    ...changes.flat(),
  ].reduce(observe, startRollout([target(wish)], start - 5_000));

/** Names of the pods to delete `seconds` after apply, and the second to look again. */
const toFree = (state: RolloutState, seconds: number, given: Limits = limits) => {
  const { due, nextAt } = podsToFree(state, start + seconds * 1000, given);
  return [due.map(({ object }) => object.metadata.name).join(), (nextAt - start) / 1000];
};

describe('who watches deletes', () => {
  const unready = pod(seen, { name: 'db-0', labels: revision('db-1'), containers: [running(-500)] });

  test('an old pod in a loop at once', () => {
    const state = observed(seen, crashed(-100, 6), applied(12, crashed(12, 7)));
    expect(toFree(state, 12)).toEqual(['db-0', Number.POSITIVE_INFINITY]);
  });

  test('one in back-off after an allowance, since what the release brings may mend it', () => {
    const state = observed(seen, crashed(-100, 6));
    expect(toFree(state, 12)).toEqual(['', 30.3]);
    expect(toFree(state, 30.3)).toEqual(['db-0', Number.POSITIVE_INFINITY]);
  });

  test('one that runs and is not ready after a longer one', () => {
    const state = observed(seen, unready);
    expect(toFree(state, 30.3)).toEqual(['', 60.3]);
    expect(toFree(state, 60.3)).toEqual(['db-0', Number.POSITIVE_INFINITY]);
  });

  test('whatever is not ready at once, when what was before is restored', () => {
    expect(toFree(observed(seen, unready), 0.3, { ...limits, restoring: true })).toEqual([
      'db-0',
      Number.POSITIVE_INFINITY,
    ]);
  });

  const ready = pod(seen, {
    name: 'db-0',
    labels: revision('db-1'),
    ready: -500,
    containers: [running(-500)],
  });
  const asked = (spec: Fields) => statefulSet('2', seen['status'] as Fields, spec);
  test.each([
    ['a pod that is ready', seen, ready],
    ['a pod of this release', seen, pod(seen, { name: 'db-0', labels: revision('db-2') })],
    ['pods below the partition', asked({ updateStrategy: { rollingUpdate: { partition: 1 } } }), unready],
    ['pods that are replaced by hand', asked({ updateStrategy: { type: 'OnDelete' } }), unready],
    ['pods of a Parallel set', asked({ podManagementPolicy: 'Parallel' }), unready],
    [
      'anything before the controller has seen the change',
      { ...seen, status: before['status'] ?? {} },
      unready,
    ],
  ])('never %s', (_what, wish, first) => {
    const restoring = { ...limits, restoring: true };
    expect(toFree(observed(wish, first), 200, restoring)).toEqual(['', Number.POSITIVE_INFINITY]);
  });
});
