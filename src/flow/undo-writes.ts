/** The writes of an undo: configurations before are applied again, and what the release made is deleted. */
import type { ApplyConflict } from '../domain/changes.ts';
import type { Failure } from '../domain/failure.ts';
import {
  type KubernetesObject,
  type ManagedFieldsEntry,
  type ObjectReference,
  referenceOf,
  titleOf,
} from '../domain/objects.ts';
import { ownershipClaiming } from '../domain/undo/brought.ts';
import {
  type MemberPath,
  memberNamed,
  memberText,
  ownersOf,
  withoutField,
  withoutMembers,
} from '../domain/undo/members.ts';
import { ownershipRestored } from '../domain/undo/ownership.ts';
import { type Deletion, differing, type LeftAlone, type Restore } from '../domain/undo/plan.ts';
import { type Wave, waveOf, waves } from '../domain/waves.ts';
import { logText, shorten } from '../report/escape.ts';
import { logLine } from '../report/log-line.ts';
import type { ClusterPort } from './ports.ts';
import type { Run } from './run.ts';

export interface Restored {
  readonly reference: ObjectReference;
  readonly object: KubernetesObject;
  readonly leftAlone: readonly LeftAlone[];
}

export interface UndoGuard {
  /** Throws when the lock is no longer ours. */
  readonly ensureHeld: () => Promise<void>;
  readonly onRestored: (restored: Restored) => void;
}

/** Configuration before workloads, as in apply. An object that cannot be restored does not keep others from it. */
export async function restoreAll(
  run: Run,
  cluster: ClusterPort,
  restores: readonly Restore[],
  guard: UndoGuard,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  await inEachWave(run, guard, waves, restores, async (restore) => {
    const answer = await restoreOne(run, cluster, restore);
    if ('reason' in answer) failures.push(answer);
    else {
      say(run, restore.reference, 'restored');
      guard.onRestored(answer);
    }
  });
  return failures;
}

/** Users before what they use. Answers with those that could not be deleted. */
export async function deleteAll(
  run: Run,
  cluster: ClusterPort,
  deletions: readonly Deletion[],
  guard: Pick<UndoGuard, 'ensureHeld'>,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  await inEachWave(run, guard, waves.toReversed(), deletions, async ({ reference, uid }) => {
    try {
      await cluster.delete(reference, uid);
      say(run, reference, 'deleted');
    } catch (error) {
      failures.push(refused(run, cluster, reference, 'deleted', error));
    }
  });
  return failures;
}

/** Wave after wave, each one's members at once; before each the lock is made sure of, and a stopped run goes no further. */
export async function inEachWave<T extends { readonly reference: ObjectReference }>(
  run: Run,
  guard: Pick<UndoGuard, 'ensureHeld'>,
  order: readonly Wave[],
  steps: readonly T[],
  work: (step: T) => Promise<void>,
): Promise<void> {
  for (const wave of order) {
    const members = steps.filter(({ reference }) => waveOf(reference) === wave);
    if (members.length === 0) continue;
    await guard.ensureHeld();
    run.signal.throwIfAborted();
    await Promise.all(members.map(work));
  }
}

function say(run: Run, reference: ObjectReference, what: string): void {
  run.log.line(logLine(run.logClock(), `  ${logText(shorten(titleOf(reference), 200))} ${what}`));
}

/** Conflicts are answered field by field: a first one may hide others. */
const applyAttempts = 20;

async function restoreOne(run: Run, cluster: ClusterPort, restore: Restore): Promise<Restored | Failure> {
  const { reference } = restore;
  try {
    let { request, leftAlone } = restore;
    await claimBrought(cluster, restore);
    for (let attempt = 1; ; attempt += 1) {
      const answer = await cluster.apply(request as unknown as KubernetesObject, {
        force: false,
        dryRun: false,
        signal: run.signal,
      });
      if (answer.type === 'applied') {
        const object = await giveBack(cluster, restore, answer.object, leftAlone);
        return check(restore, { reference, object, leftAlone });
      }
      const lost = await conflictingFields(cluster, reference, answer.conflicts);
      const next = lost.reduce((rest, { path }) => withoutField(rest, path), request);
      if (lost.length === 0 || attempt === applyAttempts) {
        const [first] = answer.conflicts;
        return failure(reference, 'restored', `field ${first?.field} belongs to ${first?.manager} now`);
      }
      request = next;
      leftAlone = [...leftAlone, ...lost];
    }
  } catch (error) {
    return refused(run, cluster, reference, 'restored', error);
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

async function claimBrought(cluster: ClusterPort, { reference, brought }: Restore): Promise<void> {
  if (brought.length === 0) return;
  const live = await cluster.get(reference);
  if (live === undefined) return;
  await changeOwnership(cluster, live, (object) => ownershipClaiming(object, brought));
}

async function giveBack(
  cluster: ClusterPort,
  { ownership }: Restore,
  applied: KubernetesObject,
  leftAlone: readonly LeftAlone[],
): Promise<KubernetesObject> {
  const paths = leftAlone.map(({ path }) => path);
  return changeOwnership(cluster, applied, ({ metadata }) =>
    ownershipRestored(metadata.managedFields ?? [], ownership, paths),
  );
}

/** Controllers write the status all the time, and each write refuses ours: the object is read again. */
const ownershipAttempts = 8;

/** `entriesFor` answers with undefined when nothing is to be changed. */
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
      const status = cluster.refusalOf(error)?.status;
      if ((status !== 409 && status !== 422) || attempt === ownershipAttempts) throw error;
      current = await cluster.get(referenceOf(object));
    }
  }
  return object;
}

/** What the server made of it is what was there before, or it is not restored: an admission webhook may have its own mind. */
function check(restore: Restore, restored: Restored): Restored | Failure {
  const paths = restored.leftAlone.map(({ path }) => path);
  const wrong = withoutMembers(differing(restore.fields, restore.request, restored.object), paths);
  const [first] = wrong;
  if (first === undefined) return restored;
  const others = wrong.length === 1 ? '' : ` and ${wrong.length - 1} more fields have`;
  return failure(
    restore.reference,
    'restored',
    `${memberText(first)}${others || ' has'} another value than before`,
  );
}

function refused(
  run: Run,
  cluster: ClusterPort,
  reference: ObjectReference,
  what: string,
  error: unknown,
): Failure {
  const refusal = cluster.refusalOf(error);
  // Without an answer nothing is known: the record stays pending, and post or the next run goes on.
  if (refusal === undefined || refusal.status === 0 || run.signal.aborted) throw error;
  const said = refusal.message.replace(/\s+/g, ' ').trim();
  return failure(reference, what, `the API server refused it: ${said}`);
}

function failure(reference: ObjectReference, what: string, why: string): Failure {
  return {
    reason: 'rollback-failed',
    message: `${titleOf(reference)} was not ${what}: ${why}.`,
    remedy: 'Do it by hand, as said under what to do next.',
    objects: [reference],
    chain: [titleOf(reference)],
    logs: [],
  };
}
