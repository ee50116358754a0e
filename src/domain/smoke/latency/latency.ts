/**
 * Response times of a fixed schedule as quantiles with intervals, and what they say of `max-latency`.
 *
 * Intervals of quantiles are the distribution-free ones between two order statistics (Hahn and Meeker, Statistical
 * Intervals, 1991, 5.2): nothing is assumed about the distribution, but the requests are assumed to be independent.
 * Under a stall they are not, and the interval is then narrower than it should be; a stall is still seen, because
 * every request counts from its intended start.
 */
import { gammaln } from 'simple-statistics';
import type { Reason } from '../../failure/reasons.ts';
import type { Estimate, LatencyReport, SmokeOutcome } from '../report.ts';
import { countFailures, failureWords } from './latency-failures.ts';

/** One request of the schedule. Times are milliseconds. */
export interface LatencySample {
  /** From the intended start to the response, or to the timeout. */
  readonly milliseconds: number;
  /** False: no response in time, or not the expected one. */
  readonly ok: boolean;
  /** The kind of failure: `connection reset`, `status 503`. */
  readonly got?: string;
  /** How much later than intended we sent it; not caused by the service. */
  readonly lag: number;
}

/**
 * One sample per request of the schedule; `control` has trivial round trips that measure the overhead of the route,
 * if it has any.
 */
export interface LatencyMeasurement {
  readonly samples: readonly LatencySample[];
  readonly control?: readonly LatencySample[];
}

/** Times are milliseconds. */
export interface Schedule {
  readonly requests: number;
  /** Requests per second. */
  readonly rate: number;
  /** Maximum number of pending requests; further ones wait for a slot, which counts towards their time. */
  readonly maxInFlight: number;
  /** From the intended start; then the request is given up, even if not sent. */
  readonly timeout: number;
}

interface LatencyTerms {
  /** Requests per second of the schedule. */
  readonly rate: number;
  /** Milliseconds that p95 may not exceed. */
  readonly threshold: number;
}

/** Chance left on each side of a 95 % interval. */
const tail = 0.025;
/** The normal distribution's 97.5 % quantile; `probit` of simple-statistics is off in the third digit. */
const z = 1.959964;

/**
 * Minimum number of requests for the interval of a quantile to have an upper end: with fewer, even the slowest of
 * them may lie below the quantile. 6 for p50, 72 for p95, 368 for p99.
 */
export function samplesNeeded(quantile: number): number {
  return Math.ceil(Math.log(tail) / Math.log(Math.max(quantile, 1 - quantile)) - 1e-9);
}

/** P(X = k) for k = 0…n, X binomial. By logarithms: the plain product is 0 already for a thousand trials. */
function binomial(trials: number, probability: number): number[] {
  const constant = gammaln(trials + 1);
  return Array.from({ length: trials + 1 }, (_, k) =>
    Math.exp(
      constant -
        gammaln(k + 1) -
        gammaln(trials - k + 1) +
        k * Math.log(probability) +
        (trials - k) * Math.log1p(-probability),
    ),
  );
}

/**
 * The ranks (1 is the fastest) between which a quantile lies with at least 95 %, at most 2.5 % on either side; a rank is absent where
 * there are too few samples. The number of samples below the quantile is binomial.
 */
export function quantileRanks(samples: number, quantile: number): { low?: number; high?: number } {
  const chances = binomial(samples, quantile);
  let below = 0;
  let low = 0;
  // The largest rank with P(X < rank) ≤ tail.
  while (low < samples && below + (chances[low] ?? 0) <= tail) below += chances[low++] ?? 0;
  let above = 0;
  let high = samples + 1;
  // The smallest rank with P(X ≥ rank) ≤ tail.
  while (high > 1 && above + (chances[high - 1] ?? 0) <= tail) above += chances[--high] ?? 0;
  return { ...(low >= 1 ? { low } : {}), ...(high <= samples ? { high } : {}) };
}

/** The value of that rank; undefined if it is a failed request, which counts as infinitely slow. */
function ofRank(good: readonly number[], rank: number | undefined): number | undefined {
  return rank === undefined ? undefined : good[rank - 1];
}

function quantileOf(good: readonly number[], samples: number, quantile: number): Estimate | undefined {
  // The nearest rank: 0.95 × 300 is a little more than 285 in floating point.
  const value = ofRank(good, Math.max(1, Math.ceil(samples * quantile - 1e-9)));
  if (value === undefined) return undefined;
  const ranks = quantileRanks(samples, quantile);
  const [low, high] = [ofRank(good, ranks.low), ofRank(good, ranks.high)];
  return {
    value,
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
  };
}

/**
 * A share with Wilson's score interval (1927), which is valid for few samples and shares near 0 too. Without samples:
 * 0 to 1.
 */
export function shareOf(hits: number, samples: number): Required<Estimate> {
  if (samples === 0) return { value: 0, low: 0, high: 1 };
  const value = hits / samples;
  const scale = 1 + z ** 2 / samples;
  const centre = (value + z ** 2 / (2 * samples)) / scale;
  const half = (z / scale) * Math.sqrt((value * (1 - value)) / samples + z ** 2 / (4 * samples ** 2));
  return {
    value,
    low: hits === 0 ? 0 : Math.max(0, centre - half),
    high: hits === samples ? 1 : Math.min(1, centre + half),
  };
}

const byValue = (one: number, other: number): number => one - other;

/**
 * Quantiles over all requests: a failed one counts as slower than any other, or a service that refuses at once would
 * look fast. A quantile that falls on such a request is left out.
 */
