/** Folds a recorded story as the flow does: a verdict after every change and at every moment that the verdict asked for. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { observe } from '../../../src/domain/rollout/observe.ts';
import {
  defaultBudgets,
  type Limits,
  type ObservedChange,
  type RolloutState,
  startRollout,
  withTarget,
} from '../../../src/domain/rollout/state.ts';
import { type Verdict, verdict } from '../../../src/domain/verdict/verdict.ts';
import { parseStory, type Story } from '../../../testbed/recorder/story.ts';

/** Names of the recorded stories, `exits-at-once`. */
export const storyNames: readonly string[] = readdirSync(join(import.meta.dirname, '../../rollouts'))
  .filter((name) => name.endsWith('.json'))
  .map((name) => basename(name, '.json'));

export function readStory(name: string): Story {
  return parseStory(readFileSync(join(import.meta.dirname, '../../rollouts', `${name}.json`), 'utf8'));
}

/** The staging profile. */
export function limitsOf(story: Story): Limits {
  return {
    timeout: 300_000,
    settle: 10_000,
    maxRestarts: 3,
    startedAt: story.startedAt,
    budgets: defaultBudgets,
  };
}

export interface Ending {
  readonly verdict: Exclude<Verdict, { state: 'pending' }>;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** One thing that happens to a rollout, and when. */
export interface Step {
  readonly at: number;
  readonly take: (state: RolloutState) => RolloutState;
}

/** What a story tells, in order; a target is registered before the change that shows it. */
export function stepsOf(story: Story, changes: readonly ObservedChange[] = story.changes): readonly Step[] {
  const targets = story.targets.map(
    ({ at, target }): Step => ({ at, take: (state) => withTarget(state, target) }),
  );
  const told = changes.map((change): Step => ({ at: change.at, take: (state) => observe(state, change) }));
  return [...targets, ...told].sort((one, other) => one.at - other.at);
}

/** After the last change only time passes. */
export function replay(story: Story, changes: readonly ObservedChange[] = story.changes): Ending {
  const limits = limitsOf(story);
  const steps = stepsOf(story, changes);
  let state = startRollout([], steps[0]?.at ?? story.startedAt, story.targets.length);
  let now = story.startedAt;
  let next = 0;
  for (;;) {
    for (let step = steps[next]; step !== undefined && step.at <= now; step = steps[next]) {
      state = step.take(state);
      next += 1;
      if (step.at < story.startedAt) continue;
      const answer = verdict(state, now, limits);
      if (answer.state !== 'pending') return { verdict: answer, at: now };
    }
    const answer = verdict(state, now, limits);
    if (answer.state !== 'pending') return { verdict: answer, at: now };
    if (answer.nextAt <= now) throw new Error(`nextAt is ${now - answer.nextAt} ms before the verdict`);
    now = Math.min(answer.nextAt, steps[next]?.at ?? Number.POSITIVE_INFINITY);
  }
}

/** Everything at once, asked only when it is over and `patience` milliseconds have passed. */
export function whenAllIsTold(story: Story, changes: readonly ObservedChange[], patience: number): Verdict {
  const steps = stepsOf(story, changes);
  const first = startRollout([], steps[0]?.at ?? story.startedAt, story.targets.length);
  const state = steps.reduce((before, step) => step.take(before), first);
  return verdict(state, (steps.at(-1)?.at ?? story.startedAt) + patience, limitsOf(story));
}

/** `passed`, or `crash-loop of Deployment web`, in the order of names. */
export function outcomeOf(answer: Verdict): string {
  if (answer.state !== 'failed') return answer.state;
  const causes = answer.failures.map(
    ({ reason, objects }) => `${reason} of ${objects.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`,
  );
  return causes.sort().join('; ');
}
