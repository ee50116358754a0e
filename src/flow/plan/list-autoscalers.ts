import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { ClusterPort } from '../../ports/cluster.ts';

/**
 * The HorizontalPodAutoscalers of a namespace; KEDA creates one for each ScaledObject. None if they may not be
 * listed.
 */
export async function listAutoscalers(
  cluster: ClusterPort,
  namespace: string | undefined,
): Promise<readonly KubernetesObject[]> {
  try {
    return await cluster.list('autoscaling/v2', 'HorizontalPodAutoscaler', namespace);
  } catch (error) {
    // Without the permission the overlay's own autoscalers still count; others show up as conflicts over replicas.
    if (cluster.refusalOf(error)?.status === 403) return [];
    throw error;
  }
}
