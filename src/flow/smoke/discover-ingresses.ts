/**
 * Ingresses and Gateways that lead to the Services of a namespace. Kinds that may not be read or are not served are
 * left out.
 */
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { type Entrances, parentsOf } from '../../domain/smoke/tests/ingress-routes.ts';
import type { ClusterPort } from '../../ports/cluster.ts';

const gatewayApi = 'gateway.networking.k8s.io/v1';

/** The Ingresses and HTTPRoutes of the namespace, and the Gateways that these name, in whatever namespace. */
export async function findEntrances(cluster: ClusterPort, namespace: string): Promise<Entrances> {
  const [ingresses, httpRoutes] = await Promise.all([
    listed(cluster, 'networking.k8s.io/v1', 'Ingress', namespace),
    listed(cluster, gatewayApi, 'HTTPRoute', namespace),
  ]);
  const parents = httpRoutes.flatMap((route) => parentsOf(route, namespace));
  const unique = [...new Map(parents.map((one) => [`${one.namespace}/${one.name}`, one])).values()];
  const gateways = await Promise.all(
    unique.map((one) => ifItMay(cluster.get({ apiVersion: gatewayApi, kind: 'Gateway', ...one }))),
  );
  return {
    ingresses,
    httpRoutes,
    gateways: gateways.filter((gateway) => gateway !== undefined),
    isInside: cluster.isInside ?? false,
  };
}

async function listed(
  cluster: ClusterPort,
  apiVersion: string,
  kind: string,
  namespace: string,
): Promise<readonly KubernetesObject[]> {
  const known = await ifItMay(cluster.resourceOf({ apiVersion, kind }));
  return known === undefined ? [] : ((await ifItMay(cluster.list(apiVersion, kind, namespace))) ?? []);
}

/** They are only additional routes: an error reading them must not end the tests. */
async function ifItMay<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return answer.catch(() => undefined);
}
