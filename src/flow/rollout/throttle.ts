/** How often the verdict is asked for. */
import type { Run } from '../run/context.ts';

/** Milliseconds for which a change may wait to be judged: no more debt is carried on. */
const maxRest = 200;

/** Judging takes this share of the time, in the long run. */
const share = 1 / 20;

/** Milliseconds of judging that may be run up at once. */
const burst = 50;

interface Throttle {
  /** Around each judging. */
  begin(): void;
  end(): void;
  /** Before the next one. */
  rest(): Promise<void>;
}

/**
 * Changes of a thousand workloads come faster than the verdict on all of them is found: then what came meanwhile is judged
 * together. Where changes are few nothing waits, although the first judgings are slow, while their code is compiled.
 */
export function throttleOf({ clock, signal }: Pick<Run, 'clock' | 'signal'>): Throttle {
  let began = 0;
  let endedAt = clock.now();
  let credit = burst;
  return {
    begin: () => {
      began = clock.now();
    },
    end: () => {
      const now = clock.now();
      const earned = Math.min(burst, credit + (now - endedAt) * share);
      credit = Math.max(earned - (now - began), -maxRest * share);
      endedAt = now;
    },
    rest: async () => {
      const left = endedAt - credit / share - clock.now();
      if (left > 0) await clock.wait(left, signal);
    },
  };
}
