import { textAt } from '../kubernetes/fields.ts';
import { controllerUidOf } from '../kubernetes/objects.ts';
import { fencepostsOf, maxUnavailableOf, replicasOf } from '../kubernetes/surge.ts';
import { deploymentCounts, deploymentStatus, pastProgressDeadline } from '../status/built-in/deployment.ts';
import {
  addsPods,
  desiredReplicas,
  exampleHash,
  hasAvailableReplicas,
  never,
  noFields,
  replicasWanted,
  scaledToZero,
} from './answers.ts';
import type { WorkloadKind } from './kind.ts';

export const deployment: WorkloadKind = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  templatePath: ['spec', 'template'],
  waitsFor: 'rollout',
  status: deploymentStatus,

  watch: { managedFields: true },
  standingVerbs: ['get', 'list', 'watch'],
  keepsConfiguration: true,
  claimNames: undefined,

  pods: 'owned-by-replica-sets',
  runs: 'until-deleted',
  endedPods: 'replaced',
  reportsGeneration: true,
  podsAlike: true,
  currentPods:
    (_, { replicaSet }) =>
    (pod) =>
      replicaSet !== undefined && controllerUidOf(pod) === replicaSet.metadata.uid,
  wantedPods: replicasWanted,
  keptPods: replicasOf,
  keepsOldPods: never,
  removesOldPods: (live) =>
    textAt(live, 'spec', 'strategy', 'type') === 'Recreate' || maxUnavailableOf(live) > 0,
  // New pods are created first, unless its strategy is Recreate.
  waitsForOldPods: (live) => textAt(live, 'spec', 'strategy', 'type') === 'Recreate' && replicasOf(live) > 0,
  orderedFrom: undefined,

  refusedPodsIn: 'condition-of-replica-set',
  pastProgressDeadline,
  pause: { field: ['spec', 'paused'], resume: (name) => `rollout resume deployment/${name}` },

  counts: (facts) => ({
    updated: facts.seen === undefined ? 0 : deploymentCounts(facts.seen).updated,
    ready: facts.readyPods,
    desired: desiredReplicas(facts),
  }),
  whyIdle: scaledToZero,

  needsExtraPod: (live, object) => addsPods(live, object) || maxUnavailableOf(object) < 1,
  newPods: replicasOf,
  surgePods: (object, least) => {
    const { surge, unavailable } = fencepostsOf(object);
    return least && unavailable > 0 ? 0 : surge;
  },
  serves: hasAvailableReplicas,
  podMaker: {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    account: 'replicaset-controller',
    labels: () => ({ 'pod-template-hash': exampleHash }),
    between: true,
  },

  handedOver: noFields,
  startedByQueues: true,
  leavesTraces: false,
  labelledByTemplate: false,
};
