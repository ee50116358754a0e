import {
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
} from '../../domain/kubernetes/objects.ts';
import type { ClusterPort } from '../../ports/cluster.ts';

/**
 * The live objects among these, by key: one list per kind, not one request per object. A kind that the server does
 * not serve in the given version is read in another version of its group: the object still exists. Throws what a read
 * throws: an object that could not be read never counts as absent.
 */
export async function readObjects(
  cluster: ClusterPort,
  references: readonly ObjectReference[],
): Promise<ReadonlyMap<string, KubernetesObject>> {
  const wanted = new Set(references.map(keyOf));
  const places = new Map(
    references.map((reference) => [
      // Cluster-scoped objects are read one by one, so that no list permission is needed.
      `${reference.apiVersion} ${reference.kind} ${reference.namespace ?? `/${reference.name}`}`,
      reference,
    ]),
  );
  const found = await Promise.all([...places.values()].map((reference) => readPlace(cluster, reference)));
  return new Map(
    found
      .flat()
      .map((object): [string, KubernetesObject] => [keyOf(referenceOf(object)), object])
      .filter(([key]) => wanted.has(key)),
  );
}

/** All of its kind in the namespace of this one, or this one alone. */
async function readPlace(
  cluster: ClusterPort,
  reference: ObjectReference,
): Promise<readonly KubernetesObject[]> {
  const { kind, namespace } = reference;
  // The CRD of the kind may have been deleted, or be created by this release.
  const apiVersion = await cluster.servedVersionOf(reference);
  if (apiVersion === undefined) return [];
  if (namespace !== undefined) return cluster.list(apiVersion, kind, namespace);
  const object = await cluster.get({ ...reference, apiVersion });
  return object === undefined ? [] : [object];
}

/** How the server serves the kind, in any version of its group: name and scope are the same in all. */
export async function resourceInGroup(
  cluster: ClusterPort,
  { apiVersion, kind }: Pick<KubernetesObject, 'apiVersion' | 'kind'>,
): ReturnType<ClusterPort['resourceOf']> {
  const served = await cluster.servedVersionOf({ apiVersion, kind });
  return served === undefined ? undefined : cluster.resourceOf({ apiVersion: served, kind });
}
