import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { ClusterPort } from '../../ports/cluster.ts';

/** The HorizontalPodAutoscalers of a namespace; KEDA makes one for each of its ScaledObjects. None where they may not be listed. */
export async function listAutoscalers(
  cluster: ClusterPort,
  namespace: string | undefined,
): Promise<readonly KubernetesObject[]> {
  try {
    return await cluster.list('autoscaling/v2', 'HorizontalPodAutoscaler', namespace);
  } catch (error) {
    // Without the permission the overlay's own autoscalers still count; those of others show as conflicts over replicas.
    if (cluster.refusalOf(error)?.status === 403) return [];
    throw error;
  }
}
