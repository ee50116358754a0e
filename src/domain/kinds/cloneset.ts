/**
 * OpenKruise's CloneSet: replicas that are updated in place or by new pods, without ReplicaSets in between.
 * Source: openkruise/kruise, `cloneset_types.go` and the controller's `CalculatePartitionReplicas`, `EqualToRevisionHash`.
 */
import { conditionOf, fieldAt, flagAt, numberAt, textAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { amountOfPods, replicasOf } from '../kubernetes/surge.ts';
import { unobserved } from '../status/generic/generic.ts';
import { current, pods, progressing, type Status } from '../status/generic/status.ts';
import {
  addsPods,
  desiredReplicas,
  exampleHash,
  hasReadyReplicas,
  labelValue,
  never,
  noFields,
  scaledToZero,
} from './answers.ts';
import type { SeenPods, WorkloadKind } from './kind.ts';

export const cloneSet: WorkloadKind = {
  apiVersion: 'apps.kruise.io/v1alpha1',
  kind: 'CloneSet',
  plural: 'clonesets',
  templatePath: ['spec', 'template'],
  waitsFor: 'rollout',
  status: cloneSetStatus,

  // Few clusters serve the kind: it is watched where a release has one, with the permissions of a rendered object.
  watch: undefined,
  standingVerbs: [],
  keepsConfiguration: true,
  // Their names end in a random identifier.
  claimNames: () => [],

  pods: 'owned',
  runs: 'until-deleted',
  endedPods: 'replaced',
  reportsGeneration: true,
  podsAlike: true,
  currentPods,
  wantedPods: updatedWanted,
  keptPods: replicasOf,
  keepsOldPods: (live) => partitionOf(live) > 0,
  removesOldPods: (live) =>
    amountOfPods(updateStrategy(live, 'maxUnavailable') ?? '20%', replicasOf(live), Math.ceil) > 0,
  // Terminating pods are no longer counted.
  waitsForOldPods: never,
  orderedFrom: undefined,

  refusedPodsIn: 'events',
  pastProgressDeadline: never,
  pause: {
    field: ['spec', 'updateStrategy', 'paused'],
    resume: (name) =>
      `patch cloneset ${name} --type merge --patch '{"spec":{"updateStrategy":{"paused":false}}}'`,
  },

  counts: (facts) => ({
    updated: numberAt(facts.seen, 'status', 'updatedReplicas') ?? 0,
    ready: facts.readyPods,
    desired: desiredReplicas(facts),
  }),
  whyIdle: (live, wanted) =>
    wanted === 0 && replicasOf(live) > 0
      ? 'its partition leaves every pod as it was'
      : scaledToZero(live, wanted),

  needsExtraPod: (live, object) => addsPods(live, object) || surgePods(object) > 0,
  newPods: replicasOf,
  surgePods,
  serves: hasReadyReplicas,
  podMaker: {
    apiVersion: 'apps.kruise.io/v1alpha1',
    kind: 'CloneSet',
    // Kruise's own manager, in whatever namespace it was installed.
    account: undefined,
    labels: (name) => ({
      'apps.kruise.io/cloneset-instance-id': 'x2k7q',
      'controller-revision-hash': `${labelValue(name, 52)}-${exampleHash}`,
    }),
    between: false,
  },

  handedOver: noFields,
  startedByQueues: true,
  leavesTraces: false,
  labelledByTemplate: false,
};

/** Done when as many pods as the partition leaves are of the new revision and ready, and all pods are available. */
function cloneSetStatus(cloneSet: KubernetesObject): Status {
  const early = unobserved(cloneSet);
  if (early !== undefined) return early;
  const count = (field: string) => numberAt(cloneSet, 'status', field) ?? 0;
  const desired = replicasOf(cloneSet);
  const wanted = updatedWanted(cloneSet);
  const updated = count('updatedReplicas');
  const refused = conditionOf(cloneSet, 'FailedScale');
  if (refused?.status === 'True') return progressing('pod-creation-failing', refused.message);
  if (updated < wanted && flagAt(cloneSet, 'spec', 'updateStrategy', 'paused') === true) {
    return progressing('paused', `paused with ${updated} of ${wanted} pods updated`);
  }
  if (updated < wanted) return progressing('too-few-updated', `${updated} of ${wanted} pods updated`);
  const total = count('replicas');
  if (total < desired) return progressing('too-few-pods', `${total} of ${desired} pods created`);
  if (total > desired) return progressing('old-pods-left', `${pods(total - desired)} still to be removed`);
  const ready = count('updatedReadyReplicas');
  if (ready < wanted) return progressing('not-available', `${ready} of ${wanted} updated pods ready`);
  const available = count('availableReplicas');
  if (available < desired) return progressing('not-available', `${available} of ${desired} pods available`);
  if (wanted < desired) return current(`${updated} of ${desired} pods updated, as the partition asks`);
  return current(desired === 0 ? 'scaled to zero' : `${available} of ${desired} pods available`);
}

/** By the last part of the label: one feature gate of Kruise writes no more than that. */
function currentPods(live: KubernetesObject, { observed }: SeenPods): (pod: KubernetesObject) => boolean {
  const hash = observed ? hashIn(textAt(live, 'status', 'updateRevision')) : undefined;
  return (pod) => hash !== undefined && hashIn(pod.metadata.labels?.['controller-revision-hash']) === hash;
}

function hashIn(revision: string | undefined): string | undefined {
  return revision?.split('-').at(-1);
}

function updatedWanted(live: KubernetesObject): number {
  return replicasOf(live) - partitionOf(live);
}

/** Pods that stay as they were. A percentage is rounded up, and all of them stay only where it says 100 %. */
function partitionOf(live: KubernetesObject): number {
  const partition = updateStrategy(live, 'partition') ?? 0;
  const replicas = replicasOf(live);
  const kept = Math.max(0, Math.min(replicas, amountOfPods(partition, replicas, Math.ceil)));
  const isPart = typeof partition === 'string' && partition !== '100%';
  return isPart && kept === replicas ? Math.max(0, replicas - 1) : kept;
}

function surgePods(object: KubernetesObject): number {
  return amountOfPods(updateStrategy(object, 'maxSurge') ?? 0, replicasOf(object), Math.ceil);
}

function updateStrategy(object: KubernetesObject, field: string): unknown {
  return fieldAt(object, 'spec', 'updateStrategy', field);
}
