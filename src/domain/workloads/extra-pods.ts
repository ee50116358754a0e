/** How many pods a rollout needs beyond those that run. */
import { workloadKindOf } from '../kinds/table.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { replicasOf } from '../kubernetes/surge.ts';

/** True if the rollout must start a pod before it may end one; `workload` as the server would store it. */
export function needsExtraPod(live: KubernetesObject | undefined, workload: KubernetesObject): boolean {
  return workloadKindOf(workload)?.needsExtraPod(live, workload) ?? true;
}

/**
 * Pods that it has at most beyond those that run now: all pods of something new, else its surge and what is added.
 *
 * @param least without the surge that its rollout can do without, because it may end a pod first
 */
export function extraPods(
  workload: KubernetesObject,
  live: KubernetesObject | undefined,
  nodes: readonly KubernetesObject[],
  least: boolean,
): number {
  const kind = workloadKindOf(workload);
  if (live === undefined) return kind?.newPods(workload, nodes) ?? replicasOf(workload);
  const added = Math.max(0, replicasOf(workload) - replicasOf(live));
  return added + (kind?.surgePods(workload, least) ?? 0);
}
