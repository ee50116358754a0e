/**
 * The command `phase: observe`: was the deploying job prevented from starting, by whom and why? Asks only GitHub, no
 * cluster.
 */
import type { ApprovalRefusal } from '../../domain/approval/approval.ts';
import { judgeRun } from '../../domain/approval/observed-run.ts';
import { Fault } from '../../domain/failure/fault.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { asResult, noCluster } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';

/** Never throws: every error becomes a result that can be reported. */
export async function observe(run: Run): Promise<ResultDocument> {
  return asResult(run, decide, noCluster);
}

async function decide(run: Run): Promise<Ending> {
  const seen = await inPhase(
    run,
    'approval',
    () => look(run),
    (found) => ('reason' in found ? 'failed' : 'passed'),
  );
  if ('reason' in seen) {
    const { reason, message, remedy } = seen;
    return { outcome: 'cancelled', exitCode: 5, reason, message, nextSteps: [remedy] };
  }
  return { outcome: 'succeeded', exitCode: 0, reason: 'succeeded', message: seen.message, nextSteps: [] };
}

async function look(run: Run): Promise<ApprovalRefusal | { readonly message: string }> {
  const { githubEnvironment } = run.settings;
  try {
    const observation = judgeRun(await run.approvals.observed(run.identity, githubEnvironment, run.signal));
    return observation.type === 'kept' ? observation.refusal : observation;
  } catch (error) {
    // Without an answer from GitHub the run does not count as approved.
    if (!(error instanceof Fault) || run.signal.aborted) throw error;
    return { reason: error.reason, message: error.message, remedy: error.remedy };
  }
}
