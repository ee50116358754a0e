/** Undoes a release whose process has ended, and closes its record (release state rows 12, 16, 18, 25). */
import { type ReleaseHead, responsible } from '../../domain/release/record.ts';
import type { LeaseHold, StoredRelease } from '../../ports/release-store.ts';
import { takeBackNamespace } from '../apply/namespace.ts';
import { hideSecrets } from '../preflight/facts.ts';
import { ensureHeld } from '../record/lock.ts';
import type { Run } from '../run/context.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';
import { statusOfUndone, type Undone, type UndoWork, undo } from './undo.ts';

/** A release that another process left, with the lock on it. */
export interface LeftRelease {
  /** Pending, and held by this job for the undo. */
  readonly release: StoredRelease;
  readonly lease: LeaseHold;
  readonly namespace: string;
}

/** How the release failed or stopped: kept in its record, in front of the result of the undo. */
type Said = Pick<Ending, 'reason' | 'message'>;

/**
 * Undoes a release, of this or another process, and closes its record.
 *
 * @param close writes the end of the record
 * @throws whatever leaves the undo unfinished; the record then stays pending
 */
export async function undoAndClose(
  work: UndoWork,
  { reason, message }: Said,
  close: (end: Partial<ReleaseHead>) => Promise<unknown>,
): Promise<Undone> {
  const { run, cluster, namespace, release } = work;
  const undone = await inPhase(
    run,
    'rollback',
    () => undo(work),
    ({ outcome }) => (outcome === 'rolled-back' ? 'passed' : 'failed'),
  );
  run.ledger.workloads = undone.workloads;
  run.ledger.failures = [...run.ledger.failures, ...undone.failures];
  await close({
    status: statusOfUndone(undone),
    phase: 'rollback',
    reason,
    message: `${message} ${undone.message}`,
  });
  if (undone.outcome === 'rolled-back' && release.head.createdNamespace === true)
    await takeBackNamespace(run, cluster, namespace);
  return undone;
}

/** Undoes a release by its record, after its process has ended. @throws as `undoAndClose` */
export async function undoRecord(
  run: Run,
  { release: opened, lease, namespace }: LeftRelease,
  said: Said,
): Promise<Undone> {
  const [cluster, records] = [await run.connect(), await run.records(namespace)];
  let release = opened;
  const body = await records.readBody(release);
  hideSecrets(run, body.rendered);
  const { holder } = responsible(release.head);
  const work: UndoWork = {
    run,
    cluster,
    namespace,
    release,
    body,
    ensureHeld: () => ensureHeld(run, namespace, lease, release, holder),
    keepBefore: async (before) => {
      release = await records.replaceBody(release, { ...body, before });
    },
  };
  return undoAndClose(work, said, (end) =>
    records.update(release, { ...end, finishedAt: new Date(run.clock.now()).toISOString() }),
  );
}
