import type { Run } from '../run/context.ts';

export interface Alarm {
  /** Rings at `until` or before. One that is set for an earlier moment stays: changes come by the thousand. */
  ringBy(until: number): void;
  stop(): void;
}

/** Calls `ring` when the time has come, and at once when the run is cancelled. */
export function alarmOf({ clock, signal }: Pick<Run, 'clock' | 'signal'>, ring: () => void): Alarm {
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
