/** Restores one object: by server-side apply, or if the server rejects that, by a JSON patch or by recreating it. */
import { type MemberPath, memberNamed, ownersOf, withoutField } from '../../domain/kubernetes/field-set.ts';
import {
  type JsonObject,
  type KubernetesObject,
  type ManagedFieldsEntry,
  type ObjectReference,
  referenceOf,
} from '../../domain/kubernetes/objects.ts';
import type { ApplyConflict } from '../../domain/plan/changes.ts';
import type { LeftAlone, Restore } from '../../domain/undo/decision.ts';
import { hasDuplicates, withDuplicatesOf, withoutDuplicates } from '../../domain/undo/duplicates.ts';
import { ownershipPrepared, ownershipRestored } from '../../domain/undo/ownership.ts';
import { remakeOf } from '../../domain/undo/remake.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Run } from '../run/context.ts';

/** An object that has its previous state again, as the server answered. */
export interface Restored {
  readonly reference: ObjectReference;
  readonly object: KubernetesObject;
  /** Fields that somebody changed since: they keep that value. */
  readonly leftAlone: readonly LeftAlone[];
  /** It was deleted and recreated. */
  readonly remade: boolean;
}

/** Why it is not restored, as part of a sentence. */
interface NotRestored {
  readonly why: string;
}

/** @throws what the API server refuses */
export async function restoreObject(
  run: Run,
  cluster: ClusterPort,
  restore: Restore,
): Promise<Restored | NotRestored> {
  const { request, fields, remake } = restore;
  if (remake !== undefined) return makeAnew(run, cluster, restore, remake);
  await prepareOwnership(cluster, restore);
  const written = hasDuplicates(fields, request)
    ? await rewrite(run, cluster, restore)
    : await applyOrWrite(run, cluster, restore);
  if ('why' in written) return written;
  const { object, leftAlone } = written;
  const given = await giveBack(cluster, restore.ownership, object, leftAlone);
  return { reference: restore.reference, object: given, leftAlone, remade: false };
}

/** The reference to read it with: in the version in which it is sent. */
function referenceIn({ reference, request }: Restore): ObjectReference {
  return { ...reference, apiVersion: String(request['apiVersion']) };
}

interface Written {
  readonly object: KubernetesObject;
  /** What was finally sent. */
  readonly request: JsonObject;
  readonly leftAlone: readonly LeftAlone[];
}

/** Conflicts are resolved field by field: a first one may hide others. */
const applyAttempts = 20;

/** Not forced: a conflict means that a field was changed since; it is left out. */
async function applyWhatIsLeft(
  run: Run,
  cluster: ClusterPort,
  restore: Restore,
  wanted: JsonObject,
  foresee?: { readonly resourceVersion: string | undefined },
): Promise<Written | NotRestored> {
  const reference = referenceIn(restore);
  const base = foresee?.resourceVersion === undefined ? {} : { resourceVersion: foresee.resourceVersion };
  let { leftAlone } = restore;
  let request = wanted;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await cluster.apply(request as unknown as KubernetesObject, {
      force: false,
      dryRun: foresee !== undefined,
      signal: run.signal,
      ...base,
    });
    if (answer.type === 'applied') return { object: answer.object, request, leftAlone };
    const lost = await conflictingFields(cluster, reference, answer.conflicts);
    if (lost.length === 0 || attempt === applyAttempts) {
      const [first] = answer.conflicts;
      return { why: `field ${first?.field} belongs to ${first?.manager} now` };
    }
    request = lost.reduce((rest, { path }) => withoutField(rest, path), request);
    leftAlone = [...leftAlone, ...lost];
  }
}

async function conflictingFields(
  cluster: ClusterPort,
  reference: ObjectReference,
  conflicts: readonly ApplyConflict[],
): Promise<readonly LeftAlone[]> {
  const entries = (await cluster.get(reference))?.metadata.managedFields ?? [];
  const paths = conflicts.flatMap(({ field }): readonly MemberPath[] => {
    const path = memberNamed(entries, field);
    return path === undefined ? [] : [path];
  });
  return paths.map((path) => ({ path, managers: ownersOf(entries, path) }));
}

/**
 * The result of an apply may be invalid although the previous object was valid: if the last field of a custom
 * resource's `spec` is removed, the server leaves `null`. Then the wanted object is written by a JSON patch.
 */
async function applyOrWrite(
  run: Run,
  cluster: ClusterPort,
  restore: Restore,
): Promise<Written | NotRestored> {
  try {
    return await applyWhatIsLeft(run, cluster, restore, restore.request);
  } catch (error) {
    const live =
      cluster.refusalOf(error)?.status === 422 ? await cluster.get(referenceIn(restore)) : undefined;
    if (live === undefined) throw error;
    const { request, fields, ownership } = restore;
    const { remake, leftAlone } = remakeOf(live, { restore: request, fields, ownership });
    const wanted = remake.object as unknown as KubernetesObject;
    const object = await cluster.rewrite(live, wanted).catch(() => Promise.reject(error));
    return { object, request, leftAlone: [...restore.leftAlone, ...leftAlone] };
  }
}

