/**
 * Whether a deploying job was prevented from starting, according to GitHub's data on the whole run: a declined job
 * never runs, so another job has to report it (`phase: observe`). A pure decision that fails closed. Source of the
 * shapes: GitHub REST API, "List jobs for a workflow run attempt", "Get pending deployments for a workflow run".
 */
import type { ApprovalRefusal, Review } from './approval.ts';

/** A job of this attempt, in GitHub's terms. */
export interface ObservedJob {
  readonly name: string;
  /** `completed`, `waiting`, `in_progress`, …, or a future value. */
  readonly status: string;
  /** `failure`, `cancelled`, `skipped`, …; absent while it is not completed. */
  readonly conclusion?: string;
  /** It had a runner: a job that was prevented from starting has no steps. */
  readonly started: boolean;
  /** Of a job that never started: its environment, if GitHub reports it; `none` if it has none. */
  readonly environment?: { readonly name: string } | 'none';
}

/** What GitHub says of a run, for a job that observes the others. */
export interface ObservedRun {
  /** By the input `github-environment`; absent: every environment of the run. */
  readonly claimed?: string;
  /** Of the run, from 1. */
  readonly attempt: number;
  /** Of all attempts: a review does not contain its attempt. */
  readonly reviews: readonly Review[];
  /** Environments with pending reviews. */
  readonly pending: readonly string[];
  /** All but the observer. */
  readonly jobs: readonly ObservedJob[];
}

type Observation =
  /** Nothing blocks the deployment. */
  | { readonly type: 'let-pass'; readonly message: string }
  | { readonly type: 'kept'; readonly refusal: ApprovalRefusal };

/**
 * The first reason that kept a job from deploying: a review, somebody waited for, a job that was stopped, or an answer that is
 * not clear.
 */
export function judgeRun(run: ObservedRun): Observation {
  const about = (name: string): boolean => run.claimed === undefined || sameName(run.claimed, name);
  const refusal =
    ofReviews(run, about) ?? ofWaiting(run, about) ?? ofStopped(run, about) ?? ofUnclear(run, about);
  if (refusal !== undefined) return { type: 'kept', refusal };
  return { type: 'let-pass', message: whoApproved(run, about) };
}

type About = (environment: string) => boolean;

function ofReviews(run: ObservedRun, about: About): ApprovalRefusal | undefined {
  const declined = reviewsOf(run, about).filter(({ state }) => state === 'rejected');
  const stopped = run.jobs
    .filter(neverRan)
    .filter(({ environment }) => !isNamed(environment) || about(environment.name));
  // In a later attempt the rejection may belong to an earlier one: then every job has started.
  if (declined.length === 0 || (stopped.length === 0 && run.attempt > 1)) return undefined;
  return declinedBy(declined, stopped, run);
}

function ofWaiting(run: ObservedRun, about: About): ApprovalRefusal | undefined {
  const jobs = run.jobs.filter((job) => job.status === 'waiting' && mayConcern(job, about));
  const waiting = [...run.pending.filter(about), ...jobs.map(({ name }) => name)];
  return waiting.length === 0 ? undefined : stillWaiting(waiting);
}

function ofStopped(run: ObservedRun, about: About): ApprovalRefusal | undefined {
  const stopped = run.jobs.filter((job) => neverRan(job) && mayConcern(job, about));
  if (stopped.length === 0) return undefined;
  const cancelled = stopped.every(({ conclusion }) => conclusion === 'cancelled');
  return cancelled ? cancelledWaiting(stopped) : neverStarted(stopped);
}

function ofUnclear(run: ObservedRun, about: About): ApprovalRefusal | undefined {
  const unclear = reviewsOf(run, about).filter(({ state }) => !knownStates.has(state));
  if (unclear.length > 0) return unclearReview(unclear);
  return run.jobs.some(({ status }) => status === 'completed') ? undefined : noJobs();
}

