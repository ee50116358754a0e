/** How often the verdict is computed. */
import type { Run } from '../run/context.ts';

/** Longest time that a change waits to be judged, milliseconds; also the limit of the debt carried over. */
const maxRest = 200;

/** The share of time that judging may take in the long run. */
const share = 1 / 20;

/** Milliseconds of judging that may be used in a burst. */
const burst = 50;

interface Throttle {
  /** Wraps each computation of the verdict. */
  begin(): void;
  end(): void;
  /** Waits before the next one. */
  rest(): Promise<void>;
}

/**
 * Changes of a thousand workloads arrive faster than the verdict is computed: then several changes are judged
 * together. With few changes nothing waits, even though the first computations are slow while their code is compiled.
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
