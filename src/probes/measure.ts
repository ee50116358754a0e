import type { HttpAnswer, HttpRequest, HttpTarget } from '../domain/smoke/http-answer.ts';
import type { LatencySample, Schedule } from '../domain/smoke/latency.ts';
import { openHttp } from './http.ts';
import { runSchedule } from './schedule.ts';

/** Calls one endpoint by a schedule over kept-alive connections; throws the signal's reason when it is aborted. */
export async function measureHttp(
  call: HttpTarget & HttpRequest,
  schedule: Schedule,
  isGood: (answer: HttpAnswer) => boolean,
  signal: AbortSignal,
): Promise<readonly LatencySample[]> {
  const session = await openHttp(call);
  const ask = async (ends: AbortSignal): Promise<boolean> =>
    isGood(await session.call(call, { deadline: schedule.timeout, signal: ends }));
  try {
    return await runSchedule(ask, schedule, signal);
  } finally {
    await session.close();
  }
}
