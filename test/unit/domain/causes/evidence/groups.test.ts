/** Pods that wait for others, for a queue, or for what their scheduler wants first: none of them is stuck after the 30 s of a single pod. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import {
  applied,
  deployment,
  namespace,
  pod,
  replicaSet,
  running,
  target,
  time,
} from '../../../../support/rollout/objects.ts';
import { type Ending, limits, outcome, tell } from '../../../../support/rollout/story.ts';

const wish = deployment({ updated: 1 });
const set = replicaSet(wish, 'new');
const done = deployment({ updated: 1, available: 1 });
const up = pod(set, { ready: 100, containers: [running(100)] });

function said(ending: Ending): string {
  return ending.verdict.state === 'failed' ? (ending.verdict.failures[0]?.message ?? '') : '';
}

type Fields = Readonly<Record<string, unknown>>;

function waits(reason: string, message: string, spec: Fields = {}, metadata: Fields = {}): KubernetesObject {
  const conditions =
    reason === ''
      ? []
      : [{ type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime: time(1) }];
  const one = pod(set, { phase: 'Pending', conditions, spec });
  return { ...one, metadata: { ...one.metadata, ...metadata } };
}

const full = '0/1 nodes are available: 1 Insufficient cpu.';
const inGroup = { schedulingGroup: { podGroupName: 'auth' } };

describe('is given its turn, 100 s later', () => {
  test.each<[string, KubernetesObject]>([
    ['a group of Kubernetes itself', waits('Unschedulable', full, inGroup)],
    [
      'its first form, of 1.35',
      waits('Unschedulable', full, { workloadRef: { name: 'w', podGroup: 'auth' } }),
    ],
    [
      'a group of coscheduling',
      waits('Unschedulable', full, {}, { labels: { 'scheduling.x-k8s.io/pod-group': 'auth' } }),
    ],
    [
      'a group of Volcano',
      waits('Unschedulable', full, {}, { annotations: { 'scheduling.k8s.io/group-name': 'auth' } }),
    ],
    [
      'a group of YuniKorn, of which nobody has said anything',
      waits(
        '',
        '',
        { schedulerName: 'yunikorn' },
        { annotations: { 'yunikorn.apache.org/task-group-name': 'auth' } },
      ),
    ],
    [
      'a queue of Kueue, whose gate is closed',
      waits(
        'SchedulingGated',
        'Scheduling is blocked due to non-empty scheduling gates',
        { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] },
        { labels: { 'kueue.x-k8s.io/queue-name': 'auth' } },
      ),
    ],
    [
      'a group that is not complete',
      waits('NotReadyForScheduling', 'waiting for minCount pods from a gang to appear', inGroup),
    ],
    [
      'a scheduler whose write was lost while etcd was away',
      waits(
        'SchedulerError',
        'running Bind plugin "DefaultBinder": Operation cannot be fulfilled on pods/binding "api-1": rpc error: code = Unavailable desc = error reading from server: EOF',
      ),
    ],
    ['what the scheduler wants first', waits('NotReadyForScheduling', 'waiting for resource quota')],
    [
      'a claim that is named, and may be there',
      waits('NotReadyForScheduling', 'waiting for resource claim', {
        resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }],
      }),
    ],
  ])('%s', (_, waiting) => {
    const ending = tell([target(wish)], [...applied(1, wish, set, waiting), ...applied(100, up, done)]);
    expect([outcome(ending), ending.at]).toEqual(['passed', 110]);
  });
});

describe('never comes to its turn', () => {
  const longer = { ...limits, timeout: 600_000 };
  const ending = (waiting: KubernetesObject, more: readonly KubernetesObject[] = []) =>
    tell([target(wish), ...more.map((one) => target(one))], applied(1, wish, set, waiting, ...more), longer);

  test('its group is named, after a budget of its own', () => {
    const end = ending(waits('Unschedulable', full, inGroup));
    expect([outcome(end), end.at]).toEqual(['unschedulable', 301]);
    expect(said(end)).toBe(`A pod of Deployment api waits for its group auth: ${full}`);
  });

  test.each<[string, string, Fields, string]>([
    [
      'Kubernetes',
      'scheduling.k8s.io/v1alpha2',
      {
        conditions: [
          {
            type: 'PodGroupScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: 'no room for 4 pods',
          },
        ],
      },
      'no room for 4 pods',
    ],
    [
      'Volcano',
      'scheduling.volcano.sh/v1beta1',
      {
        phase: 'Pending',
        conditions: [
          {
            type: 'Unschedulable',
            status: 'True',
            reason: 'NotEnoughResources',
            message: '4/4 tasks in gang unschedulable',
          },
        ],
      },
      '4/4 tasks in gang unschedulable',
    ],
    [
      'coscheduling',
      'scheduling.x-k8s.io/v1alpha1',
      { phase: 'PreScheduling' },
      'PreScheduling, at least 4 pods',
    ],
  ])('what the group of %s says of itself is told', (_, apiVersion, status, words) => {
    const group = {
      apiVersion,
      kind: 'PodGroup',
      metadata: { name: 'auth', namespace, uid: 'group' },
      spec: { minMember: 4 },
      status,
    };
    expect(said(ending(waits('Unschedulable', full, inGroup), [group]))).toContain(
      `its group auth (${words}): 0/1`,
    );
  });

  test('the words of a scheduler that has not looked are told, and none of full nodes', () => {
    const end = ending(waits('NotReadyForScheduling', 'waiting for resource quota in namespace shop'));
    expect(said(end)).toBe(
      'A pod of Deployment api is not considered by its scheduler yet: waiting for resource quota in namespace shop.',
    );
  });

  test('a claim that its own template should have made has the 30 s of before', () => {
    const claim = { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] };
    const end = ending(waits('NotReadyForScheduling', 'waiting for resource claim', claim));
    expect([outcome(end), end.at]).toEqual(['unschedulable', 31]);
    expect(said(end)).toContain('its resource claim gpu does not exist');
  });

  test('a pod of its own has the 30 s of before', () => {
    const end = ending(waits('Unschedulable', full));
    expect([outcome(end), end.at]).toEqual(['unschedulable', 31]);
  });
});
