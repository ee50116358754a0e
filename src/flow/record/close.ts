/** Closes the record of a release that this run opened, or writes to it how far the release got. */
import { Fault } from '../../domain/failure/fault.ts';
import type { ReleaseHead, StateBefore } from '../../domain/release/record.ts';
import type { PhaseTiming } from '../../domain/settings/phases.ts';
import { recordedLatencies } from '../../domain/smoke/latency/baseline.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import { endingOf } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import { cancelled } from '../run/endings.ts';
import type { Ending } from '../run/ledger.ts';
import { ensureHeld, lockLost } from './lock.ts';
import type { OpenRelease } from './open-release.ts';

/** release state row 9: the record becomes `failed` and keeps the previous state. */
export async function closeFailed(change: OpenRelease, { reason, message }: Ending): Promise<void> {
  await closeRecord(change, { status: 'failed', phase: change.run.ledger.lastPhase, reason, message });
}

/**
 * release state row 11: stopped by a signal; the record stays pending and says how far the release got; post does the
 * rest.
 */
export async function leaveStopped(change: OpenRelease): Promise<Ending> {
  const { run } = change;
  await closeRecord(change, {
    status: 'pending',
    phase: run.ledger.lastPhase,
    message: 'Stopped by a signal.',
  });
  return cancelled(run);
}

/** Writes to the pending record why its run stopped, if that is still possible; post keeps it. */
export async function explainPending(
  change: OpenRelease,
  { reason, message }: Pick<Ending, 'reason' | 'message'>,
): Promise<void> {
  const phase = change.run.ledger.lastPhase;
  await closeRecord(change, { status: 'pending', phase, reason, message }).catch(() => undefined);
}

/** The same for what was thrown. */
export async function explainError(change: OpenRelease, error: unknown): Promise<void> {
  const { run, ready } = change;
  await explainPending(change, endingOf(run, error, ready.cluster));
}

/**
 * Closes the record, or writes how far the release got. Only its own record: a run that lost its Lease for a while
 * may find that another run has taken the release over (release state row 23), and must not overwrite what that one
 * wrote.
 */
export async function closeRecord(change: OpenRelease, end: Partial<ReleaseHead>): Promise<void> {
  const { run, ready, hold, release } = change;
  const { namespace } = ready.target;
  const records = await run.records(namespace);
  const current = await ownRecord(change);
  if (end.status !== 'pending') await ensureHeld(run, namespace, hold.lease, release);
  const closed =
    end.status === 'pending'
      ? {}
      : { finishedAt: new Date(run.clock.now()).toISOString(), timings: timingsOf(current, run) };
  await records.update(current, { ...end, ...closed });
}

/** The inventory of the apply may be written to the record at the same moment: then the record is read once more. */
export async function keepBefore(change: OpenRelease, before: readonly StateBefore[]): Promise<void> {
  const records = await change.run.records(change.ready.target.namespace);
  const write = async (): Promise<void> => {
    const current = await ownRecord(change);
    await records.replaceBody(current, { ...(await records.readBody(current)), before });
  };
  await write().catch((error: unknown) => {
    if (!(error instanceof Fault) || error.reason !== 'lock-lost') throw error;
    return write();
  });
}

/** @throws Fault `lock-lost` when it is no longer ours */
export async function ownRecord({ run, ready, release }: OpenRelease): Promise<StoredRelease> {
  const { releases } = await (await run.records(ready.target.namespace)).list();
  const current = releases.find((one) => one.name === release.name);
  const taken = current?.head.status !== 'pending' || current.head.takenOverBy !== undefined;
  if (current === undefined || taken || current.head.run.holder !== run.identity.holder) throw lockLost();
  return current;
}

/** Of this process and of earlier steps. */
export function timingsOf({ head }: StoredRelease, { ledger }: Pick<Run, 'ledger'>): readonly PhaseTiming[] {
  return [...(head.timings ?? []), ...ledger.phases];
}

/**
 * Response times are recorded by the process that measured them: in a job with steps that is not the one that
 * finishes.
 */
export function measuredIn({ ledger }: Pick<Run, 'ledger'>): Pick<ReleaseHead, 'latencies'> {
  const latencies = recordedLatencies(ledger.smoke);
  return latencies === undefined ? {} : { latencies };
}
