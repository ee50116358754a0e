import { describe, expect, test } from 'vitest';
import { claimNamesOfPods } from '../../../../src/domain/checks/claims.ts';
import { membersOf } from '../../../../src/domain/health/pod-membership.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { userKinds } from '../../../../src/domain/prune/references.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { startRollout } from '../../../../src/domain/rollout/state.ts';
import { statusOf } from '../../../../src/domain/status/table.ts';
import { awaited } from '../../../../src/domain/workloads/awaited.ts';
import { extraPods, needsExtraPod } from '../../../../src/domain/workloads/extra-pods.ts';
import { podOfTemplate } from '../../../../src/domain/workloads/pod-template.ts';
import { imagesOf } from '../../../../src/domain/workloads/workloads.ts';
import {
  applied,
  ended,
  event,
  namespace,
  pod,
  running,
  start,
  target,
  template,
  waiting,
} from '../../../support/rollout/objects.ts';
import { outcome, tell } from '../../../support/rollout/story.ts';

type Fields = Readonly<Record<string, unknown>>;

function cloneSet(status: Fields = {}, spec: Fields = {}): KubernetesObject {
  return {
    apiVersion: 'apps.kruise.io/v1alpha1',
    kind: 'CloneSet',
    metadata: { name: 'web', namespace, uid: 'uid-web', generation: 2 },
    spec: { replicas: 2, template: template('2'), ...spec },
    status: { observedGeneration: 2, updateRevision: 'web-new', currentRevision: 'web-old', ...status },
  };
}

/** Both pods of the new revision, and up. */
const done = {
  replicas: 2,
  readyReplicas: 2,
  availableReplicas: 2,
  updatedReplicas: 2,
  updatedReadyReplicas: 2,
  expectedUpdatedReplicas: 2,
};
const strategy = (updateStrategy: Fields) => ({ updateStrategy });

const up = (name: string, revision: string, since = 1) =>
  pod(cloneSet(), {
    name,
    ready: since,
    containers: [running(since)],
    labels: { 'controller-revision-hash': revision },
  });

describe('status', () => {
  test.each([
    ['all pods updated and available', done, {}, 'current', 'current'],
    ['the change not seen', { ...done, observedGeneration: 1 }, {}, 'progressing', 'not-observed'],
    ['nothing reported', { observedGeneration: undefined }, {}, 'progressing', 'not-observed'],
    ['one pod updated', { ...done, updatedReplicas: 1 }, {}, 'progressing', 'too-few-updated'],
    [
      'paused on the way',
      { ...done, updatedReplicas: 1 },
      strategy({ paused: true }),
      'progressing',
      'paused',
    ],
    ['paused afterwards', done, strategy({ paused: true }), 'current', 'current'],
    [
      'one of the new ones not ready',
      { ...done, updatedReadyReplicas: 1 },
      {},
      'progressing',
      'not-available',
    ],
    ['one not available', { ...done, availableReplicas: 1 }, {}, 'progressing', 'not-available'],
    ['a pod of the surge left', { ...done, replicas: 3 }, {}, 'progressing', 'old-pods-left'],
    [
      'a partition of one',
      { ...done, updatedReplicas: 1, updatedReadyReplicas: 1 },
      strategy({ partition: 1 }),
      'current',
      'current',
    ],
    [
      'a partition in percent',
      { ...done, updatedReplicas: 1, updatedReadyReplicas: 1 },
      strategy({ partition: '20%' }),
      'current',
      'current',
    ],
    [
      'a partition short of everything',
      { ...done, updatedReplicas: 0 },
      strategy({ partition: '99%' }),
      'progressing',
      'too-few-updated',
    ],
    [
      'a partition of everything',
      { ...done, updatedReplicas: 0, updatedReadyReplicas: 0 },
      strategy({ partition: '100%' }),
      'current',
      'current',
    ],
    [
      'pods refused',
      { ...done, conditions: [{ type: 'FailedScale', status: 'True', reason: '', message: 'quota' }] },
      {},
      'progressing',
      'pod-creation-failing',
    ],
  ])('%s', (_, status, spec, word, code) => {
    expect(statusOf(cloneSet(status, spec))).toMatchObject({ word, code });
  });
});

describe('rollout: pods of the new revision', () => {
  test('passes when its new pods have stayed up, whatever old ones there were', () => {
    const story = applied(3, up('web-a', 'web-new', 2), up('web-b', 'web-new', 3), cloneSet(done));
    const ending = tell([target(cloneSet())], story);
    expect([outcome(ending), ending.at]).toEqual(['passed', 13]);
  });

  test('pods are told by the hash alone where Kruise labels them so', () => {
    const ending = tell(
      [target(cloneSet())],
      applied(3, up('web-a', 'new', 2), up('web-b', 'new', 3), cloneSet(done)),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 13]);
  });

  test('a pod that is updated in place is given its time to come back, and restarts once', () => {
    const revision = (hash: string) => ({ 'controller-revision-hash': hash });
    const spec = { replicas: 1, updateStrategy: { type: 'InPlaceIfPossible' } };
    const old = pod(cloneSet({}, spec), {
      name: 'web-a',
      ready: -50,
      containers: [running(-50)],
      labels: revision('web-old'),
    });
    const updating = pod(cloneSet({}, spec), {
      name: 'web-a',
      containers: [ended(3, 0, 0, 'Completed')],
      labels: revision('web-new'),
    });
    const back = pod(cloneSet({}, spec), {
      name: 'web-a',
      ready: 6,
      containers: [running(5, 1)],
      labels: revision('web-new'),
    });
    const one = {
      replicas: 1,
      availableReplicas: 1,
      updatedReplicas: 1,
      updatedReadyReplicas: 1,
    };
    const ending = tell(
      [target(cloneSet({}, spec))],
      [
        ...applied(-2, old),
        ...applied(2, cloneSet({ replicas: 1, availableReplicas: 1 }, spec)),
        ...applied(3, updating),
        ...applied(6, back, cloneSet(one, spec)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 16]);
  });

  test('does not pass on the word of its controller while the pods seen are of the old revision', () => {
    const story = applied(3, up('web-a', 'web-old', -50), up('web-b', 'web-old', -50), cloneSet(done));
    expect(outcome(tell([target(cloneSet())], story))).not.toBe('passed');
  });
});

