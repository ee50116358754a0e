/**
 * What post does: if main was stopped while its release was pending, the release is undone (release state row 12) or
 * its record settled (row 13), as the record says. It relies on the state that main saved, and on the record.
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

/** The result to report; undefined if main has settled everything itself. */
export async function settleAfterJob(run: Run, remembered: Remembered): Promise<ResultDocument | undefined> {
  const records = await run.records(remembered.namespace);
  const { releases } = await records.list();
  const release = releases.find(({ name }) => name === remembered.release);
  const ours = release?.head.status === 'pending' && responsible(release.head).holder === remembered.holder;
  if (release === undefined || !ours) return undefined;
  // Main has ended (post runs after it), so post may take over its lock.
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

/** As its profile says; a requested undo that was stopped halfway is always continued. */
function isToUndo({ rollback, undoneBy }: ReleaseHead): boolean {
  return undoneBy !== undefined || rollback === 'automatic';
}

/** How main was stopped: the message that it saved, else a default. */
function endOf({ release }: Stopped): Ending & { readonly reported: boolean } {
  const { phase, reason, message, jobInSteps } = release.head;
  // A step saves its phases only once they are done.
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
  // Main has already reported why it stopped; only the record has to be closed.
  const message = reported ? end.message : `${end.message} What was applied before remains applied.`;
  await close(run, stopped, { status: 'failed', reason: end.reason, message });
  const { name } = stopped.release;
  run.log.line(logLine(run.logClock(), logText(`${name} settled as failed: ${message}`)));
  if (reported) return undefined;
  return documentOf(run, stopped, {
    ...end,
    message,
    nextSteps: [
      `Run the job again: it takes over from ${name}, which has the previous state on record.`,
      ...(stopped.release.head.rollback === 'manual' ? [wayBackTo(name, run.settings.environment)] : []),
    ],
  });
}

/** GitHub gives the post steps of a cancelled job five minutes in total. */
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
