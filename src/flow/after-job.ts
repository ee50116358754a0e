/**
 * What post does: if main was stopped while its release was pending, the record is settled (STATES row 13). It trusts what
 * main has saved, and the record; never the inputs.
 */
import type { ResultDocument } from '../domain/result.ts';
import { logLine } from '../report/log-line.ts';
import type { Run } from './run.ts';

export interface Remembered {
  readonly release: string;
  readonly namespace: string;
  readonly holder: string;
}

/** The result to report; undefined when main has settled everything itself. */
export async function settleAfterJob(run: Run, remembered: Remembered): Promise<ResultDocument | undefined> {
  const records = await run.records(remembered.namespace);
  const { releases } = await records.list();
  const release = releases.find(({ name }) => name === remembered.release);
  const ours = release?.head.status === 'pending' && release.head.run.holder === remembered.holder;
  if (release === undefined || !ours) return undefined;
  // Main is gone (post runs after it): what it still holds is ours to take.
  const port = await run.lease(remembered.namespace);
  const held = await port.read();
  if (held !== undefined && held.holder !== '' && held.holder !== remembered.holder) return undefined;
  const answer = await port.acquire(held);
  if (answer.type === 'held') return undefined;
  const { phase, reason = 'cancelled' } = release.head;
  const stopped = `The job was stopped in the ${phase} phase; what was applied until then stays applied.`;
  // Main has said why it stopped, and has reported it; only the record is left to be ended.
  const reported = release.head.reason !== undefined;
  const message = reported ? (release.head.message ?? stopped) : stopped;
  try {
    await records.update(release, {
      status: 'failed',
      reason,
      message,
      finishedAt: new Date(run.clock.now()).toISOString(),
    });
  } finally {
    // Another run may have written the record first: it needs the Lease now.
    await answer.lease.release();
  }
  run.log.line(logLine(run.logClock(), `${remembered.release} settled as failed: ${message}`));
  if (reported) return undefined;
  run.ledger.release = remembered.release;
  run.ledger.namespace = remembered.namespace;
  return run.ledger.document(
    run.settings,
    run.identity,
    {
      outcome: 'cancelled',
      exitCode: 5,
      reason: 'cancelled',
      message,
      nextSteps: [
        `Run the job again: it takes over from ${remembered.release}, which keeps what was there before.`,
      ],
    },
    run.clock.now(),
  );
}
