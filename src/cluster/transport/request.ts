/** A request to the API server, and the HTTP form of one attempt. */
import type { Credentials } from '../auth/credentials.ts';

/** One call, with its retry policy. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Encoded path from the root of the API server: `/api/v1/namespaces/shop/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Media types of the response; default JSON. */
  readonly accept?: string;
  /** Sent as this user (`Impersonate-User`); a 403 if this identity may not impersonate. */
  readonly asUser?: string | undefined;
  /** Milliseconds for one attempt; default 30,000, and less for the first ones of a call that may be retried. */
  readonly deadline?: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds during which failed attempts may be retried; 0 for never. Default 60,000. */
  readonly patience?: number;
  /**
   * Whether the call may be retried after a response that leaves open whether it succeeded. Default: if it has no
   * side effect or is an apply.
   */
  readonly idempotent?: boolean;
  /** Awaited before each retry; throwing ends the call. */
  readonly beforeRepeat?: (() => Promise<void>) | undefined;
}

/** The opening of a WebSocket that has channels, as port-forward does. */
export interface ChannelRequest extends Pick<TransportRequest, 'path' | 'query'> {
  /** Subprotocol: `v4.channel.k8s.io`. */
  readonly protocol: string;
  /** Aborts the handshake, not an open connection. */
  readonly signal: AbortSignal;
}

/** Milliseconds. */
export const defaultDeadline = 30_000;
/** For the rest of a response that began in time; undici's timer for its start is up to a second late. */
const grace = 1500;

/** Headers of one attempt; headers of the credentials win. */
export function headersOf(request: TransportRequest, credentials: Credentials, userAgent: string) {
  const headers: Record<string, string | string[]> = {
    accept: request.accept ?? 'application/json, */*',
    'user-agent': userAgent,
    ...credentials.headers,
    ...(request.asUser === undefined ? {} : { 'impersonate-user': request.asUser }),
  };
  if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
  return headers;
}

/** `?limit=500`, or empty; undefined values are left out. */
export function queryString(query: TransportRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

/** Aborts at the deadline of the whole response, or with the caller's signal. */
export function attemptSignal(request: TransportRequest): AbortSignal {
  const deadline = AbortSignal.timeout((request.deadline ?? defaultDeadline) + grace);
  return request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
}

/** The deadline of the response's start only: once it is cancelled, only the caller's signal ends the request. */
export function startDeadline(request: TransportRequest): { readonly signal: AbortSignal; cancel(): void } {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(timeoutError()), (request.deadline ?? defaultDeadline) + grace);
  const signal = request.signal === undefined ? late.signal : AbortSignal.any([late.signal, request.signal]);
  return { signal, cancel: () => clearTimeout(timer) };
}

function timeoutError(): Error {
  return new DOMException('The API server did not respond in time.', 'TimeoutError');
}
