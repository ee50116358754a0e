import { type KubernetesObject, keyOf, type ObjectReference, referenceOf } from '../domain/objects.ts';
import type { ClusterPort } from './ports.ts';

/** The live objects among these, by key: one list per kind, not one request per object. */
export async function readObjects(
  cluster: ClusterPort,
  references: readonly ObjectReference[],
): Promise<ReadonlyMap<string, KubernetesObject>> {
  const wanted = new Set(references.map(keyOf));
  const kinds = new Map(
    references
      .filter(({ namespace }) => namespace !== undefined)
      .map((reference) => [`${reference.apiVersion} ${reference.kind} ${reference.namespace}`, reference]),
  );
  const found = await Promise.all([
    ...references
      .filter(({ namespace }) => namespace === undefined)
      .map(async (reference) => [await cluster.get(reference)]),
    ...[...kinds.values()].map(async (reference) =>
      // The CRD that brought the kind may be gone.
      (await cluster.resourceOf(reference)) === undefined
        ? []
        : cluster.list(reference.apiVersion, reference.kind, reference.namespace),
    ),
  ]);
  return new Map(
    found
      .flat()
      .filter((object) => object !== undefined)
      .map((object): [string, KubernetesObject] => [keyOf(referenceOf(object)), object])
      .filter(([key]) => wanted.has(key)),
  );
}
