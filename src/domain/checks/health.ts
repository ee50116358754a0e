import { workloadKindOf } from '../kinds/table.ts';
import { type KubernetesObject, type ObjectReference, titleOf } from '../kubernetes/objects.ts';
import type { Profile } from '../settings/profile.ts';
import type { Finding } from './finding.ts';

/** The state of a workload of the overlay before this release. */
interface CurrentWorkload {
  readonly reference: ObjectReference;
  readonly healthy: boolean;
  readonly message: string;
  /** Partly up, or in progress: an autoscaler has just scaled it, or a node is being drained. */
  readonly serves?: boolean;
  /** This release changes it, and may fix it. */
  readonly changes: boolean;
}

/** Of one that is neither healthy nor failed. */
export function servesMeanwhile(live: KubernetesObject): boolean {
  return workloadKindOf(live)?.serves(live) ?? false;
}

/**
 * Workloads that were unhealthy before the release, at the level of the profile; a warning where the release changes them, they
 * still serve, or `allow-unhealthy` is set.
 */
export function judgeHealth(
  workloads: readonly CurrentWorkload[],
  profile: Profile,
  allowUnhealthy: boolean,
): readonly Finding[] {
  const unhealthy = workloads.filter((workload) => !workload.healthy);
  if (unhealthy.length === 0) {
    const message =
      workloads.length === 0
        ? 'No workload of this overlay runs yet.'
        : `${workloads.length} workload${workloads.length === 1 ? ' runs' : 's run'} and ${workloads.length === 1 ? 'is' : 'are'} healthy.`;
    return [{ level: 'pass', reason: 'ok', message, remedy: '' }];
  }
  return unhealthy.map((workload) => ({
    level:
      workload.changes || workload.serves === true || allowUnhealthy
        ? 'warn'
        : profile.levels.unhealthyWorkload,
    reason: 'workload-unhealthy',
    message: `${titleOf(workload.reference)} is not healthy before this release: ${workload.message}.`,
    remedy: workload.changes
      ? 'This release changes it; if it is still unhealthy after that, the release fails.'
      : `Inspect it with \`kubectl describe ${workload.reference.kind.toLowerCase()} ${workload.reference.name}\`.`,
    object: workload.reference,
  }));
}
