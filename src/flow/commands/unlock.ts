/**
 * The command `phase: unlock`: reports who holds the lock, and releases it if the holder is dead (release state row
 * 17). The cluster's objects are not changed.
 */
import { responsible } from '../../domain/release/record.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import type { LeaseFacts, StoredRelease } from '../../ports/release-store.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { releaseNamespace } from '../plan/release-namespace.ts';
import { takeHold } from '../record/lock.ts';
import { asResult } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';

/** Never throws: every error becomes a result that can be reported. */
export async function unlock(run: Run): Promise<ResultDocument> {
  return asResult(run, decide);
}

async function decide(run: Run): Promise<Ending> {
  const namespace = await releaseNamespace(run);
  const [records, port] = await Promise.all([run.records(namespace), run.lease(namespace)]);
  const [{ releases }, lease] = await Promise.all([records.list(), port.read()]);
  const newest = releases[0]?.head.status === 'pending' ? releases[0] : undefined;
  const owner = lockOwner(newest, lease);
  if (owner === undefined) {
    return {
      outcome: 'unchanged',
      exitCode: 0,
      reason: 'nothing-changed',
      message: `${run.app} is not locked in ${namespace}: no release is unfinished and nobody holds its Lease.`,
      nextSteps: [],
    };
  }
  run.log.line(logLine(run.logClock(), logText(owner)));
  // Refuses while the holder is alive; waits for a minute without renewal if GitHub does not say.
  const hold = await inPhase(run, 'lock', () => takeHold(run, namespace));
  try {
    const left = hold.releases[0];
    if (left?.head.status === 'pending') {
      const message = `Its run died in the ${left.head.phase} phase; unlocked by ${run.identity.actor ?? 'somebody'}.`;
      await records.update(left, {
        status: 'failed',
        reason: left.head.reason ?? 'interrupted-run',
        message,
        finishedAt: new Date(run.clock.now()).toISOString(),
      });
    }
    return unlocked(owner, left?.head.status === 'pending' ? left : undefined);
  } finally {
    await hold.lease.release();
  }
}

/** One sentence: who holds it, since when, and how far the release got. */
function lockOwner(newest: StoredRelease | undefined, lease: LeaseFacts | undefined): string | undefined {
  if (newest !== undefined) {
    const { actor, runUrl, holder } = responsible(newest.head);
    const who = actor === undefined ? '' : ` by ${actor}`;
    const { startedAt, phase } = newest.head;
    return `The lock belongs to ${newest.name}, started ${startedAt}${who}, in its ${phase} phase: ${runUrl ?? holder}.`;
  }
  return lease === undefined || lease.holder === '' ? undefined : `The lock is held by ${lease.holder}.`;
}

function unlocked(owner: string, left: StoredRelease | undefined): Ending {
  const settled =
    left === undefined ? '' : ` ${left.name} is settled as failed; what it applied remains applied.`;
  return {
    outcome: 'succeeded',
    exitCode: 0,
    reason: 'succeeded',
    message: `${owner} Its run is dead and the lock is released.${settled}`,
    nextSteps:
      left === undefined
        ? []
        : [
            `Roll back with \`phase: rollback\` and \`release: ${left.name}\`, which has the previous state on record, or deploy again, which takes over from it.`,
          ],
  };
}
