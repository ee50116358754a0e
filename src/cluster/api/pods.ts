import { ApiError } from '../transport/api-error.ts';
import type { Transport } from '../transport/transport.ts';

/** The container whose log is read, init containers included. */
export interface ContainerTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** An address in a pod that the API server's proxy calls with GET. */
export interface PodEndpoint {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** Begins with a slash, may have a query. */
  readonly path: string;
}

/** Limits of one call through the API server's proxy. */
export interface CallOptions {
  /** Milliseconds. */
  readonly deadline: number;
  readonly signal?: AbortSignal;
  /** Milliseconds, from an arbitrary origin. */
  readonly now?: () => number;
}

/** Which part of a container's log is read. */
export interface LogOptions {
  /** The container's previous run. */
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  readonly timestamps?: boolean;
  /** Milliseconds for the request; default 10,000. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
}

/** What came through the API server's proxy; 4xx and 5xx are answers too. */
export interface ProxyAnswer {
  /** Absent if there was no response in time. */
  readonly status?: number;
  /** The first 64 KiB: untrusted text. */
  readonly body: string;
  /** From the request until the answer was read, or was given up. */
  readonly milliseconds: number;
}

const shownBytes = 65_536;

/**
 * The kubelet's response, with status 200, for a container that it has removed meanwhile. Source: kuberuntime's logs.
 */
const noLog =
  /^(unable to retrieve container logs for [a-z-]+:\/\/[0-9a-f]+|failed to try resolving symlinks in path "[^"]+\.log": .*)$/;

/** The end of a container's log, as lines: untrusted text. Empty when there is none, or no longer. */
export async function readPodLog(
  transport: Transport,
  target: ContainerTarget,
  options: LogOptions = {},
): Promise<string[]> {
  const { previous, tailLines, limitBytes, sinceSeconds, timestamps, signal } = options;
  const path = `${podPath(target.namespace, target.pod)}/log`;
  const query = { container: target.container, previous, tailLines, limitBytes, sinceSeconds, timestamps };
  try {
    const answer = transport.text({
      method: 'GET',
      path,
      query,
      signal,
      deadline: options.deadline ?? 10_000,
      patience: 3000,
    });
    return splitLines(await answer).filter((line) => !noLog.test(line));
  } catch (error) {
    // 400: the container has not started, or has no previous run.
    if (error instanceof ApiError && (error.status === 400 || error.status === 404)) return [];
    throw error;
  }
}

/** Part of a log, oldest line first. */
interface LogPage {
  /** `at` is the runtime's time of the line, RFC 3339 with nanoseconds: comparable as text within one container. */
  readonly lines: readonly { readonly at: string; readonly text: string }[];
  /** There is more: request again from the last line. */
  readonly full: boolean;
}

interface LogPageOptions {
  readonly previous?: boolean;
  /** RFC 3339. The API server cuts it to whole seconds: lines of that second are returned again. */
  readonly since?: string;
  readonly bytes: number;
  readonly signal?: AbortSignal;
}

/** A log from a given time on, at most `bytes`; no lines if there is no log. Untrusted text. */
export async function readLogPage(
  transport: Transport,
  target: ContainerTarget,
  { previous, since, bytes, signal }: LogPageOptions,
): Promise<LogPage> {
  const query = {
    container: target.container,
    previous,
    sinceTime: since,
    limitBytes: bytes,
    timestamps: true,
  };
  const path = `${podPath(target.namespace, target.pod)}/log`;
  try {
    const text = await transport.text({
      method: 'GET',
      path,
      query,
      signal,
      deadline: 10_000,
      patience: 3000,
    });
    const full = Buffer.byteLength(text) >= bytes;
    const lines = splitLines(text);
    // The line that the limit truncated is complete in the next page.
    if (full && !text.endsWith('\n')) lines.pop();
    return { lines: lines.flatMap(stamped), full };
  } catch (error) {
    if (error instanceof ApiError && (error.status === 400 || error.status === 404)) {
      return { lines: [], full: false };
    }
    throw error;
  }
}

const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) (.*)$/s;

/** The kubelet's message about a removed log has no timestamp. */
function stamped(line: string): LogPage['lines'] {
  const match = stamp.exec(line);
  return match === null ? [] : [{ at: match[1] ?? '', text: match[2] ?? '' }];
}

/**
 * Calls a pod's HTTP server through the API server. A response of 4xx or 5xx is a result, not an error; if there is
 * no connection, the API server itself responds 503 with a Status as body.
 */
export async function callPod(
  transport: Transport,
  { namespace, pod, port, scheme, path }: PodEndpoint,
  options: CallOptions,
): Promise<ProxyAnswer> {
  const address = podPath(namespace, `${scheme === 'https' ? 'https:' : ''}${pod}:${port}`);
  return callProxy(transport, `${address}/proxy${path}`, options);
}

interface ServiceEndpoint {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  /** Begins with a slash, may have a query. */
  readonly path: string;
}

/** The same for one of the endpoints of a Service. */
export async function callService(
  transport: Transport,
  { namespace, service, port, path }: ServiceEndpoint,
  options: CallOptions,
): Promise<ProxyAnswer> {
  const address = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(`${service}:${port}`)}`;
  return callProxy(transport, `${address}/proxy${path}`, options);
}

async function callProxy(
  transport: Transport,
  path: string,
  { deadline, signal, now = () => performance.now() }: CallOptions,
): Promise<ProxyAnswer> {
  const startedAt = now();
  const answer = await transport.peek({ method: 'GET', path, deadline, signal }, shownBytes);
  const milliseconds = now() - startedAt;
  return answer === undefined ? { body: '', milliseconds } : { ...answer, milliseconds };
}

function podPath(namespace: string, pod: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
