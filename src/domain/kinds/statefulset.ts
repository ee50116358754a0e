import { numberAt, textAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { replicasOf } from '../kubernetes/surge.ts';
import { statefulSetCounts, statefulSetStatus, updatesOnDelete } from '../status/built-in/statefulset.ts';
import {
  addsPods,
  always,
  desiredReplicas,
  exampleHash,
  hasReadyReplicas,
  idleOnDelete,
  keepsByStrategy,
  labelValue,
  never,
  noFields,
  none,
  scaledToZero,
} from './answers.ts';
import type { SeenPods, WorkloadKind } from './kind.ts';

export const statefulSet: WorkloadKind = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  templatePath: ['spec', 'template'],
  waitsFor: 'rollout',
  status: statefulSetStatus,

  watch: { managedFields: true },
  standingVerbs: ['get', 'list', 'watch'],
  keepsConfiguration: true,
  claimNames,

  pods: 'owned',
  runs: 'until-deleted',
  endedPods: 'replaced',
  reportsGeneration: true,
  // Each has a place of its own.
  podsAlike: false,
  currentPods,
  wantedPods: (live, current) =>
    updatesOnDelete(live) ? current : Math.max(0, replicasOf(live) - partitionOf(live)),
  keptPods: replicasOf,
  keepsOldPods: keepsByStrategy,
  removesOldPods: never,
  waitsForOldPods: always,
  orderedFrom: (live) =>
    textAt(live, 'spec', 'podManagementPolicy') === 'Parallel' || updatesOnDelete(live)
      ? undefined
      : partitionOf(live),

  refusedPodsIn: 'events',
  pastProgressDeadline: never,
  pause: undefined,

  counts: (facts) => ({
    updated: facts.seen === undefined ? 0 : statefulSetCounts(facts.seen).updated,
    ready: facts.readyPods,
    desired: desiredReplicas(facts),
  }),
  whyIdle,

  needsExtraPod: addsPods,
  newPods: replicasOf,
  surgePods: none,
  serves: hasReadyReplicas,
  podMaker: {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    account: 'statefulset-controller',
    labels: (name) => ({
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': `${labelValue(name, 52)}-${exampleHash}`,
      'statefulset.kubernetes.io/pod-name': `${labelValue(name, 61)}-0`,
    }),
    between: false,
  },

  handedOver: noFields,
  startedByQueues: true,
  leavesTraces: false,
  labelledByTemplate: false,
};

function partitionOf(live: KubernetesObject): number {
  return numberAt(live, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
}

function currentPods(live: KubernetesObject, { observed }: SeenPods): (pod: KubernetesObject) => boolean {
  const revision = textAt(live, 'status', 'updateRevision');
  const isKnown = observed && revision !== undefined;
  return (pod) => isKnown && pod.metadata.labels?.['controller-revision-hash'] === revision;
}

function whyIdle(live: KubernetesObject, wanted: number): string | undefined {
  if (replicasOf(live) === 0) return scaledToZero(live, wanted);
  if (updatesOnDelete(live)) return idleOnDelete;
  return wanted === 0 ? 'its partition leaves every pod as it was' : undefined;
}

/** `data-search-0`. */
function claimNames(set: KubernetesObject, template: string): readonly string[] {
  const first = numberAt(set, 'spec', 'ordinals', 'start') ?? 0;
  return Array.from(
    { length: replicasOf(set) },
    (_, index) => `${template}-${set.metadata.name}-${first + index}`,
  );
}
