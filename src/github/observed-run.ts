/**
 * Reads from GitHub the run that an observer belongs to: its reviews, pending deployments, and jobs that never
 * started.
 */
import { z } from 'zod';
import type { ObservedJob, ObservedRun } from '../domain/approval/observed-run.ts';
import { Fault } from '../domain/failure/fault.ts';
import type { RunIdentity } from '../domain/release/record.ts';
import { ofOurRun, type Place, placeOf, reviewsOf } from './approvals.ts';
import { type ClientAccess, type GitHubClient, githubClient } from './client.ts';
import { environmentOfJob } from './job-environment.ts';

const pendingSchema = z.array(z.object({ environment: z.object({ name: z.string() }) }));

const jobSchema = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullish(),
  steps: z.array(z.unknown()).nullish(),
});
const jobsSchema = z.object({ total_count: z.number(), jobs: z.array(jobSchema) });
type Job = z.output<typeof jobSchema>;

/** @throws Fault as documented for `ApprovalsPort.observed` */
export async function observedRun(
  access: ClientAccess,
  run: RunIdentity,
  claimed: string | undefined,
): Promise<ObservedRun> {
  const place = placeOf(run);
  const client = await githubClient(access);
  const attempt = run.attempt ?? 1;
  const [reviews, pending, jobs] = await Promise.all([
    reviewsOf(client, place),
    ofOurRun(client, place, '/pending_deployments', pendingSchema),
    jobsOf(client, place, attempt),
  ]);
  const others = jobs.filter(({ id }) => String(id) !== run.checkRunId);
  return {
    ...(claimed === undefined ? {} : { claimed }),
    attempt,
    reviews,
    pending: pending.map(({ environment }) => environment.name),
    jobs: await Promise.all(others.map((job) => observedJob(client, place, job))),
  };
}

/** GitHub starts at most 256 jobs of a matrix; more pages than that are invalid. */
const maxPages = 10;

async function jobsOf(client: GitHubClient, place: Place, attempt: number): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
    const answer = await ofOurRun(client, place, `/attempts/${attempt}/jobs`, jobsSchema, {
      per_page: 100,
      page,
    });
    jobs.push(...answer.jobs);
    if (jobs.length >= answer.total_count) return jobs;
    if (answer.jobs.length === 0) break;
  }
  throw new Fault(
    'github-answer-unclear',
    `GitHub does not show all jobs of run ${place.run_id}, so it is not known whether one was prevented from starting.`,
    'See the page of the run on GitHub.',
  );
}

async function observedJob(client: GitHubClient, place: Place, job: Job): Promise<ObservedJob> {
  const { id, name, status, conclusion } = job;
  const started = (job.steps ?? []).length > 0;
  const environment = started ? undefined : await environmentOfJob(client, place, String(id));
  return {
    name,
    status,
    ...(typeof conclusion === 'string' ? { conclusion } : {}),
    started,
    ...(environment === undefined ? {} : { environment }),
  };
}
