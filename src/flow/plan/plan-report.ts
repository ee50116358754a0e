/** The plan as reported: one entry per object, and its digest. */
import type { ChangeReport } from '../../domain/plan/changes.ts';
import { conflictingManagers } from '../../domain/plan/changes.ts';
import { nothingToPrune, pruneDigestText } from '../../domain/prune/plan.ts';
import { renderDiff } from '../../report/diff/diff.ts';
import { diffLines, plannedChangeLine } from '../../report/log/events.ts';
import { logLine } from '../../report/log/line.ts';
import { pruneLine } from '../../report/log/prune.ts';
import type { Run } from '../run/context.ts';
import type { Target } from './desired.ts';
import type { Plan } from './plan.ts';
import { pruneReports } from './prune.ts';

/**
 * Stores the plan that the run carries out: after the lock it may differ from the one before. Diffs and source
 * locations are computed when the result is made, so that they do not delay the changes.
 */
export function keepPlan(run: Run, target: Target, plan: Plan): void {
  run.ledger.planDigest = `sha256:${run.sha256(`${plan.digestText}${pruneDigestText(plan.prune ?? nothingToPrune)}`)}`;
  run.ledger.changed = plan.changes.filter(({ action }) => action !== 'unchanged').length;
  run.ledger.pruned = plan.prune === undefined ? undefined : pruneReports(plan.prune);
  run.ledger.describeChanges = () =>
    plan.changes.map(
      (change): ChangeReport => ({
        reference: change.reference,
        action: change.action,
        diff: change.action === 'unchanged' ? '' : renderDiff(change),
        takenFrom: conflictingManagers(change),
        location: target.locate(change.reference),
      }),
    );
}

/** True without `expect-plan`, which may be a prefix of the digest. */
export function isExpectedPlan({ settings, ledger }: Run): boolean {
  const digits = (digest: string): string => digest.replace(/^sha256:/, '');
  return digits(ledger.planDigest ?? '').startsWith(digits(settings.expectPlan ?? ''));
}

const shownDiffLines = 400;

/** Prints the plan to the log: counts, a line per object, and diffs as far as a limit of lines allows. */
export function showPreview(run: Run, plan: Plan): void {
  const changes = plan.changes.filter(({ action }) => action !== 'unchanged');
  const clock = run.logClock();
  const digest = run.ledger.planDigest ?? '';
  run.log.line(
    logLine(clock, `${run.ledger.changed} of ${plan.changes.length} objects will change, plan ${digest}`),
  );
  let left = shownDiffLines;
  for (const change of changes) {
    run.log.line(plannedChangeLine({ ...change, takenFrom: conflictingManagers(change) }, clock));
    if (change.action !== 'configured' || left <= 0) continue;
    const lines = diffLines(renderDiff(change), clock);
    for (const line of lines.slice(0, left)) run.log.line(line);
    left -= lines.length;
  }
  for (const report of run.ledger.pruned ?? []) run.log.line(pruneLine(report, clock));
  if (left <= 0)
    run.log.line(logLine(clock, '… the rest of the diff is omitted here; the summary has more.'));
}
