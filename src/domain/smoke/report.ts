/** What one smoke test found, with its evidence. Log, summary, annotations, JUnit and `result` are made from it. */
import type { Reason } from '../failure/reasons.ts';
import type { ObjectReference } from '../kubernetes/objects.ts';
import type { FieldPath } from '../kubernetes/source-location.ts';

/** `inconclusive`: neither proven good nor bad (too few samples, nothing to reach it by); it is never counted as passed. */
export const smokeOutcomes = ['passed', 'failed', 'skipped', 'inconclusive'] as const;
/** What came of a smoke test. `inconclusive`: nothing could answer it from here, and that fails nothing. */
export type SmokeOutcome = (typeof smokeOutcomes)[number];

/** The protocols of databases; `src/domain/smoke/databases/protocols.ts` says what each is. */
export const databaseKinds = ['postgres', 'redis', 'mysql'] as const;
/** A database protocol, as reports and orion.yaml name it. */
export type DatabaseKind = (typeof databaseKinds)[number];

/** Whether a kind of test, or a word of orion.yaml, is a database protocol. */
export function isDatabaseKind(word: string): word is DatabaseKind {
  return (databaseKinds as readonly string[]).includes(word);
}

export const smokeKinds = [
  ...databaseKinds,
  'pods',
  'health',
  'readiness',
  'service',
  'journey',
  'latency',
] as const;
/** What a smoke test checks; a database test has the name of its protocol. */
export type SmokeKind = (typeof smokeKinds)[number];

/** How an address was reached, most trusted first. */
export const routes = [
  'direct',
  'port-forward',
  'cluster-job',
  'load-balancer',
  'ingress',
  'gateway',
  'cluster-ip',
  'api-proxy',
] as const;
/** How a test reached its target. */
export type Route = (typeof routes)[number];

/** A figure with its 95 % confidence interval; bounds are absent where the samples do not give one. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** Response times in milliseconds, measured from the intended start of each request. */
export interface LatencyReport {
  readonly requests: number;
  readonly errors: number;
  /** Requests per second of the schedule. */
  readonly rate: number;
  readonly p50?: Estimate;
  readonly p95?: Estimate;
  readonly p99?: Estimate;
  readonly worst?: number;
  /** Share of requests without a good answer, 0 to 1. */
  readonly errorRate: Estimate;
  /** How many requests got what in place of a good answer: `connection reset`, `status 503`. */
  readonly failures?: Readonly<Record<string, number>>;
  /** What the way to the endpoint itself costs (p95 of trivial round trips), milliseconds; absent where it costs nothing. */
  readonly way?: number;
  /** Milliseconds that p95 may not exceed. */
  readonly threshold: number;
  /** What p95 was in an earlier release, milliseconds. */
  readonly before?: { readonly release: string; readonly p95: number };
  /** How much later than intended the busiest moment of our own machine let a request go, milliseconds. */
  readonly lag?: number;
}

/** The report on one smoke test, after all its tries. */
export interface SmokeReport {
  /** Unique in a run and the same in the next: `auth/readiness/pod auth-6f7c9-abcde :8080/ready`. */
  readonly id: string;
  /** What a person calls it: `auth`, `postgres`, the name of a journey. */
  readonly subject: string;
  readonly kind: SmokeKind;
  readonly outcome: SmokeOutcome;
  /** Absent when it passed. */
  readonly reason?: Reason;
  /** One sentence: "answered 503 instead of 200". Untrusted text in it is masked, and escaped where it is printed. */
  readonly message: string;
  /** Absent when it passed, or where there is nothing to advise. */
  readonly remedy?: string;
  /** 1: the first try decided. More is shown. */
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** `http://auth.shop:8080/ready`, `postgres://postgres.shop:5432/shop`; never with a password. */
  readonly address: string;
  readonly route?: Route;
  readonly pod?: string;
  /** HTTP status of the last try. */
  readonly status?: number;
  /** Of the last try alone. */
  readonly milliseconds?: number;
  /** The first 200 characters of an answer that was not the expected one, masked. */
  readonly body?: string;
  /** Names and values worth knowing: server version, connections used, role. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly latency?: LatencyReport;
  /** What to look at, the workload first; annotations point at `field` of it. */
  readonly objects: readonly ObjectReference[];
  readonly field?: FieldPath;
}

/** How many there are of each outcome. */
export function countOutcomes(reports: readonly SmokeReport[]): Readonly<Record<SmokeOutcome, number>> {
  const count = (outcome: SmokeOutcome): number => reports.filter((one) => one.outcome === outcome).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    inconclusive: count('inconclusive'),
  };
}
