/** Response times of a release, kept in its record for comparison with the next one. Pure. */
import type { RecordedLatency, ReleaseHead } from '../../release/record.ts';
import type { Route, SmokeReport } from '../report.ts';

/** Limits the size of a record: enough for a hundred endpoints. */
const most = 100;

/** The part of these that a record keeps; undefined if nothing was measured. */
export function recordedLatencies(reports: readonly SmokeReport[]): readonly RecordedLatency[] | undefined {
  const measured = reports.flatMap(({ id, latency, route }) => {
    if (latency === undefined || !isComparable(route)) return [];
    const { requests, p50, p95, p99 } = latency;
    const quantiles = Object.entries({ p50, p95, p99 }).flatMap(([name, estimate]) =>
      estimate === undefined ? [] : [[name, tenth(estimate.value)] as const],
    );
    return [{ id, requests, ...Object.fromEntries(quantiles) }];
  });
  return measured.length === 0 ? undefined : measured.slice(0, most);
}

/** The overhead of a port-forward or a proxy is not part of the release. */
function isComparable(route: Route | undefined): boolean {
  return route !== 'port-forward' && route !== 'api-proxy';
}

function tenth(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** The measurements of the deployed release that this one is compared with. */
export interface Baseline {
  /** `orion-shop-12` */
  readonly release: string;
  readonly latencies: readonly RecordedLatency[];
}

interface Recorded {
  readonly name: string;
  readonly head: Pick<ReleaseHead, 'status' | 'latencies'>;
}

/**
 * The baseline of the newest deployed release with measured response times, except `own`. Releases are newest first.
 */
export function baselineOf(releases: readonly Recorded[], own: string | undefined): Baseline | undefined {
  for (const { name, head } of releases) {
    if (name === own || head.status !== 'deployed' || head.latencies === undefined) continue;
    return { release: name, latencies: head.latencies };
  }
  return undefined;
}

/** Each measurement with its baseline. Informational only: a different runner may have a different network distance. */
export function compared(
  reports: readonly SmokeReport[],
  baseline: Baseline | undefined,
): readonly SmokeReport[] {
  if (baseline === undefined) return reports;
  const before = new Map(baseline.latencies.map((one) => [one.id, one.p95]));
  return reports.map((report) => {
    const p95 = before.get(report.id);
    if (report.latency === undefined || p95 === undefined || !isComparable(report.route)) return report;
    return { ...report, latency: { ...report.latency, before: { release: baseline.release, p95 } } };
  });
}
