import { replicasOf } from '../kubernetes/surge.ts';
import { cronJobStatus } from '../status/built-in/cronjob.ts';
import { allPods, countObject, never, noFields, none, nothing } from './answers.ts';
import { jobPodMaker } from './job.ts';
import type { WorkloadKind } from './kind.ts';

/** It runs on its schedule, not with the release: nothing waits for it, and its Jobs are judged separately. */
export const cronJob: WorkloadKind = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  templatePath: ['spec', 'jobTemplate', 'spec', 'template'],
  waitsFor: 'nothing',
  status: cronJobStatus,

  watch: undefined,
  standingVerbs: [],
  keepsConfiguration: true,
  claimNames: undefined,

  pods: 'owned',
  runs: 'until-deleted',
  endedPods: 'unknown',
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

  counts: countObject,
  whyIdle: nothing,

  needsExtraPod: never,
  newPods: replicasOf,
  surgePods: none,
  serves: never,
  podMaker: { ...jobPodMaker, between: true },

  handedOver: noFields,
  // A suspended CronJob has no queue that starts it.
  startedByQueues: false,
  leavesTraces: false,
  labelledByTemplate: false,
};
