/** Wakes whoever waits for a change: by a change, by time, or because a watch is lost. */
import { Fault } from '../../domain/failure/fault.ts';
import type { Run } from '../run/context.ts';

/** Who waits for a change of what is watched. */
export interface Observer {
  /** Until a change arrives, or it is `until`. */
  changed(until: number): Promise<void>;
  wake(): void;
  /** A watch is gone: what has been seen is no longer what is, and nobody may wait for it. */
  lose(error: unknown): void;
  stop(): void;
}

/** Nobody waits on after the run is cancelled. */
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
    `The cluster could no longer be watched, so nothing can be said of the release: ${said}`,
    'See whether the API server is reachable and the credentials are still valid, then run the job again.',
    { cause: error },
  );
}

interface Timer {
  /** Rings at `until` or before. One that is set for an earlier moment stays: changes come by the thousand. */
  ringBy(until: number): void;
  stop(): void;
}

/** Calls `ring` when the time has come, and at once when the run is cancelled. */
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
