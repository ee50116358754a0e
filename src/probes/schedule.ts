/**
 * Requests at a fixed schedule (an open loop): the next one is due at its time, whether the service responds or not.
 * Each is timed from its intended start, so that a stall affects every request due during it; a client that waits for
 * each response sees a stall of two seconds as a single slow request (coordinated omission, G. Tene, 2013).
 */
import { setImmediate as letGo, setTimeout as sleep } from 'node:timers/promises';
import type { LatencySample, Schedule } from '../domain/smoke/latency/latency.ts';

/**
 * Sends one request; true if the response is as expected, else what it was: `status 503`. A thrown error counts as a
 * failed request too.
 */
export type Call = (signal: AbortSignal) => Promise<true | string>;

/**
 * Runs the schedule and returns one sample per request, in order of their intended starts; over within
 * `requests / rate` seconds and one `timeout`. Throws the signal's reason when it is aborted.
 */
export async function runSchedule(
  call: Call,
  schedule: Schedule,
  signal: AbortSignal,
): Promise<readonly LatencySample[]> {
  const turns = new Turns(schedule.maxInFlight);
  const start = performance.now();
  const samples: Promise<LatencySample>[] = [];
  for (let index = 0; index < schedule.requests && !signal.aborted; index += 1) {
    const intended = start + (index * 1000) / schedule.rate;
    await until(intended, signal);
    const lag = Math.max(0, performance.now() - intended);
    samples.push(timed(call, { intended, lag, timeout: schedule.timeout }, turns, signal));
  }
  const all = await Promise.all(samples);
  signal.throwIfAborted();
  return all;
}

/**
 * Waits until then, or until the signal. Yields even if late: responses are read only when this loop yields. A timer
 * of Node may fire up to a millisecond early: a fast response would arrive before its request was due.
 */
async function until(time: number, signal: AbortSignal): Promise<void> {
  const early = time - performance.now();
  if (early > 0) await sleep(early, undefined, { signal }).catch(() => undefined);
  do await letGo();
  while (performance.now() < time && !signal.aborted);
}

interface Due {
  readonly intended: number;
  readonly lag: number;
  readonly timeout: number;
}

/** Never rejects. A call that ignores its signal is abandoned at its timeout, and its slot passed on. */
async function timed(call: Call, due: Due, turns: Turns, signal: AbortSignal): Promise<LatencySample> {
  const { intended, lag, timeout } = due;
  const expiry = new AbortController();
  const ends = AbortSignal.any([expiry.signal, signal]);
  const timer = setTimeout(() => expiry.abort(), Math.max(0, intended + timeout - performance.now()));
  const given = new Promise<string>((resolve) =>
    ends.addEventListener('abort', () => resolve(overdue), { once: true }),
  );
  const release = await turns.take(ends);
  const sent = release !== undefined && !ends.aborted;
  const got = sent ? await Promise.race([attempt(call, ends), given]) : overdue;
  const milliseconds = performance.now() - intended;
  clearTimeout(timer);
  release?.();
  if (milliseconds > timeout) return { milliseconds, ok: false, got: overdue, lag };
  return { milliseconds, ok: got === true, ...(got === true ? {} : { got }), lag };
}

const overdue = 'timeout';

function attempt(call: Call, signal: AbortSignal): Promise<true | string> {
  return Promise.resolve()
    .then(() => call(signal))
    .catch(() => 'broken connection');
}

/** A semaphore, first come, first served. */
class Turns {
  private free: number;
  private readonly waiting = new Set<() => void>();

  constructor(free: number) {
    this.free = free;
  }

  /** Resolves to the function that releases the slot; undefined if the signal came first. */
  async take(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.free > 0) this.free -= 1;
    else if (!(await this.next(signal))) return undefined;
    return () => this.pass();
  }

  private next(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const go = (): void => resolve(true);
      this.waiting.add(go);
      const leave = (): void => {
        // A slot that was passed to it at the same moment is kept.
        if (this.waiting.delete(go)) resolve(false);
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  private pass(): void {
    const [first] = this.waiting;
    if (first === undefined) {
      this.free += 1;
      return;
    }
    this.waiting.delete(first);
    first();
  }
}
