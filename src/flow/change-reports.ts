/** The plan as people see it: one report per object, and its digest. */
import type { ChangeReport } from '../domain/result.ts';
import { renderDiff } from '../report/diff.ts';
import { diffLines, plannedChangeLine } from '../report/log-events.ts';
import { logLine } from '../report/log-line.ts';
import { managersOf } from './apply.ts';
import type { Plan } from './preview.ts';
import type { Run } from './run.ts';
import type { Target } from './target.ts';

/** Keeps the plan that the run goes by: after the lock it may be another one than before. */
export function keepPlan(run: Run, target: Target, plan: Plan): void {
  run.ledger.planDigest = `sha256:${run.sha256(plan.digestText)}`;
  run.ledger.changes = plan.changes.map(
    (change): ChangeReport => ({
      reference: change.reference,
      action: change.action,
      diff: change.action === 'unchanged' ? '' : renderDiff(change),
      takenFrom: managersOf(change),
      location: target.locate(change.reference),
    }),
  );
}

/** True without `expect-plan`, which may be a digest's beginning. */
export function isExpectedPlan({ settings, ledger }: Run): boolean {
  const digits = (digest: string): string => digest.replace(/^sha256:/, '');
  return digits(ledger.planDigest ?? '').startsWith(digits(settings.expectPlan ?? ''));
}

const shownDiffLines = 400;

export function showPreview(run: Run): void {
  const changes = run.ledger.changes.filter(({ action }) => action !== 'unchanged');
  const clock = run.logClock();
  run.log.line(
    logLine(
      clock,
      `${changes.length} of ${run.ledger.changes.length} objects will change, plan ${run.ledger.planDigest ?? ''}`,
    ),
  );
  let left = shownDiffLines;
  for (const change of changes) {
    run.log.line(plannedChangeLine(change, clock));
    const lines = change.action === 'configured' ? diffLines(change.diff, clock) : [];
    for (const line of lines.slice(0, Math.max(0, left))) run.log.line(line);
    left -= lines.length;
  }
  if (left < 0)
    run.log.line(logLine(clock, `… ${-left} more lines of diff are left out here; the summary has more.`));
}
