/** How a run ends after a rollback, successful or not. */
import type { Ending } from '../run/ledger.ts';
import type { Undone } from './undo.ts';

/** release state rows 6 to 8: the failure remains the first message, and its exit code that of the run. */
export function rolledBack(failed: Ending, undone: Undone): Ending {
  return {
    ...failed,
    outcome: undone.outcome,
    message: `${failed.message} ${undone.message}`,
    rollback: undone.message,
    nextSteps: [...undone.nextSteps, ...failed.nextSteps],
  };
}

/** Neither done nor failed: the record is still pending, and post or the next run continues. */
export function rollbackStopped(failed: Ending, why: string): Ending {
  const rollback = `The rollback stopped: ${why}`;
  return {
    ...failed,
    outcome: 'rollback-failed',
    message: `${failed.message} ${rollback}`,
    rollback,
    nextSteps: [
      'The end of this job tries the rollback again; if that fails too, run the job again: it takes over the previous state.',
      ...failed.nextSteps,
    ],
  };
}
