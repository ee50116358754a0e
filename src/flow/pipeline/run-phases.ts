/** Runs a release from its first phase in this process to its last, and updates its record. */
import type { Failure } from '../../domain/failure/failure.ts';
import { Fault } from '../../domain/failure/fault.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { type ReleaseContext, runPhases } from '../phases/context.ts';
import type { PhaseSequence } from '../phases/table.ts';
import { closeFailed, explainError, explainPending, leaveStopped, ownRecord } from '../record/close.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { type Closed, rollBack } from '../rollback/roll-back.ts';
import { endingOf } from '../run/as-result.ts';
import { diagnoseAloud } from '../run/diagnose.ts';
import { failedInStep, failedWith, handedOver, succeeded } from '../run/endings.ts';
import { inPhase } from '../run/phase.ts';
import { finish } from './finish.ts';
import { handOver } from './handover.ts';

/**
 * Runs the phases and ends the release: finished, handed to the next step, or undone. Errors are explained in the ledger and
 * thrown on.
 */
export async function goThrough(
  change: OpenRelease,
  context: ReleaseContext,
  { inSteps, phases }: PhaseSequence,
): Promise<Closed> {
  const { run } = change;
  try {
    const failures = await runPhases(context, phases);
    context.watch.stop();
    if (failures.length > 0) return await endFailed(change, context, failures, inSteps);
    if (inSteps) {
      await handOver(change, context);
      return { ending: handedOver(run), pending: true };
    }
    return { ending: await finishRelease(change), pending: false };
  } catch (error) {
    if (run.ledger.workloads.length === 0) run.ledger.workloads = context.watch.workloads();
    // Two writes of one record must not be concurrent.
    await context.begun.recorded.catch(() => undefined);
    if (run.signal.aborted) return { ending: await leaveStopped(change), pending: true };
    await explainError(change, error);
    throw error;
  } finally {
    context.watch.stop();
  }
}

/** release state row 5. */
export async function finishRelease(change: OpenRelease) {
  await inPhase(
    change.run,
    'finish',
    () => finish(change),
    ({ warned }) => (warned ? 'warned' : 'passed'),
  );
  return succeeded(change.run);
}

/**
 * A run that was disconnected may have observed changes of another run: that is no verdict on its own release.
 *
 * @throws Fault `lock-lost`
 */
async function stillOurs(change: OpenRelease): Promise<void> {
  if (change.hold.lease.held()) return;
  try {
    await ownRecord(change);
  } catch (error) {
    if (error instanceof Fault && error.reason === 'lock-lost') throw error;
  }
}

/** The cause is reported first; then `rollback` is carried out (release state rows 6, 9 and 10). */
async function endFailed(
  change: OpenRelease,
  { begun }: ReleaseContext,
  found: readonly Failure[],
  inSteps: boolean,
): Promise<Closed> {
  const { run, ready } = change;
  await stillOurs(change);
  const failures = await diagnoseAloud(run, ready.cluster, found, ready.target.locate);
  run.ledger.failures = failures;
  // Recorded before anything is undone; a failing record write must not replace the cause.
  await begun.recorded.catch(() => undefined);
  const ending = failedWith(run, failures);
  if (inSteps) {
    await explainPending(change, ending);
    return { ending: failedInStep(run, ending), pending: true };
  }
  if (run.settings.rollback === 'automatic') return rollBack(change, ending);
  try {
    await closeFailed(change, ending);
    return { ending, pending: false };
  } catch (error) {
    if (run.signal.aborted) throw error;
    // An error from here on must not replace the cause.
    const why = endingOf(run, error, ready.cluster).message;
    const message = `${ending.message} The record could not be closed: ${why}`;
    run.log.line(logLine(run.logClock(), logText(`The record could not be closed: ${why}`)));
    return { ending: { ...ending, message }, pending: true };
  }
}
