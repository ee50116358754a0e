import { conditionOf, flagAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { unobserved } from '../generic/generic.ts';
import { current, failed, pods, progressing, type Status } from '../generic/status.ts';

/** Replica counts of a Deployment. `spec.replicas` defaults to 1 in the API server. */
export function deploymentCounts(deployment: KubernetesObject) {
  return {
    desired: numberAt(deployment, 'spec', 'replicas') ?? 1,
    total: numberAt(deployment, 'status', 'replicas') ?? 0,
    updated: numberAt(deployment, 'status', 'updatedReplicas') ?? 0,
    ready: numberAt(deployment, 'status', 'readyReplicas') ?? 0,
    available: numberAt(deployment, 'status', 'availableReplicas') ?? 0,
  };
}

/** True while the condition stands; whether it is about this release is for the rollout to decide: it outlives its release. */
export function pastProgressDeadline(deployment: KubernetesObject): boolean {
  return conditionOf(deployment, 'Progressing')?.reason === 'ProgressDeadlineExceeded';
}

/**
 * Done means observedGeneration ≥ generation, updated = spec, replicas = updated, available = updated (as in
 * kubectl's rollout_status.go). A deadline that is over is only told where the rollout is not done; `deadlineCounts` is
 * false where it is known to be an earlier release's.
 */
export function deploymentStatus(deployment: KubernetesObject, deadlineCounts = true): Status {
  const early = unobserved(deployment);
  if (early !== undefined) return early;
  const { desired, total, updated, available } = deploymentCounts(deployment);
  const done = updated === desired && total === updated && available === updated;
  const denied = done ? deniedBy(deployment) : undefined;
  if (denied !== undefined) return progressing('not-available', denied);
  if (done) return current(desired === 0 ? 'scaled to zero' : `${available} of ${desired} pods available`);
  if (deadlineCounts && pastProgressDeadline(deployment)) {
    return failed(
      'deadline-exceeded',
      `${available} of ${desired} pods available, progress deadline exceeded`,
    );
  }
  if (flagAt(deployment, 'spec', 'paused') === true) {
    return progressing('paused', `paused with ${updated} of ${desired} pods updated`);
  }
  const ending = endingFirst(deployment);
  if (updated < desired && ending > 0) {
    return progressing('old-pods-left', `waits for ${pods(ending)} to end before it makes new ones`);
  }
  if (updated < desired) return progressing('too-few-updated', `${updated} of ${desired} pods updated`);
  if (total > updated) return progressing('old-pods-left', oldPods(total - updated));
  return progressing('not-available', `${available} of ${desired} pods available`);
}

/** Pods on their way out that the controller waits for, where it is to make no new one before (KEP 3973, KEP 5882). */
function endingFirst(deployment: KubernetesObject): number {
  if (textAt(deployment, 'spec', 'podReplacementPolicy') !== 'TerminationComplete') return 0;
  return numberAt(deployment, 'status', 'terminatingReplicas') ?? 0;
}

/** Counts and conditions are written together; where they contradict each other, what is worse counts. */
function deniedBy(deployment: KubernetesObject): string | undefined {
  if (conditionOf(deployment, 'Available')?.status === 'False')
    return 'its controller calls it not available';
  const made = conditionOf(deployment, 'Progressing');
  if (made?.status !== 'False' || pastProgressDeadline(deployment)) return undefined;
  return `its controller makes no progress: ${made.reason}`;
}

/** Additional information in a failed rollout: something still serves. */
function oldPods(count: number): string {
  return count === 1 ? '1 old pod still runs' : `${count} old pods still run`;
}
