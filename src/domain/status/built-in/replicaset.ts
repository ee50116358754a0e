import { conditionOf, numberAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unobserved } from '../generic/generic.ts';
import { current, pods, progressing, type Status } from '../generic/status.ts';

/** Done when as many pods as asked for exist and are available. ReplicaFailure is retried by the controller: progressing. */
export function replicaSetStatus(replicaSet: KubernetesObject): Status {
  const early = unobserved(replicaSet);
  if (early !== undefined) return early;
  const desired = numberAt(replicaSet, 'spec', 'replicas') ?? 1;
  const total = numberAt(replicaSet, 'status', 'replicas') ?? 0;
  const available = numberAt(replicaSet, 'status', 'availableReplicas') ?? 0;
  const failure = conditionOf(replicaSet, 'ReplicaFailure');
  if (failure?.status === 'True') return progressing('pod-creation-failing', failure.message);
  if (total < desired) return progressing('too-few-pods', `${total} of ${desired} pods created`);
  if (total > desired) return progressing('old-pods-left', `${pods(total - desired)} still to be removed`);
  if (available < desired) return progressing('not-available', `${available} of ${desired} pods available`);
  const ready = numberAt(replicaSet, 'status', 'readyReplicas') ?? available;
  if (ready < desired) return progressing('not-available', `${ready} of ${desired} pods ready`);
  return current(desired === 0 ? 'scaled to zero' : `${available} of ${desired} pods available`);
}
