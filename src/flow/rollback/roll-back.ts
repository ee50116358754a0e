/** Undoes a failed release in the run that made it (release state rows 6 to 8). */
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { closeRecord, explainPending, keepBefore } from '../record/close.ts';
import { ensureHeld } from '../record/lock.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { endingOf } from '../run/as-result.ts';
import type { Ending } from '../run/ledger.ts';
import { rollbackStopped, rolledBack } from './endings.ts';
import type { UndoWork } from './undo.ts';
import { undoAndClose } from './undo-release.ts';

/** How a run ended, and what that means for its record. */
export interface Closed {
  readonly ending: Ending;
  /** The record stays pending: post or the next run continues from it. */
  readonly pending: boolean;
}

/** `failed` says how the release failed; its exit code and reason stay. */
export async function rollBack(change: OpenRelease, failed: Ending): Promise<Closed> {
  const { run, ready, hold, release, body, written, made, down } = change;
  const { namespace } = ready.target;
  const { reason, message } = failed;
  try {
    await closeRecord(change, { status: 'pending', phase: 'rollback', reason, message });
    const work: UndoWork = {
      run,
      cluster: ready.cluster,
      namespace,
      release,
      body,
      written,
      made,
      down,
      ensureHeld: () => ensureHeld(run, namespace, hold.lease, release),
      keepBefore: (before) => keepBefore(change, before),
    };
    const undone = await undoAndClose(work, failed, (end) => closeRecord(change, end));
    return { ending: rolledBack(failed, undone), pending: false };
  } catch (error) {
    if (run.signal.aborted) throw error;
    // How far the undo got is not known, so the record stays pending.
    const why = endingOf(run, error, ready.cluster).message;
    run.log.line(logLine(run.logClock(), logText(`The rollback stopped: ${why}`)));
    await explainPending(change, { ...failed, message: `${message} The rollback stopped: ${why}` });
    return { ending: rollbackStopped(failed, why), pending: true };
  }
}
