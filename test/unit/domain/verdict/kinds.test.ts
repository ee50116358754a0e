import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import {
  applied,
  deleted,
  ended,
  event,
  listed,
  namespace,
  pod,
  running,
  target,
  template,
  termination,
  time,
  waiting,
} from '../../../support/rollout/objects.ts';
import { outcome, tell } from '../../../support/rollout/story.ts';

type Fields = Readonly<Record<string, unknown>>;

function workload(kind: string, spec: Fields, status: Fields, metadata: Fields = {}): KubernetesObject {
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: 'db', namespace, uid: `uid-${kind}`, generation: 1, ...metadata },
    spec: { template: template('2'), ...spec },
    status: kind === 'Job' ? status : { observedGeneration: 1, ...status },
  };
}

const revision = (hash: string) => ({ labels: { 'controller-revision-hash': hash } });

const statefulSet = (status: Fields, spec: Fields = {}) =>
  workload(
    'StatefulSet',
    { replicas: 2, ...spec },
    { updateRevision: 'new', currentRevision: 'old', ...status },
  );

const statefulPod = (name: string, hash: string, since = 1) =>
  pod(statefulSet({}), { name, ready: since, containers: [running(since)], ...revision(hash) });

describe('StatefulSet: its revisions and partitions', () => {
  test('passes when both pods are of the new revision and stay up', () => {
    const done = statefulSet({
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      currentRevision: 'new',
    });
    const ending = tell(
      [target(statefulSet({}))],
      applied(3, statefulPod('db-0', 'new', 2), statefulPod('db-1', 'new', 3), done),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 13]);
  });

  test('its second pod never becomes ready', () => {
    const probed = { template: template('2', { spec: { readinessProbe: { tcpSocket: { port: 5432 } } } }) };
    const live = statefulSet({ replicas: 2, updatedReplicas: 2, readyReplicas: 1 }, probed);
    const good = pod(live, { name: 'db-0', ready: 1, containers: [running(1)], ...revision('new') });
    const bad = pod(live, {
      name: 'db-1',
      containers: [running(4, 0, { ready: false })],
      ...revision('new'),
    });
    const ending = tell([target(live)], [...applied(1, live, good), ...applied(4, bad)]);
    // initialDelaySeconds 0, timeoutSeconds 1, three times 3 × 10 s.
    expect([outcome(ending), ending.at]).toEqual(['readiness-probe-failing', 95]);
  });

  test('a partition leaves old pods by design', () => {
    const live = statefulSet(
      { replicas: 2, updatedReplicas: 1, readyReplicas: 2, availableReplicas: 2 },
      {
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
      },
    );
    const ending = tell(
      [target(live)],
      applied(2, live, statefulPod('db-0', 'old', -50), statefulPod('db-1', 'new', 2)),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 12]);
  });

  test('OnDelete leaves old pods by design', () => {
    const live = statefulSet(
      { replicas: 2, readyReplicas: 2, availableReplicas: 2 },
      { updateStrategy: { type: 'OnDelete' } },
    );
    const ending = tell(
      [target(live)],
      applied(2, live, statefulPod('db-0', 'old'), statefulPod('db-1', 'old')),
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 2]);
  });

  test('a crash of a pod of the old revision does not count', () => {
    const old = pod(statefulSet({}), { name: 'db-0', containers: [ended(1, 8)], ...revision('old') });
    const done = statefulSet({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 });
    const ending = tell(
      [target(statefulSet({}))],
      [
        ...applied(1, statefulSet({ replicas: 2, readyReplicas: 1 }), old),
        ...deleted(3, old),
        ...applied(4, statefulPod('db-0', 'new', 4), statefulPod('db-1', 'new', 2), done),
      ],
    );
    expect(outcome(ending)).toBe('passed');
  });
});

describe('StatefulSet: pods that are refused', () => {
  test('its pods are refused: the event tells', () => {
    const live = statefulSet({ replicas: 0 });
    const text =
      'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: exceeded quota: compute';
    const ending = tell(
      [target(live)],
      [...applied(1, live), ...applied(2, event(live, 'FailedCreate', text, 2))],
    );
    expect([outcome(ending), ending.at]).toEqual(['quota-exceeded', 2]);
  });

  test('a store that was away refuses nothing', () => {
    const live = statefulSet({ replicas: 0 });
    const text = 'create Pod db-0 in StatefulSet db failed error: etcdserver: request timed out';
    const ending = tell(
      [target(live)],
      [...applied(1, live), ...applied(2, event(live, 'FailedCreate', text, 2))],
    );
    expect(outcome(ending)).toBe('rollout-timeout');
  });

  test('a refusal of an earlier release does not count, nor one that a later pod has healed', () => {
    const live = statefulSet({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 });
    const earlier = event(live, 'FailedCreate', 'exceeded quota: compute', -60);
    const healed = event(live, 'FailedCreate', 'forbidden: exceeded quota: other', 1);
    const first = pod(live, {
      name: 'db-0',
      created: 2,
      ready: 3,
      containers: [running(3)],
      ...revision('new'),
    });
    const ending = tell(
      [target(live)],
      [
        ...listed(-1, 'Event', earlier),
        ...applied(2.5, first, healed, statefulSet({ replicas: 1 })),
        ...applied(3, statefulPod('db-1', 'new', 3), live),
      ],
    );
    expect(outcome(ending)).toBe('passed');
  });
});

