import type { DatabaseFindings, DatabaseTargets } from '../domain/smoke/databases/protocols.ts';
import type { ProbeLimits } from '../domain/smoke/http/connection.ts';
import type { HttpAnswer, HttpRequest, HttpTarget } from '../domain/smoke/http/http-answer.ts';
import type { LatencyMeasurement, Schedule } from '../domain/smoke/latency/latency.ts';
import type { DatabaseKind } from '../domain/smoke/report.ts';

/** The probe function of each database protocol. */
export type DatabaseProbes = {
  readonly [Kind in DatabaseKind]: (
    target: DatabaseTargets[Kind],
    limits: ProbeLimits,
  ) => Promise<DatabaseFindings[Kind]>;
};

/** The calls that smoke tests make: every problem is a finding; they throw only when the run is stopped. */
export interface ProbesPort {
  callHttp(call: HttpTarget & HttpRequest, limits: ProbeLimits): Promise<HttpAnswer>;
  /** Calls by a fixed schedule; `kept` connections are opened before it, for a route whose own cost is measured too. */
  measure(
    call: HttpTarget & HttpRequest,
    schedule: Schedule,
    options: {
      readonly failureIn: (answer: HttpAnswer) => string | undefined;
      readonly kept?: number;
      readonly signal: AbortSignal;
    },
  ): Promise<LatencyMeasurement>;
  readonly databases: DatabaseProbes;
}
