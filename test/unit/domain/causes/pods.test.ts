/** Whole pods: lost again and again, taking turns, not going; and workloads that somebody takes away. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import {
  applied,
  deleted,
  deployment,
  ended,
  listed,
  pod,
  replicaSet,
  running,
  target,
  time,
} from '../../../support/rollout/objects.ts';
import { type Ending, outcome, tell } from '../../../support/rollout/story.ts';

const wish = deployment({ updated: 1 });
const set = replicaSet(wish, 'new');
const done = deployment({ updated: 1, available: 1 });

function said(ending: Ending): string {
  return ending.verdict.state === 'failed' ? (ending.verdict.failures[0]?.message ?? '') : '';
}

function workload(kind: string, apiVersion: string, spec: object, status: object): KubernetesObject {
  return {
    apiVersion,
    kind,
    metadata: { name: 'api', namespace: 'shop', uid: `${kind}-api`, generation: 1 },
    spec: { template: { spec: { containers: [{ name: 'api', image: 'x' }] } }, ...spec },
    status: { observedGeneration: 1, ...status },
  } as unknown as KubernetesObject;
}

describe('pods that end in failure as a whole', () => {
  const evicted = (name: string) =>
    pod(set, { name, phase: 'Failed', reason: 'Evicted', status: { message: 'usage exceeds the limit' } });
  const fresh = (name: string) => pod(set, { name, containers: [running(1)] });

  test('the third in a row is a rule, and no container ever restarted', () => {
    const rounds = ['a', 'b', 'c'].flatMap((name, index) => [
      ...applied(2 + 10 * index, fresh(name)),
      ...applied(9 + 10 * index, evicted(name)),
    ]);
    const ending = tell([target(wish)], [...applied(1, wish, set), ...rounds]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 29]);
    expect(said(ending)).toContain('Evicted: usage exceeds the limit');
  });

  test.each([
    ['Failed', 3, '3 pods of Deployment api ended in failure and had to be replaced'],
    ['Succeeded', 0, '3 pods of Deployment api ended and had to be replaced'],
  ])('%s with a container that is not to be restarted: its end is named', (phase, code, words) => {
    const over = (name: string, at: number) =>
      pod(set, {
        name,
        phase,
        containers: [ended(at, 0, code)],
        spec: { containers: [{ name: 'api', restartPolicy: 'Never' }] },
      });
    const rounds = ['a', 'b', 'c'].flatMap((name, index) => [
      ...applied(2 + 10 * index, fresh(name)),
      ...applied(9 + 10 * index, over(name, 9)),
    ]);
    const ending = tell([target(wish)], [...applied(1, wish, set), ...rounds]);
    expect([outcome(ending), ending.at]).toEqual(['crash-loop', 29]);
    expect(said(ending)).toBe(`${words}, the newest c (container api exited with code ${code}).`);
  });

  test('three at once, as a node in need evicts them, are one round: sound when their successors are up', () => {
    const three = deployment({ replicas: 3, updated: 3 });
    const its = replicaSet(three, 'new', { replicas: 3 });
    const names = ['a', 'b', 'c'];
    const up = (name: string, at: number) => pod(its, { name, ready: at, containers: [running(at)] });
    const lost = (name: string) => pod(its, { name, phase: 'Failed', reason: 'Evicted' });
    const ending = tell(
      [target(three)],
      [
        ...applied(1, three, its),
        ...applied(2, ...names.map((name) => up(name, 2))),
        ...applied(5, ...names.map(lost)),
        ...applied(8, ...names.map((name) => up(`${name}2`, 8))),
        ...applied(8, deployment({ replicas: 3, updated: 3, available: 3 })),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 18]);
  });
});

describe('pods of a Job that take turns', () => {
  const job = workload('Job', 'batch/v1', { completions: 2, parallelism: 2 }, { active: 2 });
  const complete = workload(
    'Job',
    'batch/v1',
    { completions: 2, parallelism: 2 },
    { succeeded: 2, conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: time(92) }] },
  );
  const conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient cpu.',
    },
  ];
  const second = pod(job, { name: 'api-1', phase: 'Pending', conditions });

  test('the one without room waits for the other, longer than scheduling may take', () => {
    const first = pod(job, { name: 'api-0', containers: [running(2)] });
    const over = pod(job, { name: 'api-0', phase: 'Succeeded' });
    const ending = tell(
      [target(job)],
      [
        ...applied(2, job, first, second),
        ...applied(46, over),
        ...applied(48, pod(job, { name: 'api-1', containers: [running(48)] })),
        ...applied(92, complete),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 92]);
  });

  test('with nobody to wait for it has the budget', () => {
    const ending = tell([target(job)], applied(2, job, second));
    expect([outcome(ending), ending.at]).toEqual(['unschedulable', 32]);
  });

  test('a pod that completes frees its room; one that is deleted after that frees none', () => {
    const other = pod(job, { name: 'elsewhere', containers: [running(-9)] });
    const over = pod(job, { name: 'elsewhere', phase: 'Succeeded' });
    const stuck = pod(set, { phase: 'Pending', conditions });
    const ending = tell(
      [target(wish)],
      [
        ...listed(-2, 'Pod', other),
        ...applied(1, wish, set, stuck),
        ...applied(11, over),
        ...deleted(25, over),
      ],
    );
    expect([outcome(ending), ending.at]).toEqual(['unschedulable', 41]);
  });
});

describe('old pods that do not go', () => {
  const wanted = workload(
    'StatefulSet',
    'apps/v1',
    { replicas: 1 },
    { replicas: 1, updatedReplicas: 0, updateRevision: 'b', currentRevision: 'a' },
  );

  test('a StatefulSet waits for its pod until a finalizer lets it go: broken after the budget, by its name', () => {
    const held = pod(wanted, { name: 'api-0', deletion: 3, labels: { 'controller-revision-hash': 'a' } });
    Object.assign(held.metadata, { finalizers: ['example.org/hold'] });
    const ending = tell([target(wanted)], applied(2, wanted, held));
    expect([outcome(ending), ending.at]).toEqual(['old-pod-blocks', 63]);
    expect(said(ending)).toContain('finalizer example.org/hold');
  });

  test('a rolling Deployment does not wait for them', () => {
    const held = pod(replicaSet(wish, 'old'), { name: 'old', deletion: 3 });
    const up = pod(set, { ready: 5, containers: [running(5)] });
    const ending = tell([target(wish)], [...applied(2, wish, set, held), ...applied(200, up, done)]);
    expect([outcome(ending), ending.at]).toEqual(['passed', 210]);
  });
});

describe('taken away by somebody', () => {
  test('a Deployment that is deleted: at once', () => {
    const ending = tell([target(wish)], [...applied(1, wish, set), ...deleted(4, wish)]);
    expect([outcome(ending), ending.at]).toEqual(['changed-by-other', 4]);
    expect(said(ending)).toContain('deleted');
  });

  test('one that was deleted and made anew before our write is not meant', () => {
    const before = { ...wish, metadata: { ...wish.metadata, uid: 'earlier' } };
    const up = pod(set, { ready: 5, containers: [running(5)] });
    const ending = tell(
      [target(wish)],
      [...listed(-3, 'Deployment.apps', before), ...deleted(0.1, before), ...applied(5, done, set, up)],
    );
    expect([outcome(ending), ending.at]).toEqual(['passed', 15]);
  });

  test('a Job that failed and was removed at once has failed', () => {
    const conditions = [
      { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'reached the limit' },
    ];
    const job = workload('Job', 'batch/v1', {}, { active: 1 });
    const failed = workload('Job', 'batch/v1', {}, { failed: 1, conditions });
    const ending = tell([target(job)], [...applied(1, job), ...deleted(4, failed)]);
    expect([outcome(ending), ending.at]).toEqual(['job-failed', 4]);
  });
});
