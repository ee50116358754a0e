import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { idleNotice } from '../../../../src/domain/rollout/idle.ts';
import { observe } from '../../../../src/domain/rollout/observe.ts';
import { startRollout } from '../../../../src/domain/rollout/state.ts';
import {
  applied,
  deployment,
  namespace,
  pod,
  replicaSet,
  running,
  start,
  target,
  template,
} from '../../../support/rollout/objects.ts';
import { outcome, tell } from '../../../support/rollout/story.ts';

type Fields = Readonly<Record<string, unknown>>;

function workload(
  kind: string,
  spec: Fields,
  status: Fields = {},
  name = kind.toLowerCase(),
): KubernetesObject {
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name, namespace, uid: `uid-${name}`, generation: 1 },
    spec: { template: template('2'), ...spec },
    status: kind === 'Job' ? status : { observedGeneration: 1, ...status },
  };
}

function noticeOf(
  objects: readonly KubernetesObject[],
  more: readonly KubernetesObject[] = [],
  changed = true,
) {
  const state = applied(1, ...objects, ...more).reduce(
    observe,
    startRollout(
      objects.map((object) => target(object, changed)),
      start,
    ),
  );
  return idleNotice(state)?.message;
}

const paused = deployment({ replicas: 2, spec: { paused: true } });

describe('what passes although nothing of it ran, and says so', () => {
  test.each<[string, KubernetesObject, string]>([
    ['no replicas', deployment({ replicas: 0 }), 'Deployment api (scaled to zero)'],
    [
      'a StatefulSet of none',
      workload('StatefulSet', { replicas: 0 }, { replicas: 0 }),
      'StatefulSet statefulset (scaled to zero)',
    ],
    ['a Job with no parallelism', workload('Job', { parallelism: 0 }), 'Job job (its parallelism is 0)'],
    ['a suspended Job', workload('Job', { suspend: true }), 'Job job (suspended)'],
    [
      'a DaemonSet that no node is meant for',
      workload('DaemonSet', {}, { desiredNumberScheduled: 0 }),
      'DaemonSet daemonset (no node is meant for it)',
    ],
    ['a Deployment that its overlay pauses', paused, 'Deployment api (paused)'],
  ])('%s', (_, object, words) => {
    const ending = tell([target(object)], applied(1, object));
    expect([outcome(ending), ending.at]).toEqual(['passed', 1]);
    expect(noticeOf([object])).toBe(
      `Nothing of this release ran in ${words}: its verdict says nothing about it.`,
    );
  });

  test('several are told at once, some by name', () => {
    const many = Array.from({ length: 7 }, (_, index) =>
      workload('Job', { suspend: true }, {}, `job-${index}`),
    );
    expect(noticeOf(many)).toMatch(
      /^Nothing .* Job job-0 \(suspended\), .*Job job-4 \(suspended\) and 2 more: .* about them\.$/,
    );
  });
});

describe('nothing to say of', () => {
  test('a workload whose pods run', () => {
    const live = deployment({ updated: 1, available: 1 });
    const set = replicaSet(live, 'new');
    expect(noticeOf([live], [set, pod(set, { ready: 1, containers: [running(1)] })])).toBeUndefined();
  });

  test.each([
    ['a Job that is complete', workload('Job', {}, { conditions: [{ type: 'Complete', status: 'True' }] })],
    ['a Job that was started', workload('Job', { parallelism: 2 }, { active: 2 })],
  ])('%s', (_, object) => {
    expect(noticeOf([object])).toBeUndefined();
  });

  test('what this release did not change', () => {
    expect(noticeOf([deployment({ replicas: 0 })], [], false)).toBeUndefined();
  });
});

test('a Job whose parallelism was lowered to nothing while its pods still run is not done', () => {
  const job = workload('Job', { parallelism: 0 }, { active: 1 });
  expect(outcome(tell([target(job)], applied(1, job)))).toBe('rollout-timeout');
});
