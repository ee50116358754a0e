/** Wakes a waiter: on a change, at a given time, or because a watch is lost. */
import { Fault } from '../../domain/failure/fault.ts';
import type { Run } from '../run/context.ts';

/** Waits for changes of the watched objects. */
export interface Observer {
  /** Resolves when a change arrives, or at `until`. */
  changed(until: number): Promise<void>;
  wake(): void;
  /** A watch is lost: the known state may be outdated, so all waiters reject. */
  lose(error: unknown): void;
  stop(): void;
}

/** Rejects all waiters when the run is cancelled. */
export function observerOf(run: Pick<Run, 'clock' | 'signal'>): Observer {
  let lost: Fault | undefined;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  const alarm = timerOf(run, wake);
  const goOn = (): void => {
    run.signal.throwIfAborted();
    if (lost !== undefined) throw lost;
  };
  return {
    wake,
    stop: alarm.stop,
    changed: async (until) => {
      goOn();
      const woken = new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      alarm.ringBy(until);
      await woken;
      goOn();
    },
    lose: (error) => {
      lost ??= lostWatch(error);
      wake();
    },
  };
}

function lostWatch(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Fault(
    'cluster-unreachable',
    `The cluster can no longer be watched, so there is no verdict on the release: ${said}`,
    'Check whether the API server is reachable and the credentials are still valid, then run the job again.',
    { cause: error },
  );
}

interface Timer {
  /**
   * Fires at `until` or earlier. A timer that is already set for an earlier time is kept: there are thousands of
   * changes.
   */
  ringBy(until: number): void;
  stop(): void;
}

/** Calls `ring` at that time, and at once when the run is cancelled. */
function timerOf({ clock, signal }: Pick<Run, 'clock' | 'signal'>, ring: () => void): Timer {
  let set: { readonly at: number; readonly stop: AbortController } | undefined;
  const clear = (): void => {
    set?.stop.abort();
    set = undefined;
  };
  return {
    ringBy(until) {
      if (set !== undefined && set.at <= until) return;
      clear();
      const mine = { at: until, stop: new AbortController() };
      set = mine;
      const rung = (): void => {
        if (set !== mine) return;
        set = undefined;
        ring();
      };
      clock
        .wait(Math.max(0, until - clock.now()), AbortSignal.any([mine.stop.signal, signal]))
        .then(rung, rung);
    },
    stop: clear,
  };
}
