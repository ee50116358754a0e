/** What GitHub reports about jobs and approvals. */
import type { ApprovalFacts } from '../domain/approval/approval.ts';
import type { ObservedRun } from '../domain/approval/observed-run.ts';
import type { RunIdentity } from '../domain/release/record.ts';

export interface JobsPort {
  /** Whether the job of that run is over, according to GitHub; `unknown` without an answer. */
  stateOf(run: RunIdentity): Promise<'completed' | 'running' | 'unknown'>;
}

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
