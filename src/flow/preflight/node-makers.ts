/** Detects whether nodes are provisioned on demand: only if the existing nodes have no room. */
import {
  autoscalerStatusReference,
  nodeMakerOf,
  nodePoolKinds,
  orderingReasons,
} from '../../domain/checks/nodes-on-demand.ts';
import type { NodeMaker } from '../../domain/checks/resources.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { whereAllowed } from '../plan/where-allowed.ts';

/** `hidden`: nobody was seen, but not everything may be read with this identity. */
export async function readNodeMaker(
  cluster: ClusterPort,
  namespace: string,
  nodes: readonly KubernetesObject[],
): Promise<NodeMaker> {
  const [status, events, ...pools] = await Promise.all([
    whereAllowed(
      cluster,
      cluster.get(autoscalerStatusReference).then((found) => (found === undefined ? [] : [found])),
    ),
    readEvents(cluster, namespace),
    ...nodePoolKinds.map((kind) => readNodePools(cluster, kind)),
  ]);
  const maker = nodeMakerOf({
    nodes,
    autoscalerStatus: status ?? [],
    nodePools: pools.flatMap((found) => found ?? []),
    events: events ?? [],
  });
  if (maker !== undefined) return { type: 'known', maker };
  const hidden = [status, ...pools].some((found) => found === undefined);
  return { type: hidden ? 'hidden' : 'none' };
}

async function readNodePools(
  cluster: ClusterPort,
  { apiVersion, kind }: (typeof nodePoolKinds)[number],
): Promise<readonly KubernetesObject[] | undefined> {
  const resource = await whereAllowed(cluster, cluster.resourceOf({ apiVersion, kind }));
  return resource === undefined ? [] : whereAllowed(cluster, cluster.list(apiVersion, kind));
}

async function readEvents(
  cluster: ClusterPort,
  namespace: string,
): Promise<readonly KubernetesObject[] | undefined> {
  const found = await Promise.all(
    orderingReasons.map((reason) =>
      whereAllowed(cluster, cluster.list('v1', 'Event', namespace, { fieldSelector: `reason=${reason}` })),
    ),
  );
  return found.some((events) => events === undefined) ? undefined : found.flatMap((events) => events ?? []);
}