describe('rollout: failures and their reasons', () => {
  test('fails on a new pod that crashes, with that as the reason', () => {
    const crashing = (restarts: number, at: number) =>
      pod(cloneSet(), {
        name: 'web-a',
        containers: [ended(at, restarts)],
        labels: { 'controller-revision-hash': 'web-new' },
      });
    const live = cloneSet({ ...done, updatedReplicas: 1, updatedReadyReplicas: 0 });
    const ending = tell(
      [target(cloneSet())],
      [
        ...applied(2, live, crashing(0, 2)),
        ...applied(14, crashing(1, 14)),
        ...applied(36, crashing(2, 36)),
        ...applied(80, crashing(3, 80)),
      ],
    );
    expect(outcome(ending)).toBe('crash-loop');
    expect(ending.verdict.workloads[0]).toMatchObject({ state: 'failed', desired: 2, updated: 1 });
  });

  test('names the image that cannot be pulled', () => {
    const pulling = pod(cloneSet(), {
      name: 'web-a',
      phase: 'Pending',
      containers: [waiting('ErrImagePull', 'manifest unknown: manifest unknown')],
      labels: { 'controller-revision-hash': 'web-new' },
    });
    const ending = tell(
      [target(cloneSet())],
      applied(2, cloneSet({ replicas: 1, updatedReplicas: 1 }), pulling),
    );
    expect(outcome(ending)).toBe('image-not-found');
  });

  test('fails on pods that are refused, by its events', () => {
    const live = cloneSet();
    const refused = event(
      live,
      'FailedCreate',
      'failed to create pod: pods "web-a" is forbidden: violates PodSecurity "restricted:latest", pod: {"spec":{"containers":[{"env":[{"value":"must specify"}]}]}}',
      2,
    );
    const ending = tell([target(live)], applied(2, live, refused));
    expect(outcome(ending)).toBe('pod-creation-forbidden');
    expect(ending.verdict).toMatchObject({
      failures: [{ message: 'Pods of CloneSet web are refused: violates PodSecurity "restricted:latest".' }],
    });
  });

  test('reads the words of the API server, not those of the pod that Kruise puts behind them', () => {
    const live = cloneSet();
    const refused = event(
      live,
      'FailedCreate',
      'failed to create pod: Post "https://10.0.0.1/api/v1": EOF, pod: {"value":"must specify"}',
      2,
    );
    expect(outcome(tell([target(live)], applied(2, live, refused)))).not.toBe('pod-creation-forbidden');
  });

  test('is told by whom it was paused: not by the overlay', () => {
    const live = cloneSet({ ...done, updatedReplicas: 1 }, strategy({ paused: true }));
    const ending = tell([target(cloneSet())], applied(2, live));
    expect(outcome(ending)).toBe('deployment-paused');
  });
});

describe('everything else that is asked of a workload', () => {
  test('a release waits for it, and looks into its template', () => {
    expect(awaited(cloneSet())).toBe(true);
    expect(imagesOf(cloneSet())).toHaveLength(1);
    expect(podOfTemplate(cloneSet())?.metadata).toMatchObject({
      generateName: 'web-',
      labels: { app: 'api', 'controller-revision-hash': 'web-5d4f8c7b9f' },
      ownerReferences: [{ kind: 'CloneSet', uid: 'uid-web', controller: true }],
    });
  });

  test.each([
    [{}, false, 0],
    [strategy({ maxSurge: 1 }), true, 1],
    [strategy({ maxSurge: '30%' }), true, 1],
    [{ replicas: 3 }, true, 1],
  ])('surge of %j', (spec, extra, count) => {
    const live = cloneSet();
    expect(needsExtraPod(live, cloneSet({}, spec))).toBe(extra);
    expect(extraPods(cloneSet({}, spec), live, [], false)).toBe(count);
    expect(extraPods(cloneSet(), undefined, [], false)).toBe(2);
  });

  test('its claims have names that nobody knows before', () => {
    const claims = { volumeClaimTemplates: [{ metadata: { name: 'data' } }] };
    expect(claimNamesOfPods(cloneSet({}, claims))).toEqual([]);
  });

  test('keeps the configuration that it names from being pruned', () => {
    expect(userKinds).toContainEqual(expect.objectContaining({ kind: 'CloneSet' }));
  });

  test.each([
    [{}, 'old'],
    [strategy({ partition: 1 }), 'ours'],
  ])('with %j, a pod of the old revision is %s', (spec, membership) => {
    const live = cloneSet({ ...done, updatedReplicas: 1 }, spec);
    const state = [...applied(1, live, up('web-a', 'web-old'))].reduce(
      observe,
      startRollout([target(live)], start),
    );
    const [member] = membersOf(state, new Set(), []).selectedBy({ 'controller-revision-hash': 'web-old' });
    expect(member?.membership).toBe(membership);
  });
});