export function latencyReport(
  { samples, control = [] }: LatencyMeasurement,
  terms: LatencyTerms,
): LatencyReport {
  const good = samples.filter(({ ok }) => ok).map(({ milliseconds }) => milliseconds);
  good.sort(byValue);
  const errors = samples.length - good.length;
  const quantiles = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
  const found = Object.entries(quantiles).flatMap(([name, quantile]) => {
    const estimate = quantileOf(good, samples.length, quantile);
    return estimate === undefined ? [] : [[name, estimate] as const];
  });
  const way = quantileOf(control.map(({ milliseconds }) => milliseconds).sort(byValue), control.length, 0.95);
  const worst = samples.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0);
  return {
    requests: samples.length,
    errors,
    rate: terms.rate,
    ...Object.fromEntries(found),
    ...(samples.length === 0 ? {} : { worst }),
    errorRate: shareOf(errors, samples.length),
    ...(errors === 0 ? {} : { failures: countFailures(samples) }),
    ...(way === undefined ? {} : { way: way.value }),
    threshold: terms.threshold,
    lag: samples.reduce((most, { lag }) => Math.max(most, lag), 0),
  };
}

interface LatencyVerdict {
  readonly outcome: Exclude<SmokeOutcome, 'skipped'>;
  readonly reason?: Reason;
  /** One sentence without a full stop. */
  readonly message: string;
  readonly remedy?: string;
}

/** Share of requests that may fail. */
const maxErrorShare = 0.01;

/**
 * Failed and passed only if the interval is conclusive: - failed: more than 1 % of the requests fail (low end of the
 * interval), or all of p95's interval lies above the threshold, also when our own worst delay in sending is taken off
 * (a runner that was busy is no fault of the service);
 * - passed: all of p95's interval lies at or below it; too few requests have no upper end and never pass;
 * - inconclusive: anything else.
 *
 * `by` is a route that costs time and loses requests itself, `port-forward`: over such a route nothing fails.
 */
export function judgeLatency(report: LatencyReport, by?: string): LatencyVerdict {
  const { requests, errorRate, p95, threshold, lag = 0 } = report;
  if (requests === 0) return inconclusive('no request was sent', 'Give the test more time.');
  if (by !== undefined) return judgeByWay(report, by);
  if ((errorRate.low ?? 0) > maxErrorShare) {
    return {
      outcome: 'failed',
      reason: 'too-many-failed-requests',
      message: `${failedWords(report)}, at least ${percent(errorRate.low ?? 0)} of all (95 % confidence)`,
      remedy: 'Check the log of the pods at the time of the test; at this rate they refuse or drop requests.',
    };
  }
  const said = p95 === undefined ? 'p95 has no answer' : `p95 is ${estimateWords(p95)}`;
  const of = `${said} of ${requests} requests, max-latency is ${milliseconds(threshold)}`;
  if (p95?.low !== undefined && p95.low - lag > threshold) {
    return {
      outcome: 'failed',
      reason: 'too-slow',
      message: of,
      remedy:
        'Find out what the service waits for (database, CPU limit, a cold cache), or raise max-latency.',
    };
  }
  if (p95?.high !== undefined && p95.high <= threshold) return { outcome: 'passed', message: of };
  const needed = samplesNeeded(0.95);
  if (requests < needed)
    return inconclusive(
      `${of}; too few to tell, p95 needs ${needed}`,
      `Configure the test to send at least ${needed} requests.`,
    );
  if (p95?.low !== undefined && p95.low > threshold)
    return inconclusive(
      `${of}; this machine sent requests up to ${milliseconds(lag)} late`,
      'Run it again on a machine that is less busy.',
    );
  return inconclusive(`${of}; too close to tell`, 'Send more requests, or raise max-latency.');
}

/** Good figures are valid whatever the route added; all others may be caused by the route. */
function judgeByWay(report: LatencyReport, by: string): LatencyVerdict {
  const { requests, errors, errorRate, p95, way, threshold } = report;
  const said = p95 === undefined ? 'p95 has no answer' : `p95 is ${estimateWords(p95)}`;
  const cost = way === undefined ? '' : `, of which the way itself costs about ${milliseconds(way)}`;
  const isFast = p95?.high !== undefined && p95.high <= threshold;
  if (isFast && (errorRate.low ?? 0) <= maxErrorShare) {
    return {
      outcome: 'passed',
      message: `${said} of ${requests} requests by ${by}${cost}, max-latency is ${milliseconds(threshold)}`,
    };
  }
  const failed = errors === 0 ? '' : `${failedWords(report)}; `;
  return {
    outcome: 'inconclusive',
    reason: 'latency-not-judged',
    message: `${failed}${said} by ${by}${cost}: not judged`,
    remedy: 'Measure with the probe inside the cluster: see smoke-image.',
  };
}

/** `54 of 120 requests failed: 40 × connection reset, 14 × timeout`. */
function failedWords({ errors, requests, failures = {} }: LatencyReport): string {
  return `${errors} of ${requests} requests failed: ${failureWords(failures)}`;
}

function inconclusive(message: string, remedy: string): LatencyVerdict {
  return { outcome: 'inconclusive', reason: 'too-few-samples', message, remedy };
}

/** `212 ms (198 to 240 ms)`, `212 ms (198 ms or more)`. */
export function estimateWords({ value, low, high }: Estimate): string {
  if (low === undefined && high === undefined) return milliseconds(value);
  if (low === undefined) return `${milliseconds(value)} (at most ${milliseconds(high ?? value)})`;
  if (high === undefined) return `${milliseconds(value)} (${milliseconds(low)} or more)`;
  return `${milliseconds(value)} (${milliseconds(low).replace(' ms', '')} to ${milliseconds(high)})`;
}

/** Three digits, or all that stand before the point. */
function milliseconds(value: number): string {
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ms`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
