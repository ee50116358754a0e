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

/** The forerunner of ReplicaSets. Its pods are watched, its template is not looked into. */
export const replicationController: WorkloadKind = {
  apiVersion: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  templatePath: undefined,
  waitsFor: 'status',
  status: replicaSetStatus,

  watch: undefined,
  standingVerbs: [],
  keepsConfiguration: false,
  claimNames: undefined,

  pods: 'owned',
  runs: 'until-deleted',
  endedPods: 'replaced',
  reportsGeneration: false,
  podsAlike: false,
  currentPods: allPods,
  wantedPods: replicasWanted,
  keptPods: replicasOf,
  keepsOldPods: never,
  removesOldPods: never,
  waitsForOldPods: never,
  orderedFrom: undefined,

  refusedPodsIn: 'events',
  pastProgressDeadline: never,
  pause: undefined,

  counts: countPods,
  whyIdle: scaledToZero,

  needsExtraPod: always,
  newPods: replicasOf,
  surgePods: none,
  serves: hasReadyReplicas,
  podMaker: undefined,

  handedOver: noFields,
  startedByQueues: true,
  leavesTraces: false,
  labelledByTemplate: false,
};
