import { describe, expect, test } from 'vitest';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { startRollout, withTarget } from '../../../../src/domain/rollout/state.ts';
import { verdict } from '../../../../src/domain/verdict/verdict.ts';
import {
  applied,
  deleted,
  deployment,
  ended,
  event,
  listed,
  pod,
  replicaFailure,
  replicaSet,
  running,
  start,
  target,
  template,
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { limits, outcome, tell } from '../../../support/rollout/story.ts';

const wish = deployment({ updated: 1 });
const set = replicaSet(wish, 'new');
const done = deployment({ updated: 1, available: 1 });
const unscheduled = [
  {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: '0/1 nodes are available: 1 Insufficient memory.',
    lastTransitionTime: time(1),
  },
];

describe('what was there before does not count', () => {
  test('restarts of pods that a change of labels leaves running', () => {
    const old = (restarts: number) => pod(set, { ready: -60, containers: [running(-60, restarts)] });
    const ending = tell([target(done)], [...listed(-2, 'Pod', old(9)), ...applied(0.1, done, set)]);
    expect([outcome(ending), ending.at, ending.verdict.workloads[0]?.restarts]).toEqual(['passed', 0.1, 0]);
  });

  test('but a restart of theirs within the release is one more wait', () => {
    const ending = tell(
      [target(done)],
      [
        ...listed(-2, 'Pod', pod(set, { ready: -3, containers: [running(-3, 9)] })),
        ...applied(0.1, done, set),
        ...applied(5, pod(set, { ready: 5, containers: [running(5, 10)] })),
      ],
    );
    expect([outcome(ending), ending.at, ending.verdict.workloads[0]?.restarts]).toEqual(['passed', 15, 1]);
  });
});

describe('room that is being made', () => {
  const pending = pod(set, { phase: 'Pending', conditions: unscheduled });

  test('a pod on its way out restarts the scheduling budget', () => {
    const old = pod(set, { name: 'old', deletion: 40 });
    const ending = tell([target(wish)], [...applied(1, wish, set, old, pending), ...deleted(20, old)]);
    expect([outcome(ending), ending.at]).toEqual(['unschedulable', 50]);
  });

  test('a node that the autoscaler has ordered is waited for', () => {
    const ordered = event(pending, 'TriggeredScaleUp', 'pod triggered scale-up', 3, { type: 'Normal' });
    const up = pod(set, { ready: 90, containers: [running(90)] });
    const ending = tell(
      [target(wish)],
      [...applied(1, wish, set, pending), ...applied(3, ordered), ...applied(90, up, done)],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 100]);
  });

  test('a quota that frees nothing: now; one whose old pods will go: its allowance', () => {
    const message = 'pods "x" is forbidden: exceeded quota: q';
    const conditions = [replicaFailure(message, 1)];
    const moving = deployment({ generation: 2, replicas: 4, total: 4 });
    const oldest = replicaSet(moving, 'old', { template: template('1') });
    const olds = ['a', 'b', 'c', 'd'].map((name) =>
      pod(oldest, { name, ready: -9, containers: [running(-9)] }),
    );
    const ending = tell(
      [target(moving)],
      [
        ...listed(-1, 'ReplicaSet.apps', oldest),
        ...listed(-1, 'Pod', ...olds),
        ...applied(1, moving, replicaSet(moving, 'new', { conditions })),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['quota-exceeded', 31]);
  });
});

test('a volume that does not mount: at the end of its budget, with its name', () => {
  const mounting = pod(set, { phase: 'Pending', containers: [waiting('ContainerCreating')] });
  const text = 'MountVolume.SetUp failed for volume "certificates" : secret "tls" not found';
  const ending = tell(
    [target(wish)],
    [...applied(1, wish, set, mounting), ...applied(3, event(mounting, 'FailedMount', text, 3))],
  );
  expect([outcome(ending), ending.at]).toEqual(['volume-pending', 33]);
});

test('a probe whose answer changes makes progress', () => {
  const probed = template('2', { spec: { readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 } } });
  const slow = deployment({ template: probed, updated: 1 });
  const slowSet = replicaSet(slow, 'new');
  const unready = pod(slowSet, { containers: [running(1, 0, { ready: false })] });
  const answer = (text: string, at: number) =>
    event(unready, 'Unhealthy', `Readiness probe failed: ${text}`, at, { container: 'api' });
  const ending = tell(
    [target(slow)],
    [
      ...applied(1, slow, slowSet, unready),
      ...applied(2, answer('dial tcp: connect: connection refused', 2)),
      ...applied(50, answer('HTTP probe failed with statuscode: 503', 50)),
    ],
  );
  expect([outcome(ending), ending.at]).toEqual(['readiness-probe-failing', 111]);
});

describe('while objects are still being applied', () => {
  const other = deployment({ name: 'other' });

  test('nothing passes before the last target is registered', () => {
    const none = deployment({ replicas: 0 });
    let state = withTarget(startRollout([], start, 2), target(none));
    for (const change of applied(1, none)) state = observe(state, change);
    expect(verdict(state, start + 2_000, limits).state).toBe('pending');
    const empty = deployment({ name: 'other', replicas: 0 });
    for (const change of applied(2, empty)) state = observe(state, change);
    expect(verdict(withTarget(state, target(empty)), start + 2_000, limits).state).toBe('passed');
  });

  test('a failing release fails at once', () => {
    let state = withTarget(startRollout([], start, 2), target(wish));
    const broken = pod(set, {
      phase: 'Pending',
      containers: [waiting('InvalidImageName', "couldn't parse image name")],
    });
    for (const change of applied(1, wish, set, broken)) state = observe(state, change);
    expect(verdict(state, start + 1_000, limits).state).toBe('failed');
    expect(verdict(withTarget(state, target(other)), start + 1_000, limits).state).toBe('failed');
  });
});

test('a fold does not change the state it was given', () => {
  const before = observe(startRollout([target(wish)], start), {
    type: 'applied',
    object: wish,
    at: start + 1,
  });
  const first = verdict(before, start + 1, limits);
  const crashed = pod(set, { containers: [ended(1, 5)] });
  const after = [set, crashed].reduce(
    (state, object) => observe(state, { type: 'applied', object, at: start + 2 }),
    before,
  );
  expect(verdict(after, start + 2, limits).state).toBe('failed');
  expect(verdict(before, start + 1, limits)).toEqual(first);
});

describe('changes that come late', () => {
  const versioned = (version: string, fields: Parameters<typeof pod>[1]) => {
    const object = pod(set, fields);
    return { ...object, metadata: { ...object.metadata, resourceVersion: version } };
  };

  test('the end of a pod is not the end of the one that took its name', () => {
    const fresh = pod(set, { uid: 'second', ready: 3, containers: [running(3)] });
    const ending = tell(
      [target(wish)],
      [
        ...applied(1, wish, set, pod(set, { uid: 'first' })),
        ...applied(3, fresh, done),
        ...deleted(4, pod(set, { uid: 'first' })),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 13]);
  });

  test('an older version of an object is passed over', () => {
    const ready = versioned('1000', { ready: 3, containers: [running(3)] });
    const older = versioned('999', { phase: 'Pending' });
    const ending = tell(
      [target(wish)],
      [...applied(1, wish, set), ...applied(3, ready, done), ...applied(4, older)],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 13]);
  });
});
