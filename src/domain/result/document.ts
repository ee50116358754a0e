/**
 * The result of one run: the source of log, summary, annotations, outputs and `result`. It is written as a
 * versioned JSON document; it holds no secret value (masked before it is made).
 */
import type { Approval } from '../approval/approval.ts';
import type { CheckResult } from '../checks/finding.ts';
import type { Failure } from '../failure/failure.ts';
import type { Notice } from '../failure/notice.ts';
import type { Reason } from '../failure/reasons.ts';
import type { ServiceReport } from '../health/service.ts';
import type { ErrorRateReport } from '../logs/error-rates.ts';
import type { ChangeReport } from '../plan/changes.ts';
import type { PruneReport } from '../prune/plan.ts';
import type { History } from '../release/delivery.ts';
import type { PhaseTiming, StepName } from '../settings/phases.ts';
import type { TestedEnvironment } from '../settings/profile.ts';
import type { SmokeReport } from '../smoke/report.ts';
import type { WorkloadReport } from '../verdict/workload-report.ts';
import type { ExitCode, Outcome } from './outcome.ts';

/** The versioned result. Times are milliseconds since the epoch; a field is absent where the run never came to it. */
export interface ResultDocument {
  readonly version: 1;
  /** The name of the action: `deploy-staging`, `phase`, … */
  readonly action: string;
  /** Of the action `phase`: which one. */
  readonly phase?: StepName;
  readonly app: string;
  readonly environment: TestedEnvironment;
  readonly namespace: string;
  readonly overlay: string;
  /** The name of the cluster in the kubeconfig, and its server version, if known. */
  readonly cluster: string;
  readonly commit?: string;
  readonly actor?: string;
  readonly runUrl?: string;
  readonly outcome: Outcome;
  readonly exitCode: ExitCode;
  readonly reason: Reason;
  /** One sentence: what happened. */
  readonly message: string;
  /** One sentence: the result of the rollback, if there was one. Also part of `message`. */
  readonly rollback?: string;
  /** Name of the release record, `orion-shop-12`. */
  readonly release?: string;
  readonly previousRelease?: string;
  /** What `expect-plan` takes. */
  readonly planDigest?: string;
  /** Who approved it, or that the approval was skipped; absent if the profile requires no approval. */
  readonly approval?: Approval;
  /** Objects created or configured. */
  readonly changed: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly phases: readonly PhaseTiming[];
  readonly checks: readonly CheckResult[];
  readonly changes: readonly ChangeReport[];
  /** What the overlay no longer has; absent if there are none. */
  readonly pruned?: readonly PruneReport[];
  readonly workloads: readonly WorkloadReport[];
  readonly failures: readonly Failure[];
  readonly smoke: readonly SmokeReport[];
  /** What the health phase found of each Service of the overlay; absent if the phase did not run. */
  readonly services?: readonly ServiceReport[];
  /** What the monitor phase found in the new pods' logs, by workload; absent where it did not run. */
  readonly errorRates?: readonly ErrorRateReport[];
  readonly notices: readonly Notice[];
  /** Of `phase: history`. */
  readonly history?: History;
  /** What to do next, one sentence or command each, most useful first. */
  readonly nextSteps: readonly string[];
  /** Peak resident memory of the process, bytes. */
  readonly peakMemory?: number;
}
