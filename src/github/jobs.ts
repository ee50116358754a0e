/** Whether the job behind a record is over, by GitHub's word. */
import { z } from 'zod';
import type { RunIdentity } from '../domain/release/record.ts';
import { type ClientAccess, githubClient, type Question } from './client.ts';

type JobState = 'completed' | 'running' | 'unknown';

/** Lenient: proxies answer 200 to everything, so that a word that is missing is no answer. */
const statusSchema = z.object({ status: z.unknown() });

/**
 * Asks for the job by its id (the check run's id is the job's id), else for the attempt of the run. Needs `actions: read`; any
 * answer but a clear one within `deadline` is `unknown`, and the Lease decides.
 */
export async function jobState(access: Omit<ClientAccess, 'signal'>, run: RunIdentity): Promise<JobState> {
  const question = questionAbout(run);
  if (question === undefined) return 'unknown';
  const { deadline = 10_000 } = access;
  try {
    const client = await githubClient({ ...access, signal: AbortSignal.timeout(deadline) });
    const state = stateOf((await client.get(question))?.status);
    // The attempt of our own run is still going on although an earlier job of it may be dead.
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

/** `queued`, `in_progress`, `waiting`, `pending` and whatever word comes are all alive. */
function stateOf(status: unknown): JobState {
  if (typeof status !== 'string') return 'unknown';
  return status === 'completed' ? 'completed' : 'running';
}
