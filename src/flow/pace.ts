/** How often the verdict is asked for. */
import type { Run } from './run.ts';

/** Milliseconds for which a change may wait to be judged. */
const longestRest = 200;

/** Judging takes this share of the time, in the long run. */
const share = 1 / 20;

/** Milliseconds of judging that may be run up at once. */
const burst = 50;

export interface Pace {
  /** Around each judging. */
  begin(): void;
  end(): void;
  /** Before the next one. */
  rest(): Promise<void>;
}

/**
 * Changes of a thousand workloads come faster than the verdict on all of them is found: then what came meanwhile is judged
 * together. Where changes are few nothing ever waits, however slow the first judgings are, while their code is compiled.
 */
export function paceOf({ clock, signal }: Pick<Run, 'clock' | 'signal'>): Pace {
  let began = 0;
  let endedAt = clock.now();
  let credit = burst;
  return {
    begin: () => {
      began = clock.now();
    },
    end: () => {
      const now = clock.now();
      credit = Math.min(burst, credit + (now - endedAt) * share) - (now - began);
      endedAt = now;
    },
    rest: async () => {
      const restedAt = endedAt + Math.min(longestRest, -credit / share);
      const left = restedAt - clock.now();
      if (left > 0) await clock.wait(left, signal);
    },
  };
}
