/** Whether the job behind a record is over, according to GitHub. */
import { z } from 'zod';
import type { RunIdentity } from '../domain/release/record.ts';
import { type ClientAccess, githubClient, type Question } from './client.ts';

type JobState = 'completed' | 'running' | 'unknown';

/** Lenient: proxies respond 200 to everything, so a missing field counts as no answer. */
const statusSchema = z.object({ status: z.unknown() });

/**
 * Reads the job by its id (the check run's id is the job's id), else the attempt of the run. Needs `actions: read`;
 * without a clear answer within `deadline` the result is `unknown`, and the Lease decides.
 */
export async function jobState(access: Omit<ClientAccess, 'signal'>, run: RunIdentity): Promise<JobState> {
  const question = questionAbout(run);
  if (question === undefined) return 'unknown';
  const { deadline = 10_000 } = access;
  try {
    const client = await githubClient({ ...access, signal: AbortSignal.timeout(deadline) });
    const state = stateOf((await client.get(question))?.status);
    // The attempt of our own run is still in progress although an earlier job of it may be dead.
    return state === 'completed' || isAboutJob(run) ? state : 'unknown';
  } catch {
    return 'unknown';
  }
}

function isAboutJob({ checkRunId }: RunIdentity): boolean {
  return checkRunId !== undefined && /^\d+$/.test(checkRunId);
}

function questionAbout(run: RunIdentity): Question<typeof statusSchema> | undefined {
  const { repository, runId, attempt = 1, checkRunId = '' } = run;
  if (repository === undefined || runId === undefined) return undefined;
  const [owner = '', repo = ''] = repository.split('/');
  const common = { schema: statusSchema, permission: 'actions: read' };
  return isAboutJob(run)
    ? {
        ...common,
        route: 'GET /repos/{owner}/{repo}/actions/jobs/{job_id}',
        parameters: { owner, repo, job_id: checkRunId },
      }
    : {
        ...common,
        route: 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}',
        parameters: { owner, repo, run_id: runId, attempt_number: attempt },
      };
}

/** `queued`, `in_progress`, `waiting`, `pending` and any unknown status count as alive. */
function stateOf(status: unknown): JobState {
  if (typeof status !== 'string') return 'unknown';
  return status === 'completed' ? 'completed' : 'running';
}
