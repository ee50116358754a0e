/** Reads errors from pods' logs: incrementally in each round, also of ended runs, never a whole log at once. */
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { firstLine, type LineContext, readLine } from '../../domain/logs/error-entries.ts';
import type { ErrorCount } from '../../domain/logs/error-rates.ts';
import { type ErrorTally, noErrors, withError } from '../../domain/logs/error-tally.ts';
import { type ContainerView, containersOf } from '../../domain/status/built-in/containers.ts';
import type { ClusterPort } from '../../ports/cluster.ts';

/** Maximum that a round reads of one container: pages of this many bytes. */
const pageBytes = 256 * 1024;
const maxPages = 8;
const atOnce = 6;

/** The position in one container's log. */
interface Place {
  context: LineContext;
  /** The time of the last line read; lines of that second are read again. */
  last: string;
  /** Start time; absent: from the beginning. */
  since: string | undefined;
  restarts: number;
  /** There is more than was read. */
  behind: boolean;
  /** It has been read at least once. */
  readable: boolean;
}

interface PodPlace {
  readonly from: number;
  until: number;
  readonly containers: Map<string, Place>;
}

/** A pod whose log is to be read, with the start time in milliseconds since the epoch. */
export interface LoggingPod {
  readonly pod: KubernetesObject;
  readonly from: number;
  /** Absent: `from` is the pod's start, and its whole log is read. */
  readonly since?: string;
}

/** The logs of the pods of one workload. */
export class ErrorLogs {
  private tally: ErrorTally = noErrors;
  private readonly pods = new Map<string, PodPlace>();
  private readonly cluster: Pick<ClusterPort, 'logPage'>;
  private readonly signal: AbortSignal;

  constructor(cluster: Pick<ClusterPort, 'logPage'>, signal: AbortSignal) {
    this.cluster = cluster;
    this.signal = signal;
  }

  /** What to read from each of these pods now; counts of deleted pods are kept. */
  readers(pods: readonly LoggingPod[], now: number): readonly (() => Promise<void>)[] {
    return pods.flatMap((logging) => {
      const { pod, from } = logging;
      const uid = pod.metadata.uid ?? pod.metadata.name;
      const place: PodPlace = this.pods.get(uid) ?? { from, until: now, containers: new Map() };
      place.until = now;
      this.pods.set(uid, place);
      return containersOf(pod)
        .filter(hasLog)
        .map((container) => () => this.read(logging, container, placeOf(place, container.name, logging)));
    });
  }

  count(): ErrorCount {
    const pods = [...this.pods.values()];
    const podMinutes = pods.reduce((total, pod) => total + minutesOf(pod), 0);
    return { tally: this.tally, pods: pods.length, podMinutes };
  }

  /** Pods of which no container's log could be read. */
  unreadable(): number {
    return [...this.pods.values()].filter(
      ({ containers }) => containers.size > 0 && ![...containers.values()].some(({ readable }) => readable),
    ).length;
  }

  private async read({ pod }: LoggingPod, container: ContainerView, place: Place): Promise<void> {
    if (container.restartCount > place.restarts) {
      await this.readRun(pod, container, place, true);
      place.restarts = container.restartCount;
      place.context = firstLine;
    }
    await this.readRun(pod, container, place, false);
  }

  private async readRun(
    pod: KubernetesObject,
    container: ContainerView,
    place: Place,
    previous: boolean,
  ): Promise<void> {
    const { name, namespace = '' } = pod.metadata;
    for (let page = 0; page < maxPages; page += 1) {
      const { lines, full } = await this.cluster.logPage(namespace, name, container.name, {
        previous,
        ...(place.since === undefined ? {} : { since: place.since }),
        bytes: pageBytes,
        signal: this.signal,
      });
      place.readable = true;
      place.behind = full;
      const fresh = lines.filter(({ at }) => at > place.last);
      for (const { at, text } of fresh) {
        const { next, error } = readLine(place.context, text);
        place.context = next;
        if (error !== undefined) this.tally = withError(this.tally, error, name);
        place.last = at;
        place.since = at;
      }
      if (!full) return;
      // More lines within one second than fit in a page: the rest of that second is skipped.
      if (fresh.length === 0) place.since = nextSecond(place.since ?? lines.at(-1)?.at);
    }
  }
}

function hasLog(container: ContainerView): boolean {
  if (container.role === 'init') return false;
  return [container.runningSince, container.terminated, container.previous].some((one) => one !== undefined);
}

function placeOf(pod: PodPlace, container: string, { since }: LoggingPod): Place {
  const known = pod.containers.get(container);
  if (known !== undefined) return known;
  const place: Place = { context: firstLine, last: '', since, restarts: 0, behind: false, readable: false };
  pod.containers.set(container, place);
  return place;
}

/** A log that was not read to its end covers less time. */
function minutesOf({ from, until, containers }: PodPlace): number {
  const ends = [...containers.values()].map(({ behind, last }) => (behind ? Date.parse(last) : until));
  const end = Math.min(until, ...ends.filter((at) => !Number.isNaN(at)));
  return Math.max(0, end - from) / 60_000;
}

function nextSecond(at: string | undefined): string | undefined {
  const time = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(time) ? at : new Date(Math.floor(time / 1000) * 1000 + 1000).toISOString();
}

/**
 * Reads them, a few at a time. A failed read is retried in the next round: the API server or a node may be
 * unavailable for a moment. Containers without any log remain `unreadable`.
 */
export async function readAll(readers: readonly (() => Promise<void>)[], signal: AbortSignal): Promise<void> {
  const queue = [...readers];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal.throwIfAborted();
      await next().catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  signal.throwIfAborted();
}
