import type { Dispatcher, WebSocket } from 'undici';
import { Fault } from '../../domain/failure/fault.ts';
import type { CredentialSource, Credentials } from '../auth/credentials.ts';
import { ApiError } from './api-error.ts';
import { connectionFault, isTimeout } from './connection-errors.ts';
import { dispatcherPool, type Route } from './dispatchers.ts';
import { isIdempotent, repeating } from './retries.ts';
import { refusalsOfStart } from './startup-refusals.ts';
import { parseWarnings } from './warnings.ts';
import { openWebSocket } from './websocket.ts';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Encoded path from the root of the API server: `/api/v1/namespaces/shop/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Media types of the answer; default JSON. */
  readonly accept?: string;
  /** Asked as this user (`Impersonate-User`); a 403 where this identity may not. */
  readonly asUser?: string | undefined;
  /** Milliseconds for one attempt; default 30,000, and less for the first ones of a call that may be repeated. */
  readonly deadline?: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds in which failed attempts may be repeated; 0 for never. Default 60,000. */
  readonly patience?: number;
  /** May the call be repeated after an answer that leaves open whether it was done? Default: if it has no side effect or is an apply. */
  readonly idempotent?: boolean;
  /** Awaited before each repetition; what it throws ends the call. */
  readonly beforeRepeat?: (() => Promise<void>) | undefined;
}

export interface TransportResponse {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
  /** Texts of the server's `Warning: 299` headers: foreign text. */
  readonly warnings: readonly string[];
}

export interface StreamResponse {
  readonly status: number;
  readonly body: AsyncIterable<Buffer> & { destroy(): unknown };
}

export interface ChannelRequest extends Pick<TransportRequest, 'path' | 'query'> {
  /** Subprotocol: `v4.channel.k8s.io`. */
  readonly protocol: string;
  /** Ends the handshake, not what is open. */
  readonly signal: AbortSignal;
}

/** HTTP to one API server: authenticated, kept alive, with deadlines and retries. */
export interface Transport {
  /**
   * @throws ApiError when the server answers 400 and above
   * @throws Fault `cluster-unreachable` or `unauthorized`
   * @throws the signal's reason when `signal` aborts
   */
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Like `request`, with the answer as text: a log line `12` is no number. */
  text(request: TransportRequest): Promise<string>;
  /** One attempt whose answer is a result whatever its status; its first bytes, or undefined when none came in time. */
  peek(request: TransportRequest, bytes: number): Promise<{ status: number; body: string } | undefined>;
  /** Like `request`, but hands over the body as it comes; no deadline beyond the answer's start, ended by `signal`. */
  stream(request: TransportRequest): Promise<StreamResponse>;
  /** A WebSocket on a connection of its own, ended by whoever has it; throws like `request`. */
  webSocket(request: ChannelRequest): Promise<WebSocket>;
  close(): Promise<void>;
}

export interface TransportOptions extends Route {
  readonly credentials: CredentialSource;
  readonly userAgent: string;
}

const defaultDeadline = 30_000;
/** A cluster that cannot be reached for half a minute is no reason to fail a release. */
const defaultPatience = 60_000;
/** A connection that died in silence is given up after this, and twice and three times this: webhooks may take 30 s. */
const firstDeadline = 10_000;
/** For the rest of an answer that began in time; undici's timer for its start is up to a second late. */
const grace = 1500;

export function createTransport(options: TransportOptions): Transport {
  const base = new URL(options.server);
  const prefix = base.pathname.replace(/\/$/, '');
  const dispatchers = dispatcherPool(options);
  const refusals = refusalsOfStart(() => performance.now());

  const dispatch = async (request: TransportRequest, use: 'calls' | 'watches', signal: AbortSignal) => {
    const send = async (credentials: Credentials) =>
      (await dispatchers.of(credentials, use))
        .request({
          origin: base.origin,
          path: prefix + request.path + queryString(request.query),
          method: request.method,
          headers: headersOf(request, credentials, options.userAgent),
          body: request.body === undefined ? null : JSON.stringify(request.body),
          // When this one fires, undici also asks whether the HTTP/2 connection still lives; an abort says nothing of it.
          headersTimeout: request.deadline ?? defaultDeadline,
          signal,
        })
        .catch((error: unknown) => {
          refusals.noteFailure(error);
          throw error;
        });
    const noted = (answer: Dispatcher.ResponseData) => {
      if (answer.statusCode < 400) refusals.noteAllowed(request);
      return answer;
    };
    const credentials = await options.credentials.current();
    const answer = await send(credentials);
    if (answer.statusCode !== 401) return noted(answer);
    await answer.body.dump();
    const renewed = await options.credentials.renew(credentials);
    const second = renewed === undefined ? undefined : await send(renewed);
    if (second !== undefined && second.statusCode !== 401) return noted(second);
    await second?.body.dump();
    throw new ApiError(401, undefined);
  };

  const perform = <T>(
    request: TransportRequest,
    attempt: (request: TransportRequest) => Promise<T>,
    forgiving = true,
  ) => {
    const idempotent = request.idempotent ?? isIdempotent(request);
    const patience = request.patience ?? defaultPatience;
    const { deadline = defaultDeadline } = request;
    const deadlineOf = (number: number) =>
      idempotent && patience > 0 ? Math.min(deadline, number * firstDeadline) : deadline;
    return repeating((number) => attempt({ ...request, deadline: deadlineOf(number) }), {
      patience,
      idempotent,
      beforeRepeat: request.beforeRepeat,
      ...(forgiving ? { mayBeStarting: (error: ApiError) => refusals.mayBeOne(request, error) } : {}),
      signal: request.signal,
    }).catch((error: unknown) => {
      request.signal?.throwIfAborted();
      if (error instanceof ApiError && error.status === 401) throw unauthorized(base.host);
      throw error instanceof ApiError || error instanceof Fault ? error : connectionFault(error, base.host);
    });
  };

  const call: Transport['request'] = (asked) =>
    perform(asked, async (request) => {
      const answer = await dispatch(request, 'calls', attemptSignal(request));
      const text = await answer.body.text();
      const body = answer.statusCode < 400 ? parseWhole(text) : parseBody(text);
      const warnings = parseWarnings(answer.headers['warning']);
      if (answer.statusCode >= 400) throw apiError(answer, body);
      return { status: answer.statusCode, body, warnings };
    });

  const openChannels = async ({ path, query, protocol, signal }: ChannelRequest) => {
    const credentials = await options.credentials.current();
    return openWebSocket(await dispatchers.of(credentials, 'watches'), {
      url: base.origin + prefix + path + queryString(query),
      protocol,
      headers: { 'user-agent': options.userAgent, ...credentials.headers },
      signal,
    });
  };

  return {
    request: call,
    text: (call) =>
      perform(call, async (request) => {
        const answer = await dispatch(request, 'calls', attemptSignal(request));
        const text = await answer.body.text();
        if (answer.statusCode >= 400) throw apiError(answer, parseBody(text));
        return text;
      }),
    peek: (call, bytes) =>
      perform({ ...call, patience: 0 }, async (request) => {
        try {
          const answer = await dispatch(request, 'calls', attemptSignal(request));
          return { status: answer.statusCode, body: await firstBytes(answer.body, bytes) };
        } catch (error) {
          if (isTimeout(error)) return undefined;
          throw error;
        }
      }),
    // Whoever reads a stream opens it again when it ends, and forgives refusals on his own.
    stream: (call) => perform(call, (request) => openStream(request, dispatch), false),
    async webSocket(request) {
      const { path, query, signal } = request;
      try {
        return await openChannels(request);
      } catch {
        // Why a handshake failed is not to be seen; the same request without it says so, and renews credentials.
        await call({ method: 'GET', path, query: query ?? {}, signal, patience: 0 }).catch(
          (error: unknown) => {
            if (!isUpgradeRequired(error)) throw error;
          },
        );
      }
      return openChannels(request).catch((error: unknown) => {
        signal.throwIfAborted();
        throw connectionFault(error, base.host);
      });
    },
    close: () => dispatchers.close(),
  };
}

async function openStream(
  request: TransportRequest,
  dispatch: (
    request: TransportRequest,
    use: 'watches',
    signal: AbortSignal,
  ) => Promise<Dispatcher.ResponseData>,
): Promise<StreamResponse> {
  // The deadline is for the answer's start only; after that the caller's signal alone ends the stream.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(timeoutError()), (request.deadline ?? defaultDeadline) + grace);
  try {
    const signal =
      request.signal === undefined ? late.signal : AbortSignal.any([late.signal, request.signal]);
    const answer = await dispatch(request, 'watches', signal);
    if (answer.statusCode >= 400) throw apiError(answer, parseBody(await answer.body.text()));
    return { status: answer.statusCode, body: answer.body };
  } finally {
    clearTimeout(timer);
  }
}

function headersOf(request: TransportRequest, credentials: Credentials, userAgent: string) {
  const headers: Record<string, string | string[]> = {
    accept: request.accept ?? 'application/json, */*',
    'user-agent': userAgent,
    ...credentials.headers,
    ...(request.asUser === undefined ? {} : { 'impersonate-user': request.asUser }),
  };
  if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
  return headers;
}

function queryString(query: TransportRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function attemptSignal(request: TransportRequest): AbortSignal {
  const deadline = AbortSignal.timeout((request.deadline ?? defaultDeadline) + grace);
  return request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
}

async function firstBytes(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop destroys the rest of the body.
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit).toString('utf8');
}

/** An HTTP/2 stream that is cut short may look like one that ended. */
function parseWhole(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new Error('The answer ended too early.', { cause }), { code: 'ECONNRESET' });
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function apiError(answer: Dispatcher.ResponseData, body: unknown): ApiError {
  const retryAfter = answer.headers['retry-after'];
  return new ApiError(answer.statusCode, body, typeof retryAfter === 'string' ? retryAfter : undefined);
}

/** Nothing else was wrong: the answer of the API server's proxies to a request that asks for no upgrade. */
function isUpgradeRequired(error: unknown): boolean {
  return error instanceof ApiError && error.status === 400 && /upgrade request required/i.test(error.message);
}

function timeoutError(): Error {
  return new DOMException('The API server did not answer in time.', 'TimeoutError');
}

function unauthorized(host: string): Fault {
  return new Fault(
    'unauthorized',
    `The API server ${host} does not accept the credentials of the kubeconfig (401 Unauthorized).`,
    'Renew the token or certificate in the kubeconfig, and check that it belongs to this cluster.',
  );
}
