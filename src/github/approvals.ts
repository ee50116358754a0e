/** Reads from GitHub the job's environment and the reviews of this run. Read-only. */
import { z } from 'zod';
import type { ApprovalFacts, EnvironmentRules } from '../domain/approval/approval.ts';
import { Fault } from '../domain/failure/fault.ts';
import type { RunIdentity } from '../domain/release/record.ts';
import { type ClientAccess, type GitHubClient, githubClient } from './client.ts';
import { jobEnvironment } from './job-environment.ts';

/** The run that is asked about, as parameters of GitHub's routes. */
export interface Place {
  readonly owner: string;
  readonly repo: string;
  readonly run_id: string;
}

const permission = 'actions: read';

/** A rule of an unknown type counts as no protection; a reviewer of an unknown type still counts as a reviewer. */
const environmentSchema = z.object({
  can_admins_bypass: z.boolean().nullish(),
  protection_rules: z
    .array(
      z.object({
        type: z.string(),
        prevent_self_review: z.boolean().nullish(),
        reviewers: z
          .array(
            z.object({
              type: z.string(),
              reviewer: z.object({ login: z.string().optional(), slug: z.string().optional() }).nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

const reviewsSchema = z.array(
  z.object({
    state: z.string(),
    comment: z.string().nullish(),
    environments: z.array(z.object({ name: z.string() })),
    user: z.object({ login: z.string() }).nullish(),
  }),
);

const userSchema = z.object({ login: z.string() }).nullish();
const runSchema = z.object({
  actor: userSchema,
  triggering_actor: userSchema,
  repository: z.object({ private: z.boolean() }),
});

const jobsSchema = z.object({
  total_count: z.number(),
  jobs: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      run_attempt: z.number(),
      conclusion: z.string().nullish(),
      steps: z.array(z.unknown()).nullish(),
    }),
  ),
});

/** @throws Fault as documented for `ApprovalsPort.facts` */
export async function approvalFacts(
  access: ClientAccess,
  run: RunIdentity,
  claimed: string | undefined,
): Promise<ApprovalFacts> {
  const place = placeOf(run);
  const { owner, repo } = place;
  const client = await githubClient(access);
  const job = await jobEnvironment(client, { owner, repo }, run);
  const name = job.proven ?? claimed;
  const said = { ...(claimed === undefined ? {} : { claimed }), ...job };
  if (name === undefined) return { ...said, reviews: [], triggeredBy: [], startedAttempts: 1 };
  const [rules, reviews, about, startedAttempts] = await Promise.all([
    rulesOf(client, place, name),
    reviewsOf(client, place),
    ofOurRun(client, place, '', runSchema),
    startedAttemptsOf(client, place, run),
  ]);
  return {
    ...said,
    rules,
    reviews,
    privateRepository: about.repository.private,
    triggeredBy: [about.actor?.login, about.triggering_actor?.login, run.actor].filter(
      (login) => login !== undefined,
    ),
    startedAttempts,
  };
}

/** @throws Fault `environment-unknown` outside GitHub Actions */
export function placeOf({ repository, runId }: RunIdentity): Place {
  const [owner = '', repo = ''] = (repository ?? '').split('/');
  if (owner !== '' && repo !== '' && runId !== undefined) return { owner, repo, run_id: runId };
  throw new Fault(
    'environment-unknown',
    'This is not a GitHub Actions job, so there is no approval on GitHub.',
    'Deploy from a workflow, or approve in another way and set `skip-approval: true`.',
  );
}

async function rulesOf(
  client: GitHubClient,
  { owner, repo }: Place,
  name: string,
): Promise<EnvironmentRules | 'missing'> {
  const environment = await client.get({
    route: 'GET /repos/{owner}/{repo}/environments/{environment_name}',
    parameters: { owner, repo, environment_name: name },
    schema: environmentSchema,
    permission,
  });
  if (environment === undefined) return 'missing';
  const rules = environment.protection_rules ?? [];
  const requiring = rules.filter(({ type }) => type === 'required_reviewers');
  const bypass = environment.can_admins_bypass;
  return {
    reviewers: requiring
      .flatMap(({ reviewers }) => reviewers ?? [])
      .map(({ type, reviewer }) => ({ type, name: reviewer?.login ?? reviewer?.slug ?? 'unknown' })),
    preventSelfReview: requiring.some((rule) => rule.prevent_self_review === true),
    ...(typeof bypass === 'boolean' ? { adminsMayBypass: bypass } : {}),
    types: rules.map(({ type }) => type),
  };
}

/** Every run has this resource: without it nothing can be concluded, in particular not that nobody declined. */
export async function ofOurRun<Schema extends z.ZodType>(
  client: GitHubClient,
  place: Place,
  below: '' | '/approvals' | '/pending_deployments' | `/attempts/${number}/jobs`,
  schema: Schema,
  page: { readonly per_page?: number; readonly page?: number } = {},
): Promise<z.output<Schema>> {
  const route = `GET /repos/{owner}/{repo}/actions/runs/{run_id}${below}`;
  const answer = await client.get({ route, parameters: { ...place, ...page }, schema, permission });
  if (answer !== undefined) return answer;
  throw new Fault(
    'github-answer-unclear',
    `GitHub does not show run ${place.run_id} of ${place.owner}/${place.repo} (${below || 'itself'}), although this job belongs to it.`,
    'Leave the input github-token at its default: a token of another repository cannot see this one.',
  );
}

/** The review history of a run; `ghost` stands for a user whose account is gone. Throws as `GitHubClient.get`. */
export async function reviewsOf(client: GitHubClient, place: Place): Promise<ApprovalFacts['reviews']> {
  const reviews = await ofOurRun(client, place, '/approvals', reviewsSchema);
  return reviews.map(({ state, comment, environments, user }) => ({
    state,
    environments: environments.map(({ name }) => name),
    user: user?.login ?? 'ghost',
    comment: comment ?? '',
  }));
}

/**
 * A re-run needs a new review, and a review does not contain its attempt: so the attempts in which this job was
 * started are counted. A rejected job has no steps. This attempt counts even before its own entry appears.
 */
async function startedAttemptsOf(client: GitHubClient, place: Place, run: RunIdentity): Promise<number> {
  const attempt = run.attempt ?? 1;
  if (attempt <= 1) return 1;
  const answer = await client.get({
    route: 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs',
    parameters: { ...place, filter: 'all', per_page: 100 },
    schema: jobsSchema,
    permission,
  });
  const { jobs, total_count: all } = answer ?? { jobs: [], total_count: 0 };
  const name = jobs.find(({ id }) => String(id) === run.checkRunId)?.name;
  // Without its name, or with more jobs than one page contains, the job's earlier runs are unknown: use the strictest count.
  if (name === undefined || all > jobs.length) return attempt;
  const started = jobs.filter(
    (job) =>
      job.name === name &&
      job.run_attempt < attempt &&
      job.conclusion !== 'skipped' &&
      (job.steps ?? []).length > 0,
  );
  return new Set(started.map((job) => job.run_attempt)).size + 1;
}
