import type { HttpAnswer, HttpRequest, HttpTarget } from '../domain/smoke/http/http-answer.ts';
import type { LatencyMeasurement, Schedule } from '../domain/smoke/latency/latency.ts';
import { type HttpSession, openHttp } from './http.ts';
import { runSchedule } from './schedule.ts';

interface MeasureOptions {
  /** Describes a response that is not as expected: `status 503`; undefined if it is. */
  readonly failureIn: (answer: HttpAnswer) => string | undefined;
  /**
   * For a route that costs time itself (a port-forward): this many connections are opened before the first request is
   * due and kept, and a trivial round trip on them is measured too.
   */
  readonly kept?: number;
  readonly signal: AbortSignal;
}

/** Calls one endpoint by a schedule over kept-alive connections; throws the signal's reason when it is aborted. */
export async function measureHttp(
  call: HttpTarget & HttpRequest,
  schedule: Schedule,
  { failureIn, kept, signal }: MeasureOptions,
): Promise<LatencyMeasurement> {
  const session = await openHttp(call, kept);
  const ask = async (ends: AbortSignal): Promise<true | string> =>
    failureIn(await session.call(call, { deadline: schedule.timeout, signal: ends })) ?? true;
  try {
    const control = kept === undefined ? undefined : await roundTrips(session, schedule, kept, signal);
    const samples = await runSchedule(ask, schedule, signal);
    return control === undefined ? { samples } : { samples, control };
  } finally {
    await session.close();
  }
}

/**
 * `OPTIONS *` is about the server and no resource of it, "only useful as a ping or no-op" (RFC 9110, 9.3.7): whatever
 * the status, the time is that of the route. Empty if a server does not respond to it.
 */
async function roundTrips(
  session: HttpSession,
  { rate, timeout, maxInFlight }: Schedule,
  kept: number,
  signal: AbortSignal,
): Promise<LatencyMeasurement['samples']> {
  const ping = async (ends: AbortSignal): Promise<true | string> => {
    const { error } = await session.call(
      { method: 'OPTIONS', path: '*' },
      { deadline: timeout, signal: ends },
    );
    return error?.kind ?? true;
  };
  // All at once, so that each opens its own connection.
  await Promise.all(Array.from({ length: kept }, () => ping(signal)));
  const samples = await runSchedule(ping, { requests: 3 * kept, rate, timeout, maxInFlight }, signal);
  return samples.filter(({ ok }) => ok);
}
