/**
 * Requests at a fixed schedule (an open loop): whether the service answers or not, the next one is due when it is due. Each is timed
 * from its intended start, so that a stall shows in every request it would have hit; a client that waits for the answer before
 * it asks again sees a stall of two seconds as a single slow request (coordinated omission, G. Tene, 2013).
 */
import { setImmediate as letGo, setTimeout as sleep } from 'node:timers/promises';
import type { LatencySample, Schedule } from '../domain/smoke/latency/latency.ts';

/**
 * Sends one request; true if the answer is the expected one, else what it got: `status 503`. An error that it throws is a request
 * without a good answer too.
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
 * Until then, or until the signal. Also when late: answers are read only when this loop lets go. A timer of Node may fire up to
 * a millisecond early: a fast answer would have come before its request was due.
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

/** Never rejects. A call that does not heed its signal is left behind at its timeout, and its turn passed on. */
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

/** So many at a time, first come, first served. */
class Turns {
  private free: number;
  private readonly waiting = new Set<() => void>();

  constructor(free: number) {
    this.free = free;
  }

  /** What gives the turn back; undefined if the signal came first. */
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
        // A turn that was passed to it at the same moment stays its own.
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
