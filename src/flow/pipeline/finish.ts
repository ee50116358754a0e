/**
 * The end of a verified release (release state row 5): first its record becomes `deployed`, then objects that the
 * overlay no longer has are deleted. In that order, a run killed in between leaves a valid release whose record lists
 * what is left for the next one.
 */
import { type ObjectReference, titleOf } from '../../domain/kubernetes/objects.ts';
import type { PruneReport } from '../../domain/prune/plan.ts';
import { approvedPrunes, type Prune } from '../../domain/prune/plan.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { logLine } from '../../report/log/line.ts';
import { pruneLine } from '../../report/log/prune.ts';
import { logText } from '../../report/text/escape.ts';
import { pruneNow, pruneReports } from '../plan/prune.ts';
import { closeRecord, measuredIn } from '../record/close.ts';
import { lockLost, underLock } from '../record/lock.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { retireRecords } from '../record/retention.ts';
import { deleteInOrder } from '../rollback/writes.ts';
import { endingOf } from '../run/as-result.ts';
import { notice, type Run } from '../run/context.ts';
import { forgetHandover } from './handover.ts';

interface Finished {
  /** An object that should have been deleted still exists; that fails no release. */
  readonly warned: boolean;
}

/** Closes the record as deployed, deletes what the overlay no longer has, retires old records; a failed deletion is a warning. */
export async function finish(change: OpenRelease): Promise<Finished> {
  await closeRecord(change, { status: 'deployed', phase: 'finish', ...measuredIn(change.run) });
  await forgetHandover(change);
  const finished = await pruneAll(change);
  await retireRecords(change.run, change.ready.cluster, change.ready.target.namespace);
  return finished;
}

async function pruneAll(change: OpenRelease): Promise<Finished> {
  if ((change.body.earlier ?? []).length === 0) return { warned: false };
  try {
    return await prune(change);
  } catch (error) {
    // The release is deployed, whatever happens from here on.
    const { message } = endingOf(change.run, error, change.ready.cluster);
    notPruned(change.run, undefined, change.run.signal.aborted ? 'the run was stopped.' : message);
    return { warned: true };
  }
}

async function prune(change: OpenRelease): Promise<Finished> {
  const { run, ready, release, prunes, hold } = change;
  const records = await run.records(ready.target.namespace);
  const { releases } = await records.list();
  const now = await pruneNow(run, ready.cluster, ready.target, releases);
  const approved = approvedPrunes(prunes, now);
  const pruned: ObjectReference[] = [];
  const failed = new Map<ObjectReference, string>();
  // The record says `deployed` by now, so only the Lease is the lock.
  const ensureHeld = async (): Promise<void> => {
    if (!hold.lease.held() && !(await hold.lease.confirm(run.signal))) throw lockLost();
  };
  const cluster = underLock(ready.cluster, ensureHeld);
  // Referencing objects before the objects they reference, as in undo.
  await deleteInOrder(run, cluster, { ensureHeld }, approved, async (one) => {
    const refusal = await deleteOne(run, cluster, one);
    if (refusal === undefined) pruned.push(one.reference);
    else failed.set(one.reference, refusal);
  });
  run.ledger.pruned = [
    ...pruned.map((reference): PruneReport => ({ reference, state: 'pruned', message: '' })),
    ...[...failed].map(([reference, message]): PruneReport => ({ reference, state: 'not-pruned', message })),
    ...(pruneReports({ prunes: [], spared: now.spared }) ?? []),
  ];
  for (const [reference, why] of failed) notPruned(run, reference, why);
  const current = releases.find(({ name }) => name === release.name);
  if (current !== undefined && pruned.length > 0) await records.update(current, { pruned });
  return { warned: failed.size > 0 };
}

/**
 * Why it still exists. Only a response of the server is a reason; without one nothing is known, and the rest is left
 * for the next release.
 */
async function deleteOne(
  run: Run,
  cluster: ClusterPort,
  { reference, uid }: Prune,
): Promise<string | undefined> {
  try {
    await cluster.delete(reference, uid);
    run.log.line(pruneLine({ reference, state: 'pruned', message: '' }, run.logClock()));
    return undefined;
  } catch (error) {
    const refusal = cluster.refusalOf(error);
    if (refusal === undefined || refusal.status === 0) throw error;
    return refusal.message.replace(/\s+/g, ' ').trim();
  }
}

function notPruned(run: Run, object: ObjectReference | undefined, why: string): void {
  const what = object === undefined ? 'What the overlay no longer has' : titleOf(object);
  notice(run, {
    reason: 'not-pruned',
    message: `${what} was not deleted: ${why}`,
    remedy:
      'The release remains deployed; the next one tries again. If a permission is missing, it is `delete` on this kind.',
    ...(object === undefined ? {} : { object }),
  });
  run.log.line(logLine(run.logClock(), logText(`${what} is kept for now.`)));
}
