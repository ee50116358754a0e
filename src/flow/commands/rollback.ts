/**
 * The command `phase: rollback`: a failed or interrupted release is undone by its record (release state rows 16, 18,
 * 25); a deployed one is deployed again as a new release (row 21). The current overlay is used by neither.
 */
import { chooseRollback } from '../../domain/release/choose-rollback.ts';
import { responsible, sameJob } from '../../domain/release/record.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { recordedOverlay } from '../plan/recorded-overlay.ts';
import { releaseNamespace } from '../plan/release-namespace.ts';
import { type Hold, takeHold } from '../record/lock.ts';
import { announceRelease } from '../record/open.ts';
import { undoRecord } from '../rollback/undo-release.ts';
import { asResult } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';
import { deploy } from './deploy.ts';

/** Never throws: every error becomes a result that can be reported. */
export async function rollback(run: Run): Promise<ResultDocument> {
  return asResult(run, decide);
}

async function decide(run: Run): Promise<Ending | ResultDocument> {
  const namespace = await releaseNamespace(run);
  const { releases } = await (await run.records(namespace)).list();
  const [newest] = releases;
  const ours = newest !== undefined && sameJob(newest.head.run, run.identity) !== 'no';
  if (run.hasSetOut && !ours && run.settings.release === undefined) return nothingOfThisJob();
  const choice = chooseRollback(
    releases.map(({ head }) => head),
    run.settings.release,
  );
  const release = releases.find(({ head }) => head === choice.release);
  if (release === undefined) throw new Error('The chosen release has no record.');
  if (choice.type === 'nothing') return undoneAlready(release);
  if (choice.type === 'return') return returnTo(run, namespace, release);
  return undoLeft(run, namespace, release);
}

function undoneAlready({ name }: StoredRelease): Ending {
  return {
    outcome: 'unchanged',
    exitCode: 0,
    reason: 'nothing-changed',
    message: `${name} is already rolled back; nothing was changed.`,
    nextSteps: ['Name an earlier deployed release with the input `release` to go further back.'],
  };
}

/** `if: failure()` after a failed pre-check: the release before is still running, and must not be rolled back. */
function nothingOfThisJob(): Ending {
  return {
    outcome: 'unchanged',
    exitCode: 0,
    reason: 'nothing-changed',
    message: 'This job started a deployment but changed nothing, so there is nothing to roll back.',
    nextSteps: ['To go back further, name a release with the input `release`.'],
  };
}

/** release state row 21: all checks, in production the approval, and it may itself be undone. */
async function returnTo(run: Run, namespace: string, release: StoredRelease): Promise<ResultDocument> {
  const body = await (await run.records(namespace)).readBody(release);
  const said = `Returning to ${release.name}: its ${body.rendered.length} objects are deployed again as a new release`;
  run.log.line(logLine(run.logClock(), logText(said)));
  const result = await deploy({
    ...run,
    returnsTo: release.name,
    renderer: recordedOverlay(release, body, namespace),
    settings: {
      ...run.settings,
      overlay: release.head.overlay,
      namespace,
      // Failed releases must not block a rollback: they are the reason for it.
      allowUnstableHistory: true,
    },
  });
  if (result.outcome !== 'succeeded') return result;
  return {
    ...result,
    outcome: 'rolled-back',
    message: `Returned to ${release.name}. ${result.message}`,
  };
}

/** release state rows 16, 18, 25. */
export async function undoLeft(run: Run, namespace: string, wanted: StoredRelease): Promise<Ending> {
  const hold = await inPhase(run, 'lock', () => takeHold(run, namespace));
  let pending = false;
  try {
    const left = stillWanted(hold, wanted);
    if (left === undefined) return movedMeanwhile(wanted);
    const records = await run.records(namespace);
    // During the undo the record belongs to this job: other deployments are refused, and this job's post continues after a signal.
    const release = await records.update(left, {
      status: 'pending',
      phase: 'rollback',
      undoneBy: run.identity,
    });
    pending = true;
    announceRelease(run, namespace, release);
    const message = left.head.message ?? `${left.name} was interrupted in its ${left.head.phase} phase.`;
    const reason = left.head.reason ?? 'interrupted-run';
    const undone = await undoRecord(run, { release, lease: hold.lease, namespace }, { reason, message });
    pending = false;
    run.remember('release', '');
    const exitCode = ({ 'rolled-back': 0, 'rollback-failed': 2, 'restore-unverified': 3 } as const)[
      undone.outcome
    ];
    const { outcome, nextSteps } = undone;
    return {
      outcome,
      exitCode,
      reason: outcome === 'rolled-back' ? 'succeeded' : (undone.failures[0]?.reason ?? outcome),
      message: `${release.name}: ${undone.message}`,
      nextSteps,
    };
  } finally {
    if (!pending) await hold.lease.release().catch(() => undefined);
  }
}

/** Another run may have continued from it between the choice and the lock. */
function stillWanted({ releases }: Hold, { name, head }: StoredRelease): StoredRelease | undefined {
  const [newest] = releases;
  const same = newest?.name === name && responsible(newest.head).holder === responsible(head).holder;
  return same && newest.head.status === head.status ? newest : undefined;
}

function movedMeanwhile({ name }: StoredRelease): Ending {
  return {
    outcome: 'failed',
    exitCode: 1,
    reason: 'superseded',
    message: `Another run has continued from ${name} while this one waited for the lock. Nothing was changed.`,
    nextSteps: ['Check the newest release, and run this job again if it still has to be rolled back.'],
  };
}
