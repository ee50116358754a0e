import { replicasOf } from '../kubernetes/surge.ts';
import { replicaSetStatus } from '../status/built-in/replicaset.ts';
import {
  allPods,
  always,
  countPods,
  hasReadyReplicas,
  never,
  noFields,
  none,
  replicasWanted,
  scaledToZero,
} from './answers.ts';
import type { WorkloadKind } from './kind.ts';

export const replicaSet: WorkloadKind = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  templatePath: ['spec', 'template'],
  waitsFor: 'status',
  status: replicaSetStatus,

  watch: { managedFields: false },
  standingVerbs: ['list', 'watch'],
  keepsConfiguration: true,
  claimNames: undefined,

  pods: 'owned',
  runs: 'until-deleted',
  endedPods: 'replaced',
  reportsGeneration: true,
  podsAlike: true,
  currentPods: allPods,
  wantedPods: replicasWanted,
  keptPods: replicasOf,
  keepsOldPods: never,
  removesOldPods: never,
  waitsForOldPods: never,
  orderedFrom: undefined,

  refusedPodsIn: 'its-condition',
  pastProgressDeadline: never,
  pause: undefined,

  counts: countPods,
  whyIdle: scaledToZero,

  needsExtraPod: always,
  newPods: replicasOf,
  surgePods: none,
  serves: hasReadyReplicas,
  podMaker: {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    account: 'replicaset-controller',
    labels: () => ({}),
    between: false,
  },

  handedOver: noFields,
  startedByQueues: true,
  leavesTraces: false,
  labelledByTemplate: false,
};
