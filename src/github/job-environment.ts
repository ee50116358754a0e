/** Which environment this job is in. No variable contains it; the check run of the job does, else its deployment. */
import { z } from 'zod';
import { Fault } from '../domain/failure/fault.ts';
import type { RunIdentity } from '../domain/release/record.ts';
import type { GitHubClient } from './client.ts';

interface JobEnvironment {
  readonly proven?: string;
  /** Neither could be read, with the permission that is missing. */
  readonly unprovable?: { readonly message: string; readonly remedy: string };
}

const checkRunSchema = z.object({ deployment: z.object({ environment: z.string() }).nullish() });
const deploymentsSchema = z.array(z.object({ id: z.number(), environment: z.string() }));
const statusesSchema = z.array(z.object({ log_url: z.string().nullish(), target_url: z.string().nullish() }));

/** A job's check run has the job's id. Numbers only: the id goes into a path. */
function jobIdOf({ checkRunId }: RunIdentity): string | undefined {
  return checkRunId !== undefined && /^\d+$/.test(checkRunId) ? checkRunId : undefined;
}

/** @throws Fault other than `github-forbidden` */
export async function jobEnvironment(
  client: GitHubClient,
  repository: { readonly owner: string; readonly repo: string },
  run: RunIdentity,
): Promise<JobEnvironment> {
  const jobId = jobIdOf(run);
  if (jobId === undefined) return {};
  const byCheckRun = await allowed(() => ofCheckRun(client, repository, jobId));
  if (typeof byCheckRun === 'string') return { proven: byCheckRun };
  const byDeployment = await allowed(() => ofDeployments(client, repository, jobId, run.commit));
  if (typeof byDeployment === 'string') return { proven: byDeployment };
  // One readable source is enough to know that there is no environment.
  if (byCheckRun === undefined || byDeployment === undefined) return {};
  return { unprovable: { message: byCheckRun.message, remedy: byCheckRun.remedy } };
}

/** The environment of another job, if its check run may be read; else undefined. */
export async function environmentOfJob(
  client: GitHubClient,
  { owner, repo }: { readonly owner: string; readonly repo: string },
  jobId: string,
): Promise<{ readonly name: string } | 'none' | undefined> {
  const found = await allowed(() => checkRunOf(client, { owner, repo }, jobId));
  if (found === undefined || found instanceof Fault) return undefined;
  return found.deployment ? { name: found.deployment.environment } : 'none';
}

async function allowed<T>(find: () => Promise<T>): Promise<T | Fault> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof Fault && error.reason === 'github-forbidden') return error;
    throw error;
  }
}

async function ofCheckRun(
  client: GitHubClient,
  repository: { readonly owner: string; readonly repo: string },
  jobId: string,
): Promise<string | undefined> {
  return (await checkRunOf(client, repository, jobId))?.deployment?.environment;
}

function checkRunOf(
  client: GitHubClient,
  repository: { readonly owner: string; readonly repo: string },
  jobId: string,
): Promise<z.output<typeof checkRunSchema> | undefined> {
  return client.get({
    route: 'GET /repos/{owner}/{repo}/check-runs/{check_run_id}',
    parameters: { ...repository, check_run_id: jobId },
    schema: checkRunSchema,
    permission: 'checks: read',
  });
}

/** The deployment that Actions made for this job: its status leads to the job's log, `…/job/9`. */
async function ofDeployments(
  client: GitHubClient,
  repository: { readonly owner: string; readonly repo: string },
  jobId: string,
  commit: string | undefined,
): Promise<string | undefined> {
  if (commit === undefined) return undefined;
  const permission = 'deployments: read';
  const deployments = await client.get({
    route: 'GET /repos/{owner}/{repo}/deployments',
    parameters: { ...repository, sha: commit, per_page: 30 },
    schema: deploymentsSchema,
    permission,
  });
  for (const { id, environment } of deployments ?? []) {
    const statuses = await client.get({
      route: 'GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses',
      parameters: { ...repository, deployment_id: id, per_page: 30 },
      schema: statusesSchema,
      permission,
    });
    const ours = (statuses ?? []).some(({ log_url, target_url }) =>
      [log_url, target_url].some((url) => url?.replace(/[?#].*$/, '').endsWith(`/job/${jobId}`)),
    );
    if (ours) return environment;
  }
  return undefined;
}
