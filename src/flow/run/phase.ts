import type { PhaseName, PhaseTiming } from '../../domain/settings/phases.ts';
import { phaseEndLine } from '../../report/log/events.ts';
import type { Run } from './context.ts';

/** Runs one phase: a folded group in the log, a bar in the timeline, and its result in both. */
export async function inPhase<T>(
  run: Run,
  phase: PhaseName,
  work: () => Promise<T>,
  judge: (value: T) => PhaseTiming['result'] = () => 'passed',
): Promise<T> {
  const startedAt = run.clock.now();
  run.log.group(phase);
  const finish = (result: PhaseTiming['result']): void => {
    const timing = { phase, startedAt, finishedAt: run.clock.now(), result };
    run.ledger.phases.push(timing);
    run.log.line(phaseEndLine(timing, run.logClock()));
    run.log.endGroup();
  };
  try {
    const value = await work();
    finish(run.signal.aborted ? 'cancelled' : judge(value));
    return value;
  } catch (error) {
    finish(run.signal.aborted ? 'cancelled' : 'failed');
    throw error;
  }
}
