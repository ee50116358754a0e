/** Outcomes and exit codes of the public contract (DESIGN.md section 1). */

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
export type Outcome = (typeof outcomes)[number];

/**
 * 0 success · 1 pre-checks failed · 2 deployment failed (apply, rollout) · 3 post-deploy verification failed ·
 * 4 smoke tests failed · 5 cancelled. The code names the first failure.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5;
