/** Objects that the overlay no longer has: found by the preview, and deleted by finish once the release is verified. */
import { Fault } from '../../domain/failure/fault.ts';
import {
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
} from '../../domain/kubernetes/objects.ts';
import { listedEarlier, telling } from '../../domain/prune/candidates.ts';
import type { PruneReport } from '../../domain/prune/plan.ts';
import { nothingToPrune, type PrunePlan, prunePlan } from '../../domain/prune/plan.ts';
import { type ConfigurationUsers, userKinds, usersAfter } from '../../domain/prune/references.ts';
import type { ReleaseBody } from '../../domain/release/record.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { RecordsPort, StoredRelease } from '../../ports/release-store.ts';
import { notice, type Run } from '../run/context.ts';
import type { Target } from './desired.ts';
import type { Plan } from './plan.ts';

/** The plan with what is to be deleted. */
export function withPrune(plan: Plan, prune: PrunePlan): Plan {
  return { ...plan, prune };
}

/** As it will be after the release: references by objects that the release replaces do not count. */
export async function planPrune(
  run: Run,
  cluster: ClusterPort,
  target: Target,
  releases: readonly StoredRelease[],
): Promise<PrunePlan> {
  return look(run, cluster, target, releases, (users) => usersAfter(users, target.objects));
}

/** The current state, after the rollout. */
export async function pruneNow(
  run: Run,
  cluster: ClusterPort,
  target: Target,
  releases: readonly StoredRelease[],
): Promise<PrunePlan> {
  return look(run, cluster, target, releases, (users) => users);
}

async function look(
  run: Run,
  cluster: ClusterPort,
  target: Target,
  releases: readonly StoredRelease[],
  view: (users: ConfigurationUsers) => ConfigurationUsers,
): Promise<PrunePlan> {
  if (releases.length === 0) return nothingToPrune;
  const { namespace } = target;
  const records = await run.records(namespace);
  const rendered = new Set(target.objects.map((object) => keyOf(referenceOf(object))));
  const bodies = await Promise.all(telling(releases).map((release) => readable(run, records, release)));
  const listed = listedEarlier(
    bodies.filter((body) => body !== undefined),
    rendered,
  );
  if (listed.length === 0) return nothingToPrune;
  const [live, ofOthers, users] = await Promise.all([
    readEach(
      cluster,
      listed.map(({ reference }) => reference),
    ),
    keysOfOthers(records),
    readUsers(cluster, namespace),
  ]);
  run.hide([...live.values()].filter(({ kind }) => kind === 'Secret'));
  return prunePlan({ namespace, listed, live, ofOthers, users: view(users) });
}

/** A damaged record lists nothing: objects that only it knew of are kept. */
async function readable(
  run: Run,
  records: RecordsPort,
  release: StoredRelease,
): Promise<ReleaseBody | undefined> {
  try {
    return await records.readBody(release);
  } catch (error) {
    if (!(error instanceof Fault) || error.reason !== 'record-unreadable') throw error;
    notice(run, { reason: error.reason, message: error.message, remedy: error.remedy });
    return undefined;
  }
}

async function keysOfOthers(records: RecordsPort): Promise<ReadonlySet<string> | undefined> {
  const byApp = Map.groupBy(await records.neighbours(), ({ head }) => head.app);
  try {
    const bodies = await Promise.all(
      [...byApp.values()].flatMap((releases) =>
        telling(releases).map((release) => records.readBody(release)),
      ),
    );
    const listed = listedEarlier(bodies, new Set());
    return new Set(listed.map(({ reference }) => keyOf(reference)));
  } catch (error) {
    if (error instanceof Fault && error.reason === 'record-unreadable') return undefined;
    throw error;
  }
}

/**
 * Read one by one: there are few of them, and their kinds may no longer be in the overlay or in the list permissions.
 */
async function readEach(
  cluster: ClusterPort,
  references: readonly ObjectReference[],
): Promise<ReadonlyMap<string, KubernetesObject>> {
  const found = await Promise.all(
    references.map(async (reference) =>
      // The CRD of the kind may have been deleted. Objects that may not be read are not deleted either.
      (await cluster.resourceOf(reference)) === undefined
        ? undefined
        : orWhenForbidden(cluster, cluster.get(reference), undefined),
    ),
  );
  return new Map(
    found.filter((object) => object !== undefined).map((object) => [keyOf(referenceOf(object)), object]),
  );
}

async function readUsers(cluster: ClusterPort, namespace: string): Promise<ConfigurationUsers> {
  const listed = await Promise.all(
    userKinds.map(async ({ apiVersion, kind }) => {
      const served = await cluster.servedVersionOf({ apiVersion, kind });
      // A kind that the server does not serve has no objects.
      if (served === undefined) return { kind, objects: [] };
      return {
        kind,
        objects: await orWhenForbidden(cluster, cluster.list(served, kind, namespace), undefined),
      };
    }),
  );
  return {
    objects: listed.flatMap(({ objects }) => objects ?? []),
    unseen: listed.filter(({ objects }) => objects === undefined).map(({ kind }) => kind),
  };
}

async function orWhenForbidden<T, D>(cluster: ClusterPort, request: Promise<T>, instead: D): Promise<T | D> {
  try {
    return await request;
  } catch (error) {
    if (cluster.refusalOf(error)?.status === 403) return instead;
    throw error;
  }
}

/** The plan as reported; undefined if the overlay still has everything. */
export function pruneReports({ prunes, spared }: PrunePlan): readonly PruneReport[] | undefined {
  const reports: readonly PruneReport[] = [
    ...prunes.map(({ reference }): PruneReport => ({ reference, state: 'to-prune', message: '' })),
    ...spared.map(({ reference, why }): PruneReport => ({ reference, state: 'spared', message: why })),
  ];
  return reports.length === 0 ? undefined : reports;
}
