/**
 * Whether a person approved this run, according to GitHub's data on the job's environment: a pure decision that fails
 * closed. Source of the shapes: GitHub REST API, "Get an environment", "Get the review history for a workflow run".
 */
import type { Reason } from '../failure/reasons.ts';

interface Reviewer {
  /** `User`, `Team`, or a future value. */
  readonly type: string;
  /** A user's login, a team's slug. */
  readonly name: string;
}

/** The protection rules of an environment, as far as they decide on approval. */
export interface EnvironmentRules {
  /** Of every rule that requires reviewers; empty: nobody has to approve. */
  readonly reviewers: readonly Reviewer[];
  readonly preventSelfReview: boolean;
  /** Absent if GitHub does not report it. */
  readonly adminsMayBypass?: boolean;
  /** Types of all rules, as GitHub names them. */
  readonly types: readonly string[];
}

/** One entry of a run's review history. It has no time and no attempt. */
export interface Review {
  /** `approved`, `rejected`, `pending`, or a future value. */
  readonly state: string;
  readonly environments: readonly string[];
  readonly user: string;
  readonly comment: string;
}

/** All that GitHub and the inputs say of approval; what could not be found out is absent or has its reason. */
export interface ApprovalFacts {
  /** By the input `github-environment`. */
  readonly claimed?: string;
  /** The environment of this job according to GitHub. */
  readonly proven?: string;
  /** Why it could not be read from GitHub, with the missing permission. */
  readonly unprovable?: { readonly message: string; readonly remedy: string };
  /** `missing`: the repository has no such environment. Absent: GitHub could not be asked. */
  readonly rules?: EnvironmentRules | 'missing';
  readonly privateRepository?: boolean;
  /** The review history of the run, of all its attempts. */
  readonly reviews: readonly Review[];
  /** Logins of those who triggered the run and this attempt of it. */
  readonly triggeredBy: readonly string[];
  /** Attempts of the run in which this job was started: each needed a review. */
  readonly startedAttempts: number;
}

/** Stored in result and record. */
export interface Approval {
  readonly state: 'approved' | 'bypassed' | 'skipped';
  readonly environment?: string;
  readonly by: readonly { readonly user: string; readonly comment: string }[];
  /** `alice`, `team release-managers`. */
  readonly reviewers: readonly string[];
}

/** Why a run may not deploy, as it becomes a Fault. */
export interface ApprovalRefusal {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy: string;
}

type ApprovalVerdict =
  | { readonly type: 'approved'; readonly approval: Approval }
  | { readonly type: 'refused'; readonly refusal: ApprovalRefusal };

/** Approved only where GitHub's answers prove it; what is missing or contradictory is a refusal. */
export function judgeApproval(facts: ApprovalFacts): ApprovalVerdict {
  const { claimed, proven, rules } = facts;
  const environment = proven ?? claimed;
  if (environment === undefined || rules === undefined) return refused(environmentUnknown(facts));
  if (claimed !== undefined && proven !== undefined && !sameName(claimed, proven)) {
    return refused({
      reason: 'environment-mismatch',
      message: `The input github-environment says ${claimed}, but this job is in the environment ${proven}.`,
      remedy: 'Correct the input, or `environment:` of the job.',
    });
  }
  if (rules === 'missing') {
    return refused({
      reason: 'environment-missing',
      message: `The repository has no environment ${environment}.`,
      remedy: 'Correct its name, or create it with required reviewers in the settings of the repository.',
    });
  }
  if (rules.reviewers.length === 0) return refused(unprotected(facts, environment, rules));
  return judgeReviews(facts, environment, rules);
}