function reviewsOf({ reviews }: ObservedRun, about: About): readonly Review[] {
  return reviews.filter(({ environments }) => environments.some(about));
}

const knownStates: ReadonlySet<string> = new Set(['approved', 'rejected', 'pending']);

/** Conclusions of jobs that are not meant to run. */
const harmless: ReadonlySet<string> = new Set(['success', 'skipped', 'neutral']);

function neverRan({ status, conclusion, started }: ObservedJob): boolean {
  return status === 'completed' && !started && !harmless.has(conclusion ?? '');
}

/** An unknown environment may be the one in question; a job without an environment is not blocked by a review. */
function mayConcern({ environment }: ObservedJob, about: About): boolean {
  return environment === undefined || (isNamed(environment) && about(environment.name));
}

function isNamed(environment: ObservedJob['environment']): environment is { readonly name: string } {
  return environment !== undefined && environment !== 'none';
}

function declinedBy(
  declined: readonly Review[],
  stopped: readonly ObservedJob[],
  { claimed }: ObservedRun,
): ApprovalRefusal {
  const who = unique(declined.map(({ user }) => user));
  const environments = unique(declined.flatMap((review) => review.environments));
  const place = claimed ?? environments;
  const why = unique(
    declined.map(({ comment }) => comment).filter((comment) => comment !== ''),
    ' ',
  );
  const jobs = stopped.length === 0 ? '' : `, so ${jobNames(stopped)} never started`;
  return {
    reason: 'approval-declined',
    message: `${who} declined this run for ${place}${why === '' ? '' : ` (“${why}”)`}${jobs}.`,
    remedy: 'Resolve what the reviewer asks for, and start a new run.',
  };
}

function stillWaiting(waiting: readonly string[]): ApprovalRefusal {
  return {
    reason: 'approval-missing',
    message: `${unique(waiting)} still waits for its approval.`,
    remedy: 'Add the deploying job to `needs:` of this job, so that it runs after the decision.',
  };
}

function cancelledWaiting(stopped: readonly ObservedJob[]): ApprovalRefusal {
  return {
    reason: 'cancelled',
    message: `${jobNames(stopped)} was cancelled before it started.`,
    remedy:
      'Start a new run; if the next run of a concurrency group cancelled it, give the group `queue: max` or leave it out.',
  };
}

function neverStarted(stopped: readonly ObservedJob[]): ApprovalRefusal {
  return {
    reason: 'approval-missing',
    message: `${jobNames(stopped)} never started, although nobody declined it: a rule of its environment blocked it, or it got no runner.`,
    remedy: 'The annotations of that job on the page of the run say why.',
  };
}

function unclearReview(unclear: readonly Review[]): ApprovalRefusal {
  return {
    reason: 'approval-missing',
    message: `GitHub shows a review that is neither an approval nor a rejection: ${unique(unclear.map(({ state }) => state))}.`,
    remedy: 'Check the review on the page of the run.',
  };
}

function noJobs(): ApprovalRefusal {
  return {
    reason: 'github-answer-unclear',
    message: 'GitHub shows no other job of this attempt that has ended, so there is nothing to observe.',
    remedy: 'Add the deploying job to `needs:` of this job.',
  };
}

function whoApproved(run: ObservedRun, about: About): string {
  const approvals = reviewsOf(run, about).filter(({ state }) => state === 'approved');
  const place = run.claimed === undefined ? '' : ` for ${run.claimed}`;
  const who =
    approvals.length === 0 ? 'Nobody declined' : `${unique(approvals.map(({ user }) => user))} approved`;
  return `${who} this run${place}, and no environment prevented a job from starting.`;
}

function jobNames(jobs: readonly ObservedJob[]): string {
  return `job ${unique(jobs.map(({ name }) => name))}`;
}

function unique(words: readonly string[], separator = ', '): string {
  return [...new Set(words)].join(separator);
}

/** Environment names are case-insensitive. */
function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
