/**
 * The writes of an undo: previous configurations are applied again, and objects that the release created are deleted.
 */

import type { Failure } from '../../domain/failure/failure.ts';
import { workloadKindOf } from '../../domain/kinds/table.ts';
import { isCustomResource } from '../../domain/kubernetes/custom-resource.ts';
import { memberText, withoutMembers } from '../../domain/kubernetes/field-set.ts';
import { type ObjectReference, titleOf } from '../../domain/kubernetes/objects.ts';
import { type Wave, waveOf, waves } from '../../domain/plan/waves.ts';
import type { Deletion, Restore } from '../../domain/undo/decision.ts';
import { differing } from '../../domain/undo/present.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { logLine } from '../../report/log/line.ts';
import { logText, shorten } from '../../report/text/escape.ts';
import { untilWebhooksAnswer } from '../apply/webhook-patience.ts';
import type { Run } from '../run/context.ts';
import { stillThere } from './await-deletions.ts';
import { type Restored, restoreObject } from './restore.ts';

/** Hooks around the writes of an undo. */
export interface UndoGuard {
  /** Throws when the lock is lost. */
  readonly ensureHeld: () => Promise<void>;
  /** Called once per restored object, as soon as the server has answered. */
  readonly onRestored: (restored: Restored) => void;
}

/** Configuration before workloads, as in apply. An object that cannot be restored does not stop the others. */
export async function restoreAll(
  run: Run,
  cluster: ClusterPort,
  restores: readonly Restore[],
  guard: UndoGuard,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  await inEachWave(run, guard, waves, restores, async (restore) => {
    const answer = await restoreOne(run, cluster, restore);
    if (answer === 'left') return;
    if ('reason' in answer) failures.push(answer);
    else {
      say(run, restore.reference, answer.remade ? 'restored by recreating it' : 'restored');
      guard.onRestored(answer);
    }
  });
  return failures;
}

/** Referencing objects before the objects they reference. Returns those that could not be deleted. */
export async function deleteAll(
  run: Run,
  cluster: ClusterPort,
  deletions: readonly Deletion[],
  guard: Pick<UndoGuard, 'ensureHeld'>,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  await deleteInOrder(run, cluster, guard, deletions, async ({ reference, uid }) => {
    try {
      await untilWebhooksAnswer(run, cluster, () => cluster.delete(reference, uid));
      say(run, reference, 'deleted');
    } catch (error) {
      failures.push(refused(run, cluster, reference, 'deleted', error));
    }
  });
  return failures;
}

/** Milliseconds for an operator to process the finalizers of its custom resources. */
const finalizing = 30_000;

/**
 * Custom resources first, then wave by wave. If workloads are deleted too, one of them may be the operator whose
 * finalizer is on a custom resource: deleted first, it would leave that terminating for ever. The wait is short, in
 * case the operator does not work.
 */
export async function deleteInOrder<T extends Deletion>(
  run: Run,
  cluster: ClusterPort,
  guard: Pick<UndoGuard, 'ensureHeld'>,
  deletions: readonly T[],
  work: (step: T) => Promise<void>,
): Promise<void> {
  const isFirst = ({ reference }: T) => isCustomResource(reference);
  const mayBeOperator = ({ reference }: T) => isController(reference);
  const first = deletions.some(mayBeOperator) ? deletions.filter(isFirst) : [];
  if (first.length > 0) {
    await guard.ensureHeld();
    run.signal.throwIfAborted();
    await Promise.all(first.map(work));
    await stillThere(run, cluster, first, finalizing);
  }
  const rest = deletions.filter((one) => !first.includes(one));
  await inEachWave(run, guard, waves.toReversed(), rest, work);
}

/** Its pods run permanently, so they may be those of an operator. */
function isController(reference: ObjectReference): boolean {
  const kind = workloadKindOf(reference);
  return kind?.waitsFor === 'rollout' && kind.endedPods === 'replaced';
}

/**
 * Wave by wave, the objects of a wave in parallel; before each wave the lock is checked, and a stopped run does not
 * continue.
 */
async function inEachWave<T extends { readonly reference: ObjectReference }>(
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

async function restoreOne(
  run: Run,
  cluster: ClusterPort,
  restore: Restore,
): Promise<Restored | Failure | 'left'> {
  const { reference } = restore;
  try {
    const restored = await untilWebhooksAnswer(run, cluster, () => restoreObject(run, cluster, restore));
    return 'why' in restored ? failure(reference, 'restored', restored.why) : check(restore, restored);
  } catch (error) {
    if (restore.isOptional === true && cluster.refusalOf(error)?.status === 422) return 'left';
    return refused(run, cluster, reference, 'restored', error);
  }
}

/**
 * An object counts as restored only if the server's result equals the previous state: an admission webhook may have
 * changed it.
 */
function check(restore: Restore, restored: Restored): Restored | Failure {
  const paths = restored.leftAlone.map(({ path }) => path);
  const wrong = withoutMembers(differing(restore.fields, restore.request, restored.object), paths);
  const [first] = wrong;
  if (first === undefined) return restored;
  const others = wrong.length === 1 ? '' : ` and ${wrong.length - 1} more fields have`;
  return failure(
    restore.reference,
    'restored',
    `${memberText(first)}${others || ' has'} a different value than before`,
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
  // Without a response nothing is known: the record stays pending, and post or the next run continues.
  if (refusal === undefined || refusal.status === 0 || run.signal.aborted) throw error;
  const said = refusal.message.replace(/\s+/g, ' ').trim();
  return failure(reference, what, `the API server refused it: ${said}`);
}

function failure(reference: ObjectReference, what: string, why: string): Failure {
  return {
    reason: 'rollback-failed',
    message: `${titleOf(reference)} was not ${what}: ${why}.`,
    remedy: 'Do it manually, as described under "What to do next".',
    objects: [reference],
    chain: [titleOf(reference)],
    logs: [],
  };
}
