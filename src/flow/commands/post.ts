/**
 * What post does: if main was stopped while its release was pending, the release is undone (release state row 12) or its record
 * settled (row 13), as the record says. It trusts what main has saved, and the record.
 */
import { type ReleaseHead, responsible } from '../../domain/release/record.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { rolledBack } from '../rollback/endings.ts';
import { type LeftRelease, undoRecord } from '../rollback/undo-release.ts';
import type { Run } from '../run/context.ts';
import { wayBackTo } from '../run/endings.ts';
import type { Ending } from '../run/ledger.ts';

/** What main has saved for post; all three are empty where main did not get as far as a release. */
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
  const ours = release?.head.status === 'pending' && responsible(release.head).holder === remembered.holder;
  if (release === undefined || !ours) return undefined;
  // Main is gone (post runs after it): what it still holds is ours to take.
  const port = await run.lease(remembered.namespace);
  const held = await port.read();
  if (held !== undefined && held.holder !== '' && held.holder !== remembered.holder) return undefined;
  const answer = await port.acquire(held);
  if (answer.type === 'held') return undefined;
  try {
    return await (isToUndo(release.head) ? undoStopped : settleStopped)(run, {
      release,
      lease: answer.lease,
      namespace: remembered.namespace,
    });
  } finally {
    // Another run may have written the record first: it needs the Lease now.
    await answer.lease.release().catch(() => undefined);
  }
}

type Stopped = LeftRelease;

/** As its profile says; an undo that was asked for and stopped halfway is always gone on with. */
function isToUndo({ rollback, undoneBy }: ReleaseHead): boolean {
  return undoneBy !== undefined || rollback === 'automatic';
}

/** How main was stopped, in the words that it left or, without any, in ours. */
function endOf({ release }: Stopped): Ending & { readonly reported: boolean } {
  const { phase, reason, message, jobInSteps } = release.head;
  // A step says what its phases are when it has done them.
  const passed = jobInSteps && message === undefined && release.head.timings !== undefined;
  const stopped = passed
    ? `The job ended after its ${phase} phase without a step \`phase: finish\`.`
    : `The job was stopped in the ${phase} phase.`;
  return {
    outcome: 'cancelled',
    exitCode: reason === undefined || reason === 'cancelled' ? 5 : 2,
    reason: reason ?? 'cancelled',
    message: reason === undefined ? stopped : (message ?? stopped),
    nextSteps: [],
    reported: reason !== undefined,
  };
}

function documentOf(run: Run, { release, namespace }: Stopped, ending: Ending): ResultDocument {
  run.ledger.release = release.name;
  run.ledger.namespace = namespace;
  return run.ledger.document(run.settings, run.identity, ending, run.clock.now());
}

async function settleStopped(run: Run, stopped: Stopped): Promise<ResultDocument | undefined> {
  const { reported, ...end } = endOf(stopped);
  // Main has said why it stopped, and has reported it; only the record is left to be ended.
  const message = reported ? end.message : `${end.message} What was applied until then stays applied.`;
  await close(run, stopped, { status: 'failed', reason: end.reason, message });
  const { name } = stopped.release;
  run.log.line(logLine(run.logClock(), logText(`${name} settled as failed: ${message}`)));
  if (reported) return undefined;
  return documentOf(run, stopped, {
    ...end,
    message,
    nextSteps: [
      `Run the job again: it takes over from ${name}, which keeps what was there before.`,
      ...(stopped.release.head.rollback === 'manual' ? [wayBackTo(name, run.settings.environment)] : []),
    ],
  });
}

/** GitHub gives the steps after a cancelled job five minutes in all. */
const watchLimit = 150_000;

async function undoStopped(run: Run, stopped: Stopped): Promise<ResultDocument> {
  const { reported: _reported, ...end } = endOf(stopped);
  const { settings } = run;
  const limited: Run = { ...run, settings: { ...settings, timeout: Math.min(settings.timeout, watchLimit) } };
  run.log.line(logLine(run.logClock(), logText(`${stopped.release.name}: ${end.message}`)));
  const undone = await undoRecord(limited, stopped, end);
  return documentOf(run, stopped, rolledBack(end, undone));
}

async function close(run: Run, { release, namespace }: Stopped, end: Partial<ReleaseHead>): Promise<void> {
  const finishedAt = new Date(run.clock.now()).toISOString();
  await (await run.records(namespace)).update(release, { ...end, finishedAt });
}
