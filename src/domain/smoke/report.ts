/** The result of one smoke test, with its evidence; the source of log, summary, annotations, JUnit and `result`. */
import type { Reason } from '../failure/reasons.ts';
import type { ObjectReference } from '../kubernetes/objects.ts';
import type { FieldPath } from '../kubernetes/source-location.ts';

/** `inconclusive`: neither passed nor failed (too few samples, no route to it); it is never counted as passed. */
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

/** The route to an address, most trusted first. */
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

/** A figure with its 95 % confidence interval; a bound is absent if the samples do not determine it. */
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
  /** Share of failed requests, 0 to 1. */
  readonly errorRate: Estimate;
  /** Number of failed requests per kind of failure: `connection reset`, `status 503`. */
  readonly failures?: Readonly<Record<string, number>>;
  /** The overhead of the route to the endpoint (p95 of trivial round trips), milliseconds; absent if it has none. */
  readonly way?: number;
  /** Milliseconds that p95 may not exceed. */
  readonly threshold: number;
  /** What p95 was in an earlier release, milliseconds. */
  readonly before?: { readonly release: string; readonly p95: number };
  /** The maximum delay with which our own machine sent a request, milliseconds. */
  readonly lag?: number;
}

/** The report on one smoke test, after all its tries. */
export interface SmokeReport {
  /** Unique in a run and the same in the next: `auth/readiness/pod auth-6f7c9-abcde :8080/ready`. */
  readonly id: string;
  /** Its display name: `auth`, `postgres`, the name of a journey. */
  readonly subject: string;
  readonly kind: SmokeKind;
  readonly outcome: SmokeOutcome;
  /** Absent when it passed. */
  readonly reason?: Reason;
  /** One sentence: "answered 503 instead of 200". Untrusted text in it is masked, and escaped when it is printed. */
  readonly message: string;
  /** Absent when it passed, or where there is nothing to advise. */
  readonly remedy?: string;
  /** 1: the first attempt decided. Higher numbers are shown. */
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** `http://auth.shop:8080/ready`, `postgres://postgres.shop:5432/shop`; never with a password. */
  readonly address: string;
  readonly route?: Route;
  readonly pod?: string;
  /** HTTP status of the last attempt. */
  readonly status?: number;
  /** Of the last attempt only. */
  readonly milliseconds?: number;
  /** The first 200 characters of an unexpected response, masked. */
  readonly body?: string;
  /** Additional facts: server version, connections used, role. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly latency?: LatencyReport;
  /** The objects concerned, the workload first; annotations point at its `field`. */
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
