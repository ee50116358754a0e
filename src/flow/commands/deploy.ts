/** The command `deploy` up to the first change. Each step has its own file; this file is only their order. */
import type { CheckResult } from '../../domain/checks/finding.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { isWorthRelease } from '../../domain/prune/plan.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { worstLevel } from '../../domain/settings/levels.ts';
import type { PhaseTiming } from '../../domain/settings/phases.ts';
import { statusOf } from '../../domain/status/table.ts';
import { awaited } from '../../domain/workloads/awaited.ts';
import { checkLines } from '../../report/log/events.ts';
import { type PhaseSequence, wholeRelease } from '../phases/table.ts';
import { changeCluster } from '../pipeline/release.ts';
import { isExpectedPlan, keepPlan, showPreview } from '../plan/plan-report.ts';
import { proveApproval } from '../preflight/approval.ts';
import { type Preflight, preflight, type Ready } from '../preflight/preflight.ts';
import { asResult } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import { checksFailed, planMoved, planned, unchanged } from '../run/endings.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';

/** Never throws: every error becomes a result that can be reported. */
export async function deploy(run: Run, sequence: PhaseSequence = wholeRelease): Promise<ResultDocument> {
  return asResult(run, () => decide(run, sequence));
}

async function decide(run: Run, sequence: PhaseSequence): Promise<Ending> {
  const { ready } = await checkAll(run);
  if (ready === undefined) return checksFailed(run);
  await inPhase(run, 'preview', async () => preview(run, ready));
  if (!isExpectedPlan(run)) return planMoved(run);
  if (run.settings.dryRun) return planned(run);
  if (isUnchanged(ready)) return unchanged(run);
  return (await proveApproval(run)) ?? changeCluster(run, ready, sequence);
}

/** Runs all nine checks, even if one fails. */
export async function checkAll(run: Run): Promise<Preflight> {
  return inPhase(
    run,
    'preflight',
    () => runChecks(run),
    ({ checks }) => levelOf(checks),
  );
}

async function runChecks(run: Run): Promise<Preflight> {
  const result = await preflight(run);
  run.ledger.checks = result.checks;
  for (const line of result.checks.flatMap((check) => checkLines(check, run.logClock()))) run.log.line(line);
  return result;
}

function levelOf(checks: readonly CheckResult[]): PhaseTiming['result'] {
  return ({ pass: 'passed', warn: 'warned', fail: 'failed' } as const)[
    worstLevel(checks.map(({ level }) => level))
  ];
}

function preview(run: Run, ready: Ready): void {
  const deployed = ready.releases.find(({ head }) => head.status === 'deployed');
  if (deployed !== undefined) run.ledger.previousRelease = deployed.name;
  keepPlan(run, ready.target, ready.plan);
  showPreview(run, ready.plan);
}

/**
 * Nothing to do: no object differs, the last release was verified, and its workloads are still healthy (release state
 * row 3).
 */
function isUnchanged({ plan, releases }: Ready): boolean {
  const newest = releases[0]?.head.status;
  if (newest !== 'deployed' && newest !== 'rolled-back') return false;
  if (plan.prune !== undefined && isWorthRelease(plan.prune)) return false;
  return plan.changes.every(
    ({ action, desired, live }) =>
      action === 'unchanged' &&
      (!provesHealth(desired) || (live !== undefined && statusOf(live).word === 'current')),
  );
}

/** A claim that no pod uses may stay unbound for ever: that is no reason to deploy again. */
function provesHealth(desired: KubernetesObject): boolean {
  return awaited(desired) && desired.kind !== 'PersistentVolumeClaim';
}
