/** What a deployment asked of the API server, counted from the audit log. */
import type { AuditedRequest } from './audit-log.ts';

export interface RequestCounts {
  readonly total: number;
  /** Dry-runs and writes of the overlay's objects: of all, and the most that one object had. */
  readonly dryRuns: number;
  readonly dryRunsOfOne: number;
  readonly writes: number;
  readonly writesOfOne: number;
  /** Dry-runs of Pods made from changed templates (pod security, quota and webhooks see pods only). */
  readonly podDryRuns: number;
  /** Writes of the release record and of the Lease. */
  readonly records: number;
  readonly reads: number;
  /** Requests while the rollout was watched that were the same as one before: polling. Lease renewals are not reads. */
  readonly repeatedReads: number;
  /** By verb and resource, `list pods`. */
  readonly byKind: Readonly<Record<string, number>>;
}

const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

export function countRequests(
  requests: readonly AuditedRequest[],
  rollout: { readonly startedAt: number; readonly finishedAt: number },
): RequestCounts {
  const reads = requests.filter(({ verb }) => readVerbs.has(verb));
  const changing = requests.filter(({ verb, resource }) => !readVerbs.has(verb) && !isReview(resource));
  const records = changing.filter((request) => isOwn(request));
  const [pods, objects] = divide(
    changing.filter((request) => !isOwn(request)),
    ({ resource }) => resource === 'pods',
  );
  const [dryRuns, writes] = divide(objects, isDryRun);
  return {
    total: requests.length,
    dryRuns: dryRuns.length,
    dryRunsOfOne: maxOfOne(dryRuns, ({ resource, namespace, name }) => `${resource}/${namespace}/${name}`),
    writes: writes.length,
    writesOfOne: maxOfOne(writes, ({ resource, namespace, name }) => `${resource}/${namespace}/${name}`),
    podDryRuns: pods.length,
    records: records.length,
    reads: reads.length,
    repeatedReads: repeats(
      reads.filter(({ receivedAt }) => receivedAt >= rollout.startedAt && receivedAt <= rollout.finishedAt),
    ),
    byKind: Object.fromEntries(tally(requests, ({ verb, resource }) => `${verb} ${resource}`)),
  };
}

function isReview(resource: string): boolean {
  return resource.endsWith('reviews');
}

/** The Lease and the Secrets of the release record. */
function isOwn({ resource, name, requestURI }: AuditedRequest): boolean {
  if (resource === 'leases') return true;
  return resource === 'secrets' && (name === '' || name.startsWith('orion-')) && !/dryRun/.test(requestURI);
}

function isDryRun({ requestURI }: AuditedRequest): boolean {
  return requestURI.includes('dryRun=All');
}

function repeats(requests: readonly AuditedRequest[]): number {
  return requests.length - new Set(requests.map(({ requestURI }) => requestURI)).size;
}

function maxOfOne(requests: readonly AuditedRequest[], keyOf: (request: AuditedRequest) => string): number {
  return Math.max(0, ...tally(requests, keyOf).values());
}

function tally(
  requests: readonly AuditedRequest[],
  keyOf: (request: AuditedRequest) => string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const request of requests) counts.set(keyOf(request), (counts.get(keyOf(request)) ?? 0) + 1);
  return counts;
}

function divide<T>(all: readonly T[], belongs: (one: T) => boolean): [T[], T[]] {
  return [all.filter(belongs), all.filter((one) => !belongs(one))];
}
