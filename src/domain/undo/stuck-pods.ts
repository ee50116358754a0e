import { conditionOf, numberAt, textAt } from '../fields.ts';
import type { KubernetesObject } from '../objects.ts';
import { updatesOnDelete } from '../status/statefulset.ts';

/**
 * Pods of a revision that the StatefulSet does not ask for any more, and that are not ready: with OrderedReady its controller
 * waits for them for ever, although their template is gone (FACTS; kubernetes/kubernetes#67250). They have to be deleted.
 */
export function stuckPods(
  statefulSet: KubernetesObject,
  pods: readonly KubernetesObject[],
): readonly KubernetesObject[] {
  const { generation = 0, uid } = statefulSet.metadata;
  const observed = numberAt(statefulSet, 'status', 'observedGeneration') ?? 0;
  const revision = textAt(statefulSet, 'status', 'updateRevision');
  if (observed < generation || revision === undefined || updatesOnDelete(statefulSet)) return [];
  const partition = numberAt(statefulSet, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  return pods.filter((pod) => {
    const { ownerReferences = [], labels = {}, deletionTimestamp, name } = pod.metadata;
    const ordinal = Number(/-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    return (
      ownerReferences.some((owner) => owner.controller === true && owner.uid === uid) &&
      labels['controller-revision-hash'] !== revision &&
      ordinal >= partition &&
      deletionTimestamp === undefined &&
      conditionOf(pod, 'Ready')?.status !== 'True'
    );
  });
}
