/** Outcomes and exit codes of the public contract. */

export const outcomes = [
  'succeeded',
  'unchanged',
  'planned',
  'failed',
  'rolled-back',
  'rollback-failed',
  'restore-unverified',
  'cancelled',
] as const;
/** How a run ended: the `outcome` output. */
export type Outcome = (typeof outcomes)[number];

/**
 * 0 success · 1 pre-checks failed · 2 deployment failed (apply, rollout) · 3 post-deploy verification failed ·
 * 4 smoke tests failed · 5 cancelled. The code names the first failure.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5;

interface ExitCodeMeaning {
  readonly outcomes: readonly Outcome[];
  /** What it means, as the documents say it. */
  readonly meaning: string;
  /** What is on the cluster then. */
  readonly cluster: string;
}

/** The contract's exit codes as README.md and docs/QUICK_REFERENCE.md print them. */
export const exitCodeMeanings: Readonly<Record<ExitCode, ExitCodeMeaning>> = {
  0: {
    outcomes: ['succeeded', 'unchanged', 'planned', 'rolled-back'],
    meaning: 'success; nothing to change; a dry run; a rollback that was asked for',
    cluster: 'the release; what was there; what was there; what was there before',
  },
  1: {
    outcomes: ['failed'],
    meaning: 'refused before the first change: a pre-check, an input, the lock or the plan',
    cluster: 'what was there',
  },
  2: {
    outcomes: ['failed'],
    meaning: 'the deployment failed (apply or rollout), or the lock was lost',
    cluster: 'what was applied so far; old pods serve where they can',
  },
  3: {
    outcomes: ['failed', 'restore-unverified'],
    meaning:
      'verification after the rollout failed (endpoints of Services, restarts, health budget, errors in logs), or what a rollback restored did not become healthy again',
    cluster: 'the release; or what was there before it',
  },
  4: {
    outcomes: ['failed'],
    meaning: 'a smoke test failed: a database, an endpoint of a pod, a Service',
    cluster: 'the release',
  },
  5: {
    outcomes: ['cancelled'],
    meaning: 'cancelled by SIGINT or SIGTERM, or the approval that production needs is missing or declined',
    cluster: 'what was applied so far; the record says in which phase',
  },
};
