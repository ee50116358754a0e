import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../src/cluster/clock.ts';

export interface ManualClock extends Clock {
  /** Moves time; whoever waits is woken in order, and what they do over the network gets time to finish. */
  advance(milliseconds: number): Promise<void>;
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  const sleepers = new Set<{ at: number; wake: () => void }>();

  const wakeNext = async (until: number): Promise<boolean> => {
    const next = [...sleepers].sort((one, other) => one.at - other.at)[0];
    if (next === undefined || next.at > until) return false;
    now = Math.max(now, next.at);
    sleepers.delete(next);
    next.wake();
    await delay(30);
    return true;
  };

  return {
    now: () => now,
    wait: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + milliseconds, wake: resolve };
        const abort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        if (signal?.aborted) return abort();
        signal?.addEventListener('abort', abort, { once: true });
        sleepers.add(sleeper);
      }),
    async advance(milliseconds) {
      const until = now + milliseconds;
      while (await wakeNext(until)) {
        // One sleeper at a time.
      }
      now = until;
    },
  };
}
