import type { Cause } from '../causes/evidence/cause.ts';
import type { RolloutState } from '../rollout/state.ts';

/** Circumstances outside of one workload that restart or suspend its budgets. */
export interface Circumstances {
  /** When terminating pods last freed, or will free, capacity; 0 if there were none. */
  readonly capacityAt: number;
  /**
   * Since when every changed workload has been there for others to use; Infinity: not yet. A program whose readiness waits
   * for another one of the same release is not at fault while that one is not even running (its image is being pulled, a
   * migration Job is at work), and has its whole allowance once that one serves.
   */
  readonly dependenciesAt: number;
  /**
   * When the last of the other changed workloads could answer for the first time; Infinity: one of them has not begun. A
   * program that ends because nothing answers it is not at fault until then.
   */
  readonly othersAt: number;
}

/** Pods that are being ended hold their node's capacity and their volumes until their grace period is over. */
export function capacityAt(state: RolloutState): number {
  return Math.max(state.departedAt, ...state.departing.values());
}

/** From when on a cause is fatal; Infinity: not by itself, or not under these circumstances. */
export function fatalAt({ fatality }: Cause, circumstances: Circumstances): number {
  switch (fatality.when) {
    case 'now':
      return 0;
    case 'never':
      return Number.POSITIVE_INFINITY;
    case 'heard':
      return fatality.triedAt >= circumstances.othersAt ? 0 : Number.POSITIVE_INFINITY;
    case 'blocked': {
      const freed = circumstances.capacityAt > 0;
      if (!freed && !fatality.mayFree) return 0;
      if (freed && fatality.refusedAt <= circumstances.capacityAt) return Number.POSITIVE_INFINITY;
      return Math.max(fatality.since, circumstances.capacityAt) + fatality.allowance;
    }
    default: {
      const held = { capacity: circumstances.capacityAt, dependencies: circumstances.dependenciesAt };
      const from = fatality.holds === undefined ? 0 : held[fatality.holds];
      return Math.max(fatality.since, from) + fatality.allowance;
    }
  }
}