describe('DaemonSet', () => {
  const generation = (value: string) => ({
    annotations: { 'deprecated.daemonset.template.generation': value },
  });
  const set = (status: Fields) =>
    workload(
      'DaemonSet',
      {},
      { desiredNumberScheduled: 2, currentNumberScheduled: 2, ...status },
      generation('2'),
    );
  const of = (value: string) => ({ labels: { 'pod-template-generation': value } });

  test('passes when every node has a new pod', () => {
    const live = set({ updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2 });
    const pods = ['a', 'b'].map((name) =>
      pod(live, { name, ready: 2, containers: [running(2)], ...of('2') }),
    );
    expect(outcome(tell([target(live)], applied(2, live, ...pods)))).toBe('passed');
  });

  test('one bad pod: it cannot be done', () => {
    const live = set({ updatedNumberScheduled: 2, numberAvailable: 1, numberReady: 1 });
    const good = pod(live, { name: 'a', ready: 2, containers: [running(2)], ...of('2') });
    const old = pod(live, { name: 'old', phase: 'Running', containers: [ended(1, 6)], ...of('1') });
    const text = 'rpc error: code = NotFound desc = registry.test/shop/api:2: not found';
    const bad = pod(live, {
      name: 'b',
      phase: 'Pending',
      containers: [waiting('ErrImagePull', text)],
      ...of('2'),
    });
    const ending = tell([target(live)], [...applied(2, live, good, old), ...applied(3, bad)]);
    expect([outcome(ending), ending.at]).toEqual(['image-not-found', 3]);
  });
});

