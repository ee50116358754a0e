import type { PostgresFinding } from '../domain/smoke/databases/postgres.ts';
import type { RedisFinding } from '../domain/smoke/databases/redis.ts';
import type { ProbeLimits } from '../domain/smoke/http/connection.ts';
import type { HttpAnswer, HttpRequest, HttpTarget } from '../domain/smoke/http/http-answer.ts';
import type { LatencyMeasurement, Schedule } from '../domain/smoke/latency/latency.ts';
import type { PostgresTarget, RedisTarget } from '../domain/smoke/tests/probe.ts';

/** The calls that smoke tests make: what is not as it should be is a finding; they throw only when the run is stopped. */
export interface ProbesPort {
  callHttp(call: HttpTarget & HttpRequest, limits: ProbeLimits): Promise<HttpAnswer>;
  /** Calls by a fixed schedule; `kept` connections are opened before it, for a way whose own cost is measured too. */
  measure(
    call: HttpTarget & HttpRequest,
    schedule: Schedule,
    options: {
      readonly failureIn: (answer: HttpAnswer) => string | undefined;
      readonly kept?: number;
      readonly signal: AbortSignal;
    },
  ): Promise<LatencyMeasurement>;
  postgres(target: PostgresTarget, limits: ProbeLimits): Promise<PostgresFinding>;
  redis(target: RedisTarget, limits: ProbeLimits): Promise<RedisFinding>;
}
