/** How a run ends whose release was rolled back, or should have been. */
import type { Ending } from '../run/ledger.ts';
import type { Undone } from './undo.ts';

/** release state rows 6 to 8: the failure stays the first thing said, and its exit code the run's. */
export function rolledBack(failed: Ending, undone: Undone): Ending {
  return {
    ...failed,
    outcome: undone.outcome,
    message: `${failed.message} ${undone.message}`,
    rollback: undone.message,
    nextSteps: [...undone.nextSteps, ...failed.nextSteps],
  };
}

/** Neither done nor known to have failed: the record is still pending, and whoever comes next goes on. */
export function rollbackStopped(failed: Ending, why: string): Ending {
  const rollback = `The rollback stopped: ${why}`;
  return {
    ...failed,
    outcome: 'rollback-failed',
    message: `${failed.message} ${rollback}`,
    rollback,
    nextSteps: [
      'The end of this job tries the rollback again; if that fails too, run the job again: it takes over what was there before.',
      ...failed.nextSteps,
    ],
  };
}
