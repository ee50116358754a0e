/** Whether the job behind a record is over, by GitHub's word. */
import type { RunIdentity } from '../domain/release/record.ts';

export type JobState = 'completed' | 'running' | 'unknown';

export interface GitHubAccess {
  /** `GITHUB_API_URL`. */
  readonly apiUrl: string | undefined;
  readonly token: string | undefined;
  /** Milliseconds for an answer, after which it is `unknown`; default 10,000. */
  readonly deadline?: number;
}

/**
 * Asks for the job by its id (the check run's id is the job's id), else for the attempt of the run. Needs `actions: read`; any
 * answer but a clear one is `unknown`, and the Lease decides.
 */
export async function jobState(access: GitHubAccess, run: RunIdentity): Promise<JobState> {
  const { repository, runId, attempt, checkRunId } = run;
  if (access.token === undefined || repository === undefined || runId === undefined) return 'unknown';
  const { getOctokit } = await import(/* webpackMode: "eager" */ '@actions/github');
  const octokit = getOctokit(access.token, access.apiUrl === undefined ? {} : { baseUrl: access.apiUrl });
  const [owner = '', repo = ''] = repository.split('/');
  const request = { signal: AbortSignal.timeout(access.deadline ?? 10_000) };
  try {
    if (checkRunId !== undefined && /^\d+$/.test(checkRunId)) {
      const { data } = await octokit.rest.actions.getJobForWorkflowRun({
        owner,
        repo,
        job_id: Number(checkRunId),
        request,
      });
      return stateOf(data.status);
    }
    const { data } = await octokit.rest.actions.getWorkflowRunAttempt({
      owner,
      repo,
      run_id: Number(runId),
      attempt_number: attempt ?? 1,
      request,
    });
    // The attempt of our own run is still going on although an earlier job of it may be dead.
    return stateOf(data.status) === 'completed' ? 'completed' : 'unknown';
  } catch {
    return 'unknown';
  }
}

/**
 * Lenient: `queued`, `in_progress`, `waiting`, `pending` and whatever word comes are all alive. No word, no answer: proxies say 200
 * to everything.
 */
function stateOf(status: unknown): JobState {
  if (typeof status !== 'string') return 'unknown';
  return status === 'completed' ? 'completed' : 'running';
}
