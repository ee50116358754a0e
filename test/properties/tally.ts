/** What came of many cases, in figures. */
import type { Trial } from './trial.ts';

export interface Tally {
  readonly cases: number;
  /** A write was refused, or the process was killed in one. */
  readonly struck: number;
  readonly killed: number;
  readonly refusedBefore: number;
  /** Ended in another way than restored, or refused by the pre-checks. */
  readonly notRestored: number;
  readonly withDifferences: number;
  readonly differences: number;
  /** Objects that existed before and were deleted. */
  readonly lost: number;
}

export function tally(trials: readonly Trial[]): Tally {
  const number = (is: (trial: Trial) => boolean): number => trials.filter(is).length;
  return {
    cases: trials.length,
    struck: number(({ struck }) => struck),
    killed: number(({ outcomes }) => outcomes.includes('killed')),
    refusedBefore: number(({ refusedBefore }) => refusedBefore),
    notRestored: number(({ refusedBefore, outcome }) => !refusedBefore && outcome !== 'rolled-back'),
    withDifferences: number(({ differences }) => differences.length > 0),
    differences: trials.reduce((sum, { differences }) => sum + differences.length, 0),
    lost: trials.reduce((sum, { lost }) => sum + lost.length, 0),
  };
}
