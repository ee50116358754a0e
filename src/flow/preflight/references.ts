/**
 * Checks whether the objects referenced by changed objects exist. Skipped for kinds that this identity may not read.
 */
import {
  broughtKeys,
  namedObjects,
  perhapsBrought,
  type ReferenceFacts,
  usesClaims,
  volumeClassesOf,
} from '../../domain/checks/references.ts';
import {
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
} from '../../domain/kubernetes/objects.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Target } from '../plan/desired.ts';
import type { Plan } from '../plan/plan.ts';
import { whereAllowed } from '../plan/where-allowed.ts';

/** Claims of the namespaces in which pods of this release use any; undefined where they may not be listed. */
export async function readClaims(
  cluster: ClusterPort,
  { objects }: Target,
): Promise<readonly KubernetesObject[] | undefined> {
  const namespaces = new Set(
    objects.filter(usesClaims).flatMap(({ metadata: { namespace } }) => namespace ?? []),
  );
  const listed = await Promise.all(
    [...namespaces].map((namespace) =>
      whereAllowed(cluster, cluster.list('v1', 'PersistentVolumeClaim', namespace)),
    ),
  );
  const readable = listed.filter((claims) => claims !== undefined);
  return readable.length < listed.length ? undefined : readable.flat();
}

/** @param secrets live Secrets of the release's namespace that the overlay refers to and does not bring; undefined where they could not be read */
export async function readReferences(
  cluster: ClusterPort,
  { objects, namespace }: Target,
  plan: Plan,
  secrets: readonly KubernetesObject[] | undefined,
  claims: readonly KubernetesObject[] | undefined,
): Promise<Omit<ReferenceFacts, 'locate'>> {
  const brought = broughtKeys(objects);
  const changed = plan.changes.filter(({ action }) => action !== 'unchanged');
  const named = namedObjects(changed.map(({ desired }) => desired)).filter(
    ({ reference }) => !brought.has(keyOf(reference)),
  );
  const seen = secrets && new Set(secrets.map((secret) => keyOf(referenceOf(secret))));
  const isMissing = async (reference: ObjectReference): Promise<boolean> => {
    if (reference.kind === 'Secret') {
      return seen !== undefined && reference.namespace === namespace && !seen.has(keyOf(reference));
    }
    const asked = cluster.get(reference).then((object) => object ?? 'missing');
    return (await whereAllowed(cluster, asked)) === 'missing';
  };
  const wanted = [...new Map(named.map(({ reference }) => [keyOf(reference), reference])).values()];
  const answers = await Promise.all(wanted.map(isMissing));
  const missing = wanted.filter((_, index) => answers[index]);
  const volumeClasses = missing.some(({ kind }) => kind === 'StorageClass')
    ? await readVolumeClasses(cluster, objects)
    : undefined;
  return {
    named,
    missing: new Set(missing.map(keyOf)),
    brought: perhapsBrought(missing, objects),
    ...(claims === undefined ? {} : { claims: new Set(claims.map(claimKey)) }),
    ...(volumeClasses === undefined ? {} : { volumeClasses }),
  };
}

function claimKey({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

async function readVolumeClasses(
  cluster: ClusterPort,
  objects: readonly KubernetesObject[],
): Promise<ReadonlySet<string> | undefined> {
  const live = await whereAllowed(cluster, cluster.list('v1', 'PersistentVolume'));
  const own = objects.filter(({ kind }) => kind === 'PersistentVolume');
  return live === undefined ? undefined : new Set(volumeClassesOf([...live, ...own]));
}
