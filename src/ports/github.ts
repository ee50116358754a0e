/** What GitHub reports about jobs and approvals. */
import type { ApprovalFacts } from '../domain/approval/approval.ts';
import type { ObservedRun } from '../domain/approval/observed-run.ts';
import type { RunIdentity } from '../domain/release/record.ts';

/** What GitHub says of a job that holds a lock or a record. */
export interface JobsPort {
  /** Whether the job of that run is over, according to GitHub; `unknown` without an answer. */
  stateOf(run: RunIdentity): Promise<'completed' | 'running' | 'unknown'>;
}

/** What GitHub says of approvals: of this job, or of every job of the run (`phase: observe`). */
export interface ApprovalsPort {
  /**
   * What GitHub reports about this job's environment and the reviews of this run; `claimed` is the environment that
   * the input names.
   *
   * @throws Fault `github-forbidden`, `github-rate-limited`, `github-unreachable`, `github-answer-unclear`
   */
  facts(run: RunIdentity, claimed: string | undefined, signal: AbortSignal): Promise<ApprovalFacts>;
  /** Reviews, waiting environments and jobs of the whole run; throws as `facts`. */
  observed(run: RunIdentity, claimed: string | undefined, signal: AbortSignal): Promise<ObservedRun>;
}