describe('DaemonSet that surges', () => {
  const set = (count: number, status: Fields = {}) =>
    workload(
      'DaemonSet',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
      { desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1, numberAvailable: 1, ...status },
      { annotations: { 'deprecated.daemonset.template.generation': `${count}` } },
    );
  const of = (count: number, hash: string) => ({
    labels: { 'pod-template-generation': `${count}`, 'controller-revision-hash': hash },
    spec: { nodeName: 'node-1' },
  });
  const old = pod(set(2), {
    name: 'old',
    created: -60,
    ready: -60,
    containers: [running(-60)],
    ...of(1, 'a'),
  });
  const bad = (run: number, at: number) =>
    pod(set(2), { name: 'new', created: 1, containers: [ended(at, run)], ...of(2, 'b') });

  test('its new pod ends three times while the old one serves', () => {
    const ending = tell(
      [target(set(2))],
      [
        ...listed(-1, 'Pod', old),
        ...applied(1, set(2, { updatedNumberScheduled: 0 })),
        ...applied(2, bad(0, 2)),
        ...applied(4, bad(1, 4)),
        ...applied(16, bad(2, 16)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 16]);
  });

  test('is done when the new pod has taken over, not before', () => {
    const fresh = pod(set(2), { name: 'new', created: 1, ready: 3, containers: [running(3)], ...of(2, 'b') });
    const ending = tell(
      [target(set(2))],
      [
        ...listed(-1, 'Pod', old),
        ...applied(1, set(2, { updatedNumberScheduled: 0 })),
        ...applied(3, fresh),
        ...deleted(20, old),
        ...applied(20, set(2, { updatedNumberScheduled: 1 })),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 20]);
  });

  test('its undo: the old pod was there all along, under the number of an earlier template', () => {
    const ending = tell(
      [target(set(3))],
      [
        ...listed(-1, 'Pod', old, bad(3, -3)),
        ...applied(1, set(3, { updatedNumberScheduled: 1 })),
        ...deleted(3, bad(3, -3)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 1]);
  });

  test('an undo that its controller has not seen yet is not done', () => {
    const unseen = set(3, { updatedNumberScheduled: 1, observedGeneration: 0 });
    const ending = tell([target(set(3))], [...listed(-1, 'Pod', old), ...applied(1, unseen)]);
    expect(outcome(ending)).toBe('rollout-timeout');
  });

  test('the pods that an undo leaves alone are told from one that it has made', () => {
    const two = { desiredNumberScheduled: 2, currentNumberScheduled: 2 };
    const made = pod(set(3), { name: 'made', created: 2, ready: 3, containers: [running(3)], ...of(3, 'a') });
    const ending = tell(
      [target(set(3))],
      [
        ...listed(-1, 'Pod', old),
        ...applied(
          3,
          made,
          set(3, { ...two, updatedNumberScheduled: 2, numberReady: 2, numberAvailable: 2 }),
        ),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 13]);
  });
});

describe('Job', () => {
  const job = (status: Fields) => workload('Job', { backoffLimit: 2 }, status);
  const failedPod = (name: string, at: number) =>
    pod(job({}), { name, phase: 'Failed', spec: { restartPolicy: 'Never' }, containers: [ended(at, 0, 7)] });
  const complete = {
    conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: time(9) }],
    succeeded: 1,
  };

  test('succeeds on the third try', () => {
    const ending = tell(
      [target(job({}))],
      [
        ...applied(1, job({ active: 1 }), failedPod('one', 1)),
        ...applied(3, failedPod('two', 3), job({ failed: 2 })),
        ...applied(9, job(complete)),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 9]);
  });

  test('fails to its backoffLimit: names the exit of the last try', () => {
    const condition = {
      type: 'Failed',
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
      lastTransitionTime: time(9),
    };
    const ending = tell(
      [target(job({}))],
      [
        ...applied(1, job({}), failedPod('one', 1)),
        ...applied(9, failedPod('two', 8), job({ conditions: [condition] })),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['job-failed', 9]);
    const failure = ending.verdict.state === 'failed' ? ending.verdict.failures[0] : undefined;
    expect(failure).toMatchObject({ container: { pod: 'two' }, evidenceAt: time(9) });
    expect(failure?.message).toBe(
      'Job db failed: Job has reached the specified backoff limit (BackoffLimitExceeded); container api exited with code 7.',
    );
  });

  test('of an Indexed Job the indexes that failed are named', () => {
    const conditions = [
      { type: 'Failed', status: 'True', reason: 'FailedIndexes', message: 'Job has failed indexes' },
    ];
    const ending = tell([target(job({}))], applied(9, job({ conditions, failedIndexes: '1,3-4' })));
    const failure = ending.verdict.state === 'failed' ? ending.verdict.failures[0] : undefined;
    expect(failure?.message).toBe(
      'Job db failed: Job has failed indexes (FailedIndexes), failed indexes: 1,3-4.',
    );
  });

  test('its own restarts are for its backoffLimit to count', () => {
    const tries = pod(job({}), {
      spec: { restartPolicy: 'OnFailure' },
      containers: [ended(20, 2, 7, 'Error', { lastState: { terminated: termination(5, 7) } })],
    });
    const ending = tell(
      [target(job({}))],
      [...applied(20, job({ active: 1 }), tries), ...applied(60, job(complete))],
    );
    expect(outcome(ending)).toBe('passed');
  });

  test('is done although it removes itself', () => {
    const ending = tell(
      [
        target(job({})),
        target({ ...job({}), metadata: { ...job({}).metadata, name: 'other', uid: 'other' } }),
      ],
      [
        ...applied(2, job(complete)),
        ...deleted(3, job(complete)),
        ...applied(9, { ...job(complete), metadata: { ...job({}).metadata, name: 'other', uid: 'other' } }),
      ],
    );
    expect(outcome(ending)).toBe('passed');
  });

  test('running is not done', () => {
    const ending = tell([target(job({}))], applied(1, job({ active: 1 })));
    expect([outcome(ending), ending.at]).toEqual(['rollout-timeout', 300]);
  });
});

describe('Pod', () => {
  const alone: KubernetesObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'once', namespace, uid: 'uid-once' },
    spec: { restartPolicy: 'Never', containers: [{ name: 'api', image: 'api:1' }] },
    status: { phase: 'Pending' },
  };
  const phase = (value: string, ...containerStatuses: Fields[]) => ({
    ...alone,
    status: { phase: value, containerStatuses },
  });

  test.each([
    ['restartPolicy OnFailure', { restartPolicy: 'OnFailure' }, {}],
    ['rules of its own', { containers: [{ name: 'api', restartPolicyRules: [{ action: 'Restart' }] }] }, {}],
    ['already on its way out', {}, { deletionTimestamp: time(2) }],
  ])('one bad end is no verdict yet: %s', (_what, spec, metadata) => {
    const pod: KubernetesObject = phase('Running', ended(2, 0, 4));
    const one = {
      ...pod,
      spec: { ...(pod['spec'] as object), ...spec },
      metadata: { ...pod.metadata, ...metadata },
    };
    expect(outcome(tell([target(alone)], [...applied(1, alone), ...applied(2, one)]))).toBe(
      'rollout-timeout',
    );
  });

  test.each([
    ['Succeeded', ended(2, 0, 0, 'Completed'), 'passed'],
    ['Failed', ended(2, 0, 4), 'job-failed'],
    // The kubelet writes how the container ended first, and the phase when the pod is torn down.
    ['Running', ended(2, 0, 4), 'job-failed'],
  ])('%s is the verdict', (value, status, expected) => {
    expect(outcome(tell([target(alone)], [...applied(1, alone), ...applied(2, phase(value, status))]))).toBe(
      expected,
    );
  });
});
