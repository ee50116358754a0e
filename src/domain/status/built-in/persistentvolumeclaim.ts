import { textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unsettled } from '../generic/generic.ts';
import { current, failed, progressing, type Status } from '../generic/status.ts';

/**
 * Current when bound, failed when its volume is lost. A claim that is not bound is progressing, `not-bound`, whatever it
 * waits for: whether its class binds only for a consumer (WaitForFirstConsumer) stands in the StorageClass, which is not
 * part of the claim. Who knows the class decides: such a claim without a pod that uses it is no reason to wait, and one that a
 * pod uses is judged with the pod (`volume-pending`).
 */
export function persistentVolumeClaimStatus(claim: KubernetesObject): Status {
  const early = unsettled(claim);
  if (early !== undefined) return early;
  const phase = textAt(claim, 'status', 'phase') ?? 'Pending';
  if (phase === 'Bound') {
    const volume = textAt(claim, 'spec', 'volumeName');
    return current(volume === undefined ? 'bound' : `bound to ${volume}`);
  }
  if (phase === 'Lost') return failed('failed', 'its volume is lost');
  return progressing('not-bound', 'not bound to a volume');
}
