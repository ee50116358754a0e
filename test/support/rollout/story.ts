/** Tells a rollout to its end: what was observed, then the verdict and its second. */
import { observe } from '../../../src/domain/rollout/observe.ts';
import {
  defaultBudgets,
  type LastLine,
  type Limits,
  type ObservedChange,
  type RolloutTarget,
  startRollout,
} from '../../../src/domain/rollout/state.ts';
import { type Verdict, verdict } from '../../../src/domain/verdict/verdict.ts';
import { start } from './objects.ts';

export const limits: Limits = {
  timeout: 300_000,
  settle: 10_000,
  maxRestarts: 3,
  startedAt: start,
  budgets: defaultBudgets,
};

/** The end of a story: the first verdict that is not pending, and the second at which it fell. */
export interface Ending {
  readonly verdict: Exclude<Verdict, { state: 'pending' }>;
  /** Seconds after the apply began. */
  readonly at: number;
}

/**
 * Tells a story to its end as the flow does: a verdict after every change and at every moment the verdict asked for.
 * The targets count as applied at second 0. After the last change only time passes.
 */
export function tell(
  targets: readonly RolloutTarget[],
  changes: readonly (ObservedChange | LastLine)[],
  given: Limits = limits,
): Ending {
  let state = startRollout(targets, start - 5_000);
  let now = start;
  const queue = [...changes];
  while (queue[0] !== undefined && queue[0].at <= start)
    state = observe(state, queue.shift() as ObservedChange | LastLine);
  for (;;) {
    const answer = verdict(state, now, given);
    if (answer.state !== 'pending') return { verdict: answer, at: (now - start) / 1000 };
    if (answer.nextAt <= now) throw new Error(`nextAt ${answer.nextAt - start} is not after ${now - start}`);
    const next = queue[0];
    if (next === undefined || answer.nextAt < next.at) {
      now = answer.nextAt;
    } else {
      now = next.at;
      state = observe(state, queue.shift() as ObservedChange | LastLine);
    }
  }
}

/** `passed`, or the reasons of the failures. */
export function outcome(ending: Ending): string {
  const { verdict: last } = ending;
  return last.state === 'passed' ? 'passed' : last.failures.map((failure) => failure.reason).join(', ');
}
