/** Reads what the overlay's pods need beyond the overlay, and which objects in the namespace may produce it. */
import { outsideReferences } from '../../domain/checks/secrets.ts';
import { groupKindOf, type KubernetesObject, keyOf, referenceOf } from '../../domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../domain/plan/changes.ts';
import { answerFor, isNeeded, type Supply } from '../../domain/producers/expectations.ts';
import { keysOfOthers } from '../../domain/producers/keys.ts';
import { liveKinds } from '../../domain/producers/table.ts';
import { referencesOf } from '../../domain/secrets/references.ts';
import type { ClusterPort, ServedKind } from '../../ports/cluster.ts';
import type { Target } from '../plan/desired.ts';

/** The live Secrets and ConfigMaps that pods refer to; live producers are read only where the overlay leaves gaps. */
export async function readSupply(
  cluster: ClusterPort,
  { objects: rendered, namespace }: Target,
  options: { readonly namespaceExists: boolean; readonly changes: Promise<readonly PlannedChange[]> },
): Promise<Supply> {
  const live = options.namespaceExists ? await readOutside(cluster, rendered, namespace) : [];
  const brought: Supply = {
    rendered,
    live,
    producers: [],
    unseen: [],
    kept: keptKeys(await options.changes),
  };
  // Live producers are read only if the overlay itself does not contain the producer.
  if (!hasGaps(brought)) return brought;
  const { producers, unseen } = await readProducers(cluster, options.namespaceExists ? namespace : undefined);
  // For an object that the overlay changes, the new state counts.
  const changed = new Set(rendered.map((object) => keyOf(referenceOf(object))));
  const others = producers.filter(
    (object) => !changed.has(keyOf(referenceOf(object))) && object.metadata.deletionTimestamp === undefined,
  );
  return { ...brought, producers: others, unseen };
}

function hasGaps(supply: Supply): boolean {
  return supply.rendered.some((workload) =>
    referencesOf(workload)
      .filter(isNeeded)
      .map((wanted) => answerFor(workload, wanted, supply))
      .some(
        (answer) =>
          answer.state === 'missing' ||
          (answer.state === 'expected' && answer.expectation.certainty !== 'sure'),
      ),
  );
}

async function readOutside(
  cluster: ClusterPort,
  rendered: readonly KubernetesObject[],
  namespace: string,
): Promise<readonly KubernetesObject[]> {
  const found = await Promise.all(
    outsideReferences(rendered).map(({ kind, name }) =>
      cluster.get({ apiVersion: 'v1', kind, namespace, name }),
    ),
  );
  return found.filter((object) => object !== undefined);
}

function keptKeys(changes: readonly PlannedChange[]): Supply['kept'] {
  return new Map(
    changes.flatMap(({ reference, live, adopts }): [string, readonly string[]][] =>
      live !== undefined && (live.kind === 'Secret' || live.kind === 'ConfigMap')
        ? [[keyOf(reference), keysOfOthers(live, adopts)]]
        : [],
    ),
  );
}

/** A missing read permission is no reason to fail: the answer is then unknown, and the kind is reported. */
async function readProducers(
  cluster: ClusterPort,
  namespace: string | undefined,
): Promise<Pick<Supply, 'producers' | 'unseen'>> {
  const isRefused = (error: unknown) => {
    const status = cluster.refusalOf(error)?.status;
    return status === 403 || status === 404;
  };
  const served = await cluster.servedKinds(liveKinds).catch((error: unknown) => {
    if (isRefused(error)) return [];
    throw error;
  });
  const unseen: string[] = [];
  const list = async (one: ServedKind): Promise<readonly KubernetesObject[]> => {
    if (one.namespaced && namespace === undefined) return [];
    try {
      return await cluster.list(one.apiVersion, one.kind, one.namespaced ? namespace : undefined);
    } catch (error) {
      if (!isRefused(error)) throw error;
      unseen.push(groupKindOf(one));
      return [];
    }
  };
  const lists = await Promise.all(served.map(list));
  return { producers: lists.flat(), unseen: unseen.sort() };
}
