import { replicasOf } from '../kubernetes/surge.ts';
import { argoRolloutStatus } from '../status/built-in/argo-rollout.ts';
import { always, hasAvailableReplicas, noFields, none } from './answers.ts';
import type { WorkloadKind } from './kind.ts';
import { otherKind } from './other.ts';

/**
 * Its controller judges the pods by its own steps and analyses: a release waits for its status, and ignores the pods.
 */
export const argoRollout: WorkloadKind = {
  ...otherKind,
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  plural: 'rollouts',
  templatePath: undefined,
  waitsFor: 'status',
  status: argoRolloutStatus,

  watch: undefined,
  standingVerbs: [],
  keepsConfiguration: false,
  claimNames: undefined,

  needsExtraPod: always,
  newPods: replicasOf,
  surgePods: none,
  serves: hasAvailableReplicas,
  podMaker: undefined,

  handedOver: noFields,
  startedByQueues: true,
  leavesTraces: false,
  labelledByTemplate: false,
};
