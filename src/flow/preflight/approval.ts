/** Production: proves that a person approved this run, before anything is locked or changed (release state row 2). */
import { type Approval, type ApprovalRefusal, judgeApproval } from '../../domain/approval/approval.ts';
import { Fault } from '../../domain/failure/fault.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { notice, type Run } from '../run/context.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';

/** How the run ends without approval; undefined if it may continue. */
export async function proveApproval(run: Run): Promise<Ending | undefined> {
  if (!run.settings.profile.approval) return undefined;
  const proof = await inPhase(
    run,
    'approval',
    () => (run.settings.skipApproval ? Promise.resolve(skipped(run)) : ask(run)),
    (found) => ('reason' in found ? 'failed' : found.state === 'approved' ? 'passed' : 'warned'),
  );
  if ('reason' in proof) return refusedEnding(proof);
  run.ledger.approval = proof;
  return undefined;
}

function skipped(run: Run): Approval {
  notice(run, {
    reason: 'approval-skipped',
    message: `The approval was skipped by \`skip-approval\`: there is no proof that anybody approved this deployment to ${run.settings.environment}.`,
    remedy: 'Remove `skip-approval` as soon as a reviewer can approve.',
  });
  return { state: 'skipped', by: [], reviewers: [] };
}

async function ask(run: Run): Promise<Approval | ApprovalRefusal> {
  const { githubEnvironment } = run.settings;
  try {
    const verdict = judgeApproval(await run.approvals.facts(run.identity, githubEnvironment, run.signal));
    if (verdict.type === 'refused') return verdict.refusal;
    say(run, verdict.approval);
    return verdict.approval;
  } catch (error) {
    // No answer from GitHub is no approval.
    if (!(error instanceof Fault) || run.signal.aborted) throw error;
    return { reason: error.reason, message: error.message, remedy: error.remedy };
  }
}

function say(run: Run, { state, environment, by, reviewers }: Approval): void {
  if (state === 'bypassed') {
    notice(run, {
      reason: 'approval-bypassed',
      message: `${environment} requires a reviewer (${reviewers.join(', ')}), but GitHub shows no approval for this attempt: an administrator bypassed it.`,
      remedy: 'Ask the administrators who did it and why; the environment can forbid it.',
    });
    return;
  }
  const who = by.map(({ user }) => user).join(', ');
  run.log.line(logLine(run.logClock(), logText(`Approved for ${environment} by ${who}.`)));
}

function refusedEnding({ reason, message, remedy }: ApprovalRefusal): Ending {
  return {
    outcome: 'cancelled',
    exitCode: 5,
    reason,
    message: `${message} Nothing was changed.`,
    nextSteps: [remedy],
  };
}
