import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/ports/runtime.ts';

export interface ManualClock extends Clock {
  /** Moves time. Whoever waits is woken in order, and time stands still until it waits again, or has had a while to end. */
  advance(milliseconds: number): Promise<void>;
}

const maxWork = 700;

/** A clock for code that waits, then talks to a real server, then waits again. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  let waits = 0;
  const sleepers = new Set<{ at: number; wake: () => void }>();

  const untilSomebodyWaits = async (before: number) => {
    const startedAt = performance.now();
    while (waits === before && performance.now() - startedAt < maxWork) await delay(5);
  };

  const wakeNext = async (until: number): Promise<boolean> => {
    const next = [...sleepers].sort((one, other) => one.at - other.at)[0];
    if (next === undefined || next.at > until) return false;
    now = Math.max(now, next.at);
    sleepers.delete(next);
    const before = waits;
    next.wake();
    await untilSomebodyWaits(before);
    return true;
  };

  return {
    now: () => now,
    wait: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        waits += 1;
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
      if (sleepers.size === 0) await untilSomebodyWaits(waits);
      const until = now + milliseconds;
      while (await wakeNext(until)) {
        // One sleeper at a time.
      }
      now = until;
    },
  };
}
