/** What a run has done and found so far, phase by phase; at the end it becomes the result document. */
import type { Approval } from '../../domain/approval/approval.ts';
import type { CheckResult } from '../../domain/checks/finding.ts';
import type { Failure } from '../../domain/failure/failure.ts';
import type { Notice } from '../../domain/failure/notice.ts';
import type { Reason } from '../../domain/failure/reasons.ts';
import type { ServiceReport } from '../../domain/health/service.ts';
import type { ErrorRateReport } from '../../domain/logs/error-rates.ts';
import type { ChangeReport } from '../../domain/plan/changes.ts';
import type { PruneReport } from '../../domain/prune/plan.ts';
import type { History } from '../../domain/release/delivery.ts';
import type { RunIdentity } from '../../domain/release/record.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import type { ExitCode, Outcome } from '../../domain/result/outcome.ts';
import type { PhaseName, PhaseTiming } from '../../domain/settings/phases.ts';
import type { Settings } from '../../domain/settings/settings.ts';
import type { SmokeReport } from '../../domain/smoke/report.ts';
import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';

/** How a run ended, set once by the code that ends it. */
export interface Ending {
  readonly outcome: Outcome;
  readonly exitCode: ExitCode;
  readonly reason: Reason;
  readonly message: string;
  /** The result of the rollback, if there was one. */
  readonly rollback?: string;
  readonly nextSteps: readonly string[];
}

export class Ledger {
  app = '';
  namespace = '';
  cluster = '';
  release: string | undefined;
  previousRelease: string | undefined;
  planDigest: string | undefined;
  approval: Approval | undefined;
  checks: readonly CheckResult[] = [];
  /** Objects that the plan creates or configures. */
  changed = 0;
  describeChanges: () => readonly ChangeReport[] = () => [];
  pruned: readonly PruneReport[] | undefined;
  workloads: readonly WorkloadReport[] = [];
  failures: readonly Failure[] = [];
  smoke: readonly SmokeReport[] = [];
  services: readonly ServiceReport[] | undefined;
  errorRates: readonly ErrorRateReport[] | undefined;
  history: History | undefined;
  readonly notices: Notice[] = [];
  readonly phases: PhaseTiming[] = [];
  readonly startedAt: number;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  get lastPhase(): PhaseName {
    return this.phases.at(-1)?.phase ?? 'inputs';
  }

  document(
    settings: Pick<Settings, 'action' | 'environment' | 'overlay' | 'phase'>,
    run: RunIdentity,
    ending: Ending,
    finishedAt: number,
  ): ResultDocument {
    const optional = {
      phase: settings.phase,
      commit: run.commit,
      actor: run.actor,
      runUrl: run.runUrl,
      release: this.release,
      previousRelease: this.previousRelease,
      planDigest: this.planDigest,
      approval: this.approval,
      services: this.services,
      errorRates: this.errorRates,
      pruned: this.pruned,
      history: this.history,
    };
    return {
      version: 1,
      action: settings.action,
      app: this.app,
      environment: settings.environment,
      namespace: this.namespace,
      overlay: settings.overlay,
      cluster: this.cluster,
      ...(Object.fromEntries(
        Object.entries(optional).filter(([, value]) => value !== undefined),
      ) as Partial<ResultDocument>),
      outcome: ending.outcome,
      exitCode: ending.exitCode,
      reason: ending.reason,
      message: ending.message,
      ...(ending.rollback === undefined ? {} : { rollback: ending.rollback }),
      // A plan that was refused or cancelled before its record was opened changed nothing.
      changed: this.release !== undefined || ending.outcome === 'planned' ? this.changed : 0,
      startedAt: this.startedAt,
      finishedAt,
      phases: this.phases,
      checks: this.checks,
      changes: this.describeChanges(),
      workloads: this.workloads,
      failures: this.failures,
      smoke: this.smoke,
      notices: this.notices,
      nextSteps: ending.nextSteps,
    };
  }
}
