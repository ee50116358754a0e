/** What the probe in the cluster is asked, and what it finds: the two sides of one Job. Pure. */
import type { AnswerExpectations } from '../configuration.ts';
import type { DatabaseFindings, DatabaseTargets } from '../databases/protocols.ts';
import type { HttpAnswer, HttpRequest, HttpTarget } from '../http/http-answer.ts';
import type { LatencySample, Schedule } from '../latency/latency.ts';
import type { DatabaseKind } from '../report.ts';

/** Both sides must speak the same; an image of another version says so and is not used. */
export const probeProtocol = 1;

type HttpCall = HttpTarget & HttpRequest;

/** One database, asked by its protocol. `deadline` is milliseconds for all of it, connecting included. */
export type DatabaseRequest<Kind extends DatabaseKind = DatabaseKind> = {
  readonly [One in Kind]: {
    readonly what: One;
    readonly target: DatabaseTargets[One];
    readonly deadline: number;
  };
}[Kind];

/** One request to the probe; `deadline` in milliseconds. Requests and findings are in the same order. */
export type ProbeRequest =
  | { readonly what: 'http'; readonly call: HttpCall; readonly deadline: number }
  | DatabaseRequest
  | {
      readonly what: 'latency';
      readonly call: HttpCall;
      readonly schedule: Schedule;
      readonly expect: AnswerExpectations;
    };

/** What is found by each kind of request. Everything in it is untrusted. */
export interface Findings extends DatabaseFindings {
  readonly http: HttpAnswer;
  readonly latency: readonly LatencySample[];
}

/** The finding of a request of the same `what`. */
export type ProbeFinding = {
  readonly [What in keyof Findings]: { readonly what: What; readonly finding: Findings[What] };
}[keyof Findings];

/** The content of the Job's Secret. `token` is unguessable and begins each line of the log that is ours. */
export interface ProbeOrder {
  readonly protocol: number;
  readonly token: string;
  readonly requests: readonly ProbeRequest[];
}

/** Single calls that the probe makes at the same time. */
export const probedAtOnce = 50;

/** Endpoints that are measured at the same time: more would measure the machine that measures. */
export const measuredAtOnce = 4;

/** Milliseconds that these requests take at the most, once the probe runs: single calls first, then the measurements. */
export function maxWork(requests: readonly ProbeRequest[]): number {
  const calls = requests.flatMap((one) => (one.what === 'latency' ? [] : [one.deadline]));
  const measures = requests.flatMap((one) =>
    one.what === 'latency' ? [(one.schedule.requests / one.schedule.rate) * 1000 + one.schedule.timeout] : [],
  );
  return (
    Math.ceil(calls.length / probedAtOnce) * Math.max(0, ...calls) +
    Math.ceil(measures.length / measuredAtOnce) * Math.max(0, ...measures)
  );
}

/** Headers whose values are credentials. */
const credentialHeader = /authorization|cookie|token|secret|password|api-?key/i;

/** What a request carries that must not stand in any log: passwords, and header values that are credentials. */
export function secretsOf(request: ProbeRequest): readonly string[] {
  const found =
    'target' in request
      ? [request.target.password]
      : Object.entries(request.call.headers ?? {}).map(([name, value]) =>
          credentialHeader.test(name) ? value : undefined,
        );
  return found.filter((text) => text !== undefined && text !== '') as readonly string[];
}