/** Controllers write all the time, and each write makes ours conflict: then the object is read again. */
const rewriteAttempts = 8;

/**
 * A list with a duplicate key: the apply is dry-run with each key once, and the result is written with the original
 * list. A single write, so that a workload rolls out only once.
 */
async function rewrite(run: Run, cluster: ClusterPort, restore: Restore): Promise<Written | NotRestored> {
  const { fields, request } = restore;
  for (let attempt = 1; ; attempt += 1) {
    const live = await cluster.get(referenceIn(restore));
    if (live === undefined) return { why: 'it was deleted meanwhile' };
    const { resourceVersion } = live.metadata;
    try {
      const once = withoutDuplicates(fields, request);
      const foreseen = await applyWhatIsLeft(run, cluster, restore, once, { resourceVersion });
      if ('why' in foreseen) return foreseen;
      const wanted = withDuplicatesOf(fields, request, foreseen.object as unknown as JsonObject);
      const object = await cluster.rewrite(live, wanted as unknown as KubernetesObject);
      return { object, request, leftAlone: foreseen.leftAlone };
    } catch (error) {
      if (!hasMoved(cluster, error) || attempt === rewriteAttempts) throw error;
    }
  }
}

/** A failed `test` of a JSON patch is a 422 without a name or causes. */
function hasMoved(cluster: ClusterPort, error: unknown): boolean {
  const status = cluster.refusalOf(error)?.status;
  return status === 409 || status === 422;
}

const goneInterval = 250;
const goneTimeout = 60_000;

/** Pods that have mounted or read it keep its content; objects that it owns are kept. */
async function makeAnew(
  run: Run,
  cluster: ClusterPort,
  restore: Restore,
  { uid, object, ownership }: NonNullable<Restore['remake']>,
): Promise<Restored | NotRestored> {
  const reference = referenceIn(restore);
  if (uid !== undefined) {
    await cluster.delete(reference, uid, { propagation: 'Orphan' });
    const deadline = run.clock.now() + goneTimeout;
    while ((await cluster.get(reference))?.metadata.uid === uid) {
      if (run.clock.now() > deadline)
        return { why: 'it has to be recreated, but its deletion does not complete' };
      await run.clock.wait(goneInterval, run.signal);
    }
  }
  const made = await applyWhatIsLeft(run, cluster, restore, object);
  if ('why' in made) return made;
  const given = await giveBack(cluster, ownership, made.object, made.leftAlone);
  return { reference: restore.reference, object: given, leftAlone: made.leftAlone, remade: true };
}

async function prepareOwnership(cluster: ClusterPort, restore: Restore): Promise<void> {
  const { brought, regained = [], writtenIn, retires, request } = restore;
  const reference = referenceIn(restore);
  if (brought.length + regained.length === 0 && writtenIn === undefined) return;
  const isServed =
    writtenIn === undefined ||
    (retires !== true &&
      (await cluster.servedVersionOf({ ...reference, apiVersion: writtenIn })) === writtenIn);
  const relabel = isServed ? undefined : String(request['apiVersion']);
  const live = await cluster.get(reference);
  if (live === undefined) return;
  await changeOwnership(cluster, live, (object) => ownershipPrepared(object, { brought, regained, relabel }));
}

async function giveBack(
  cluster: ClusterPort,
  ownership: readonly ManagedFieldsEntry[],
  applied: KubernetesObject,
  leftAlone: readonly LeftAlone[],
): Promise<KubernetesObject> {
  const paths = leftAlone.map(({ path }) => path);
  return changeOwnership(cluster, applied, ({ metadata }) =>
    ownershipRestored(metadata.managedFields ?? [], ownership, paths),
  );
}

const ownershipAttempts = 8;

/** `entriesFor` returns undefined if nothing has to be changed. */
async function changeOwnership(
  cluster: ClusterPort,
  object: KubernetesObject,
  entriesFor: (object: KubernetesObject) => readonly ManagedFieldsEntry[] | undefined,
): Promise<KubernetesObject> {
  let current: KubernetesObject | undefined = object;
  for (let attempt = 1; current !== undefined; attempt += 1) {
    const entries = entriesFor(current);
    if (entries === undefined) return current;
    try {
      return await cluster.patchManagedFields(current, entries);
    } catch (error) {
      if (!hasMoved(cluster, error) || attempt === ownershipAttempts) throw error;
      current = await cluster.get(referenceOf(object));
    }
  }
  return object;
}
