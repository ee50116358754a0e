import { numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unobserved } from '../generic/generic.ts';
import { current, pods, progressing, type Status } from '../generic/status.ts';

/** The controller's counts; those that it has not written are 0, but for `available`. */
export function statefulSetCounts(statefulSet: KubernetesObject) {
  const sameRevision =
    textAt(statefulSet, 'status', 'currentRevision') === textAt(statefulSet, 'status', 'updateRevision');
  const desired = numberAt(statefulSet, 'spec', 'replicas') ?? 1;
  const partition = numberAt(statefulSet, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  return {
    desired,
    total: numberAt(statefulSet, 'status', 'replicas') ?? 0,
    /** With one revision only, some controllers and fakes count its pods as current ones. */
    updated: Math.max(
      numberAt(statefulSet, 'status', 'updatedReplicas') ?? 0,
      sameRevision ? (numberAt(statefulSet, 'status', 'currentReplicas') ?? 0) : 0,
    ),
    ready: numberAt(statefulSet, 'status', 'readyReplicas') ?? 0,
    /** Absent before Kubernetes 1.22 and in some fakes: ready stands in. */
    available: numberAt(statefulSet, 'status', 'availableReplicas'),
    /** How many pods this revision is meant to have: those with an ordinal at or above the partition. */
    wanted: Math.max(0, desired - partition),
    partition,
  };
}

/** Pods are replaced only when somebody deletes them: old ones are there by design. */
export function updatesOnDelete(statefulSet: KubernetesObject): boolean {
  return textAt(statefulSet, 'spec', 'updateStrategy', 'type') === 'OnDelete';
}

/**
 * As kubectl's and kstatus' rules, with two differences: the number of updated pods is always compared with what the
 * partition leaves (the API server defaults it to 0, and then kstatus looks at nothing), and OnDelete still wants its pods up.
 */
export function statefulSetStatus(statefulSet: KubernetesObject): Status {
  const early = unobserved(statefulSet);
  if (early !== undefined) return early;
  const { desired, total, updated, ready, available, wanted, partition } = statefulSetCounts(statefulSet);
  if (total < desired) return progressing('too-few-pods', `${total} of ${desired} pods created`);
  if (total > desired) return progressing('old-pods-left', `${pods(total - desired)} still to be removed`);
  const byHand = updatesOnDelete(statefulSet);
  if (!byHand && updated < wanted) {
    return progressing('too-few-updated', `${updated} of ${wanted} pods updated`);
  }
  if (ready < desired) return progressing('not-available', `${ready} of ${desired} pods ready`);
  const up = Math.min(ready, available ?? ready);
  if (up < desired) return progressing('not-available', `${up} of ${desired} pods available`);
  if (byHand && updated < desired) {
    return current(
      `${desired - updated} of ${desired} pods wait to be deleted (OnDelete)`,
      'replaced-by-hand',
    );
  }
  if (partition > 0) return current(`${updated} of ${desired} pods updated, as the partition asks`);
  return current(desired === 0 ? 'scaled to zero' : `${up} of ${desired} pods available`);
}
