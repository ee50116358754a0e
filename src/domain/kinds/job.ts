import { numberAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { isSuspended, jobStatus } from '../status/built-in/job.ts';
import { allPods, always, exampleUid, labelValue, never, none, nothing } from './answers.ts';
import type { CountFacts, PodCounts, PodMaker, WorkloadKind } from './kind.ts';

export const jobPodMaker: PodMaker = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  account: 'job-controller',
  labels: (name) => ({
    'batch.kubernetes.io/controller-uid': exampleUid,
    'batch.kubernetes.io/job-name': labelValue(name),
    'controller-uid': exampleUid,
    'job-name': labelValue(name),
  }),
  between: false,
};

export const job: WorkloadKind = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  plural: 'jobs',
  templatePath: ['spec', 'template'],
  waitsFor: 'rollout',
  status: jobStatus,

  watch: { managedFields: false },
  standingVerbs: ['get', 'list', 'watch'],
  keepsConfiguration: true,
  claimNames: undefined,

  pods: 'owned',
  runs: 'to-completion',
  endedPods: 'final',
  reportsGeneration: false,
  podsAlike: false,
  currentPods: allPods,
  wantedPods: none,
  keptPods: nothing,
  keepsOldPods: never,
  removesOldPods: never,
  waitsForOldPods: never,
  orderedFrom: undefined,

  refusedPodsIn: 'events',
  pastProgressDeadline: never,
  pause: undefined,

  counts,
  whyIdle: (live) => {
    if (isSuspended(live)) return 'suspended';
    return numberAt(live, 'spec', 'parallelism') === 0 ? 'its parallelism is 0' : undefined;
  },

  needsExtraPod: always,
  newPods: (object: KubernetesObject) => {
    if (isSuspended(object)) return 0;
    const parallelism = numberAt(object, 'spec', 'parallelism') ?? 1;
    return Math.min(parallelism, numberAt(object, 'spec', 'completions') ?? parallelism);
  },
  surgePods: none,
  serves: always,
  podMaker: jobPodMaker,

  // What a queue may still change before it starts one that is suspended; Kubernetes itself forbids the rest.
  handedOver: (spec) =>
    spec['suspend'] === true ? ['f:suspend', 'f:parallelism', 'f:completions', 'f:template'] : [],
  startedByQueues: true,
  leavesTraces: true,
  labelledByTemplate: true,
};

function counts({ seen, live }: CountFacts): PodCounts {
  const done = numberAt(seen, 'status', 'succeeded') ?? 0;
  return { updated: done, ready: done, desired: numberAt(live, 'spec', 'completions') ?? 1 };
}