function judgeReviews(facts: ApprovalFacts, environment: string, rules: EnvironmentRules): ApprovalVerdict {
  const own = facts.reviews.filter((review) =>
    review.environments.some((name) => sameName(name, environment)),
  );
  const approvals = own.filter(({ state, user }) => state === 'approved' && mayReview(rules, user));
  const others = approvals.filter(({ user }) => !facts.triggeredBy.some((name) => sameName(name, user)));
  const counted = rules.preventSelfReview ? others : approvals;
  const reviewers = rules.reviewers.map(reviewerName);
  if (counted.length >= Math.max(1, facts.startedAttempts)) {
    const by = counted.map(({ user, comment }) => ({ user, comment }));
    return { type: 'approved', approval: { state: 'approved', environment, by, reviewers } };
  }
  if (approvals.length > others.length && rules.preventSelfReview) {
    return refused({
      reason: 'self-approval',
      message: `${names(approvals)} triggered this run and approved it, which the environment ${environment} forbids.`,
      remedy: 'Let somebody else approve a new run.',
    });
  }
  const declined = own.filter(({ state }) => state === 'rejected');
  if (approvals.length === 0 && declined.length > 0) {
    const [first] = declined;
    const why = first?.comment === '' || first === undefined ? '' : ` (“${first.comment}”)`;
    return refused({
      reason: 'approval-declined',
      message: `${names(declined)} declined this run for ${environment}${why}.`,
      remedy: 'Resolve what the reviewer asks for, and start a new run.',
    });
  }
  // Only a missing or empty entry can result from a bypass.
  const unclear = own.filter(({ state }) => !['approved', 'rejected'].includes(state));
  const missing = missingProof(facts, environment, rules, unclear);
  if (missing !== undefined) return refused(missing);
  return { type: 'approved', approval: { state: 'bypassed', environment, by: [], reviewers } };
}

/**
 * Why the job cannot be running because of an administrator's bypass; undefined: only a bypass explains that it runs.
 */
function missingProof(
  facts: ApprovalFacts,
  environment: string,
  rules: EnvironmentRules,
  unclear: readonly Review[],
): ApprovalRefusal | undefined {
  // Without this check, a job without an environment would pass by naming one.
  if (facts.proven === undefined) return environmentUnknown(facts);
  const remedy = `Let a reviewer of ${environment} approve a new run: ${rules.reviewers.map(reviewerName).join(', ')}.`;
  if (unclear.length > 0) {
    const states = [...new Set(unclear.map(({ state }) => state))].join(', ');
    return {
      reason: 'approval-missing',
      message: `GitHub shows a review of ${environment} that is not an approval: ${states}.`,
      remedy,
    };
  }
  if (rules.adminsMayBypass === true) return undefined;
  return {
    reason: 'approval-missing',
    message: `${environment} requires a reviewer, nobody may bypass that, and GitHub shows no approval for this attempt.`,
    remedy,
  };
}

function environmentUnknown({ claimed, unprovable }: ApprovalFacts): ApprovalRefusal {
  if (unprovable !== undefined) return { reason: 'github-forbidden', ...unprovable };
  return {
    reason: 'environment-unknown',
    message: 'GitHub does not report an environment for this job, so there is no approval.',
    remedy: `Write \`environment: ${claimed ?? 'production'}\` into the job, the name of an environment with required reviewers.`,
  };
}

/**
 * GitHub creates an environment without protection for any name in a workflow. On github.com, private repositories
 * below Enterprise have no reviewers; a rule that those plans lack as well shows that this plan has them.
 */
function unprotected(facts: ApprovalFacts, environment: string, rules: EnvironmentRules): ApprovalRefusal {
  const paid = rules.types.some((type) => type !== 'branch_policy');
  if (facts.privateRepository === true && !paid) {
    return {
      reason: 'reviewers-unavailable',
      message: `${environment} has no required reviewers, and in private repositories only GitHub Enterprise supports them.`,
      remedy:
        'With Enterprise, add required reviewers to the environment; else approve in another way and set `skip-approval: true`.',
    };
  }
  return {
    reason: 'environment-unprotected',
    message: `${environment} has no required reviewers; GitHub also creates such an environment for a misspelt name.`,
    remedy: 'Add required reviewers to the environment, or correct its name in the job.',
  };
}

/** A team's members cannot be read with the job's token: it is enough that GitHub accepted the review. */
function mayReview({ reviewers }: EnvironmentRules, user: string): boolean {
  return reviewers.some(({ type, name }) => type !== 'User' || sameName(name, user));
}

function reviewerName({ type, name }: Reviewer): string {
  return type === 'User' ? name : `${type.toLowerCase()} ${name}`;
}

/** Logins and environment names are case-insensitive. */
function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function names(reviews: readonly Review[]): string {
  return [...new Set(reviews.map(({ user }) => user))].join(', ');
}

function refused(refusal: ApprovalRefusal): ApprovalVerdict {
  return { type: 'refused', refusal };
}
