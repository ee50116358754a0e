/** The story of `phase: unlock`: whose the lock is, and its end if its owner is dead (release state row 17). The cluster's objects stay as they are. */
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

/** Never throws: whatever happens becomes a result that can be reported. */
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
  // Refuses while the owner lives, and waits for a minute of silence where GitHub does not say.
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

/** One sentence: who holds it, since when, how far it came. */
function lockOwner(newest: StoredRelease | undefined, lease: LeaseFacts | undefined): string | undefined {
  if (newest !== undefined) {
    const { actor, runUrl, holder } = responsible(newest.head);
    const who = actor === undefined ? '' : ` by ${actor}`;
    const { startedAt, phase } = newest.head;
    return `The lock is that of ${newest.name}, begun ${startedAt}${who}, in its ${phase} phase: ${runUrl ?? holder}.`;
  }
  return lease === undefined || lease.holder === '' ? undefined : `The lock is held by ${lease.holder}.`;
}

function unlocked(owner: string, left: StoredRelease | undefined): Ending {
  const settled =
    left === undefined ? '' : ` ${left.name} is settled as failed; what it applied stays applied.`;
  return {
    outcome: 'succeeded',
    exitCode: 0,
    reason: 'succeeded',
    message: `${owner} Its run is dead and the lock is released.${settled}`,
    nextSteps:
      left === undefined
        ? []
        : [
            `Roll back with \`phase: rollback\` and \`release: ${left.name}\`, which keeps what was there before, or deploy again: that takes over from it.`,
          ],
  };
}
