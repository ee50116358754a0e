import { replicasOf } from '../kubernetes/surge.ts';
import { phaseOf, podStatus } from '../status/built-in/pod.ts';
import { allPods, always, countPods, never, none, nothing } from './answers.ts';
import type { WorkloadKind } from './kind.ts';

/** A Pod that stands alone. */
export const pod: WorkloadKind = {
  apiVersion: 'v1',
  kind: 'Pod',
  plural: 'pods',
  templatePath: [],
  waitsFor: 'rollout',
  status: podStatus,

  watch: { managedFields: false },
  standingVerbs: ['list', 'watch'],
  keepsConfiguration: true,
  claimNames: undefined,

  pods: 'itself',
  runs: 'until-deleted',
  endedPods: 'final',
  reportsGeneration: false,
  podsAlike: false,
  currentPods: allPods,
  wantedPods: (live) => (phaseOf(live) === 'Succeeded' ? 0 : 1),
  keptPods: replicasOf,
  keepsOldPods: never,
  removesOldPods: never,
  waitsForOldPods: never,
  orderedFrom: undefined,

  refusedPodsIn: 'events',
  pastProgressDeadline: never,
  pause: undefined,

  counts: countPods,
  whyIdle: nothing,

  needsExtraPod: always,
  newPods: replicasOf,
  surgePods: none,
  serves: never,
  podMaker: undefined,

  // Behind a scheduling gate. Source: Kubernetes, "Pod Scheduling Readiness", mutable scheduling directives.
  handedOver: (spec) =>
    spec['schedulingGates'] === undefined
      ? []
      : ['f:schedulingGates', 'f:nodeSelector', 'f:affinity', 'f:tolerations'],
  startedByQueues: true,
  leavesTraces: true,
  labelledByTemplate: false,
};
