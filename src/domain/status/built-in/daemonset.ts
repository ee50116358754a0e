import { numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unobserved } from '../generic/generic.ts';
import { current, progressing, type Status } from '../generic/status.ts';

/** The controller's counts; 0 for those that it has not written. */
export function daemonSetCounts(daemonSet: KubernetesObject) {
  return {
    desired: numberAt(daemonSet, 'status', 'desiredNumberScheduled') ?? 0,
    total: numberAt(daemonSet, 'status', 'currentNumberScheduled') ?? 0,
    updated: numberAt(daemonSet, 'status', 'updatedNumberScheduled') ?? 0,
    ready: numberAt(daemonSet, 'status', 'numberReady') ?? 0,
    available: numberAt(daemonSet, 'status', 'numberAvailable') ?? 0,
  };
}

/** Done when every node that wants the pod has an updated one that is available; OnDelete allows old pods by design. */
export function daemonSetStatus(daemonSet: KubernetesObject): Status {
  const early = unobserved(daemonSet);
  if (early !== undefined) return early;
  if (numberAt(daemonSet, 'status', 'desiredNumberScheduled') === undefined) {
    return progressing('too-few-pods', 'the controller has not said how many nodes want it');
  }
  const { desired, total, updated, available } = daemonSetCounts(daemonSet);
  const ready = numberAt(daemonSet, 'status', 'numberReady') ?? available;
  const byHand = textAt(daemonSet, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  if (total < desired) return progressing('too-few-pods', `${total} of ${desired} nodes have a pod`);
  if (!byHand && updated < desired)
    return progressing('too-few-updated', `${updated} of ${desired} pods updated`);
  if (available < desired) return progressing('not-available', `${available} of ${desired} pods available`);
  if (ready < desired) return progressing('not-available', `${ready} of ${desired} pods ready`);
  if (byHand && updated < desired) {
    return current(
      `${desired - updated} of ${desired} pods wait to be deleted (OnDelete)`,
      'replaced-by-hand',
    );
  }
  return current(desired === 0 ? 'no node wants it' : `${available} of ${desired} pods available`);
}
