import type { Dispatcher, WebSocket } from 'undici';
import { Fault } from '../../domain/failure/fault.ts';
import type { CredentialSource, Credentials } from '../auth/credentials.ts';
import { apiError, firstBytes, parseBody, parseWhole } from './answer.ts';
import { ApiError } from './api-error.ts';
import { connectionFault, isTimeout } from './connection-errors.ts';
import { dispatcherPool, type Route } from './dispatchers.ts';
import {
  attemptSignal,
  type ChannelRequest,
  defaultDeadline,
  headersOf,
  queryString,
  startDeadline,
  type TransportRequest,
} from './request.ts';
import { isIdempotent, repeating } from './retries.ts';
import { refusalsOfStart } from './startup-refusals.ts';
import { parseWarnings } from './warnings.ts';
import { openWebSocket } from './websocket.ts';

/** The complete response of a successful call. */
interface TransportResponse {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
  /** Texts of the server's `Warning: 299` headers: untrusted text. */
  readonly warnings: readonly string[];
}

/** A response whose body is still streaming. */
interface StreamResponse {
  readonly status: number;
  readonly body: AsyncIterable<Buffer> & { destroy(): unknown };
}

/** HTTP to one API server: authenticated, kept alive, with deadlines and retries. */
export interface Transport {
  /**
   * @throws ApiError when the server responds with 400 or above
   * @throws Fault `cluster-unreachable` or `unauthorized`
   * @throws the signal's reason when `signal` aborts
   */
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Like `request`, with the response as text: a log line `12` is not a number. */
  text(request: TransportRequest): Promise<string>;
  /** One attempt, whose response of any status is a result; its first bytes, or undefined if there was none in time. */
  peek(request: TransportRequest, bytes: number): Promise<{ status: number; body: string } | undefined>;
  /** Like `request`, but streams the body; no deadline beyond the response's start, ended by `signal`. */
  stream(request: TransportRequest): Promise<StreamResponse>;
  /** A WebSocket on its own connection, closed by the caller; throws like `request`. */
  webSocket(request: ChannelRequest): Promise<WebSocket>;
  close(): Promise<void>;
}

/** The server and the credentials. */
interface TransportOptions extends Route {
  readonly credentials: CredentialSource;
  readonly userAgent: string;
}

/** A cluster that is unreachable for half a minute must not fail a release. */
const defaultPatience = 60_000;
/**
 * A connection that died silently is given up after this, then after twice and three times this: webhooks may take 30
 * s.
 */
const firstDeadline = 10_000;

/** One API server, and the state of this session. */
interface TransportContext {
  readonly base: URL;
  /** The path prefix of every call: empty, or `/k8s/clusters/c-1` of a Rancher. */
  readonly prefix: string;
  readonly userAgent: string;
  readonly credentials: CredentialSource;
  readonly dispatchers: ReturnType<typeof dispatcherPool>;
  readonly refusals: ReturnType<typeof refusalsOfStart>;
}

/** Opens no connection before the first call. */
export function createTransport(options: TransportOptions): Transport {
  const base = new URL(options.server);
  const context: TransportContext = {
    base,
    prefix: base.pathname.replace(/\/$/, ''),
    userAgent: options.userAgent,
    credentials: options.credentials,
    dispatchers: dispatcherPool(options),
    refusals: refusalsOfStart(() => performance.now()),
  };
  return {
    request: (request) => requestJson(context, request),
    text: (request) => requestText(context, request),
    peek: (request, bytes) => peek(context, request, bytes),
    stream: (request) => stream(context, request),
    webSocket: (request) => webSocket(context, request),
    close: () => context.dispatchers.close(),
  };
}

function requestJson(context: TransportContext, call: TransportRequest): Promise<TransportResponse> {
  return perform(context, call, async (request) => {
    const answer = await authenticated(context, request, 'calls', attemptSignal(request));
    const text = await answer.body.text();
    const body = answer.statusCode < 400 ? parseWhole(text) : parseBody(text);
    const warnings = parseWarnings(answer.headers['warning']);
    if (answer.statusCode >= 400) throw apiError(answer, body);
    return { status: answer.statusCode, body, warnings };
  });
}

function requestText(context: TransportContext, call: TransportRequest): Promise<string> {
  return perform(context, call, async (request) => {
    const answer = await authenticated(context, request, 'calls', attemptSignal(request));
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw apiError(answer, parseBody(text));
    return text;
  });
}

function peek(
  context: TransportContext,
  call: TransportRequest,
  bytes: number,
): Promise<{ status: number; body: string } | undefined> {
  return perform(context, { ...call, patience: 0 }, async (request) => {
    try {
      const answer = await authenticated(context, request, 'calls', attemptSignal(request));
      return { status: answer.statusCode, body: await firstBytes(answer.body, bytes) };
    } catch (error) {
      if (isTimeout(error)) return undefined;
      throw error;
    }
  });
}

/** Readers of a stream reopen it when it ends, and handle refusals themselves. */
function stream(context: TransportContext, call: TransportRequest): Promise<StreamResponse> {
  const openStream = async (request: TransportRequest): Promise<StreamResponse> => {
    const { signal, cancel } = startDeadline(request);
    try {
      const answer = await authenticated(context, request, 'watches', signal);
      if (answer.statusCode >= 400) throw apiError(answer, parseBody(await answer.body.text()));
      return { status: answer.statusCode, body: answer.body };
    } finally {
      cancel();
    }
  };
  return perform(context, call, openStream, false);
}

async function webSocket(context: TransportContext, request: ChannelRequest): Promise<WebSocket> {
  const { path, query, signal } = request;
  try {
    return await openChannels(context, request);
  } catch {
    // The reason of a failed handshake is not available; the same request without upgrade shows it, and renews credentials.
    const plain = { method: 'GET', path, query: query ?? {}, signal, patience: 0 } as const;
    await requestJson(context, plain).catch((error: unknown) => {
      if (!isUpgradeRequired(error)) throw error;
    });
  }
  return openChannels(context, request).catch((error: unknown) => {
    signal.throwIfAborted();
    throw connectionFault(error, context.base.host);
  });
}

async function openChannels(
  { base, prefix, userAgent, credentials, dispatchers }: TransportContext,
  { path, query, protocol, signal }: ChannelRequest,
): Promise<WebSocket> {
  const current = await credentials.current();
  return openWebSocket(await dispatchers.of(current, 'watches'), {
    url: base.origin + prefix + path + queryString(query),
    protocol,
    headers: { 'user-agent': userAgent, ...current.headers },
    signal,
  });
}

/**
 * Retries `attempt` as far as the call allows, and interprets its last error. `forgiving`: a refusal that may come
 * from an API server that is starting is retried too.
 */
function perform<T>(
  { base, refusals }: TransportContext,
  request: TransportRequest,
  attempt: (request: TransportRequest) => Promise<T>,
  forgiving = true,
): Promise<T> {
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
}

/** One attempt; after a 401 the credentials are renewed once, and the attempt is repeated with the new ones. */
async function authenticated(
  context: TransportContext,
  request: TransportRequest,
  use: 'calls' | 'watches',
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const credentials = await context.credentials.current();
  const answer = await send(context, request, credentials, use, signal);
  if (answer.statusCode !== 401) return noted(context, request, answer);
  await answer.body.dump();
  const renewed = await context.credentials.renew(credentials);
  const second = renewed === undefined ? undefined : await send(context, request, renewed, use, signal);
  if (second !== undefined && second.statusCode !== 401) return noted(context, request, second);
  await second?.body.dump();
  throw new ApiError(401, undefined);
}

function noted(
  { refusals }: TransportContext,
  request: TransportRequest,
  answer: Dispatcher.ResponseData,
): Dispatcher.ResponseData {
  if (answer.statusCode < 400) refusals.noteAllowed(request);
  return answer;
}

async function send(
  { base, prefix, userAgent, dispatchers, refusals }: TransportContext,
  request: TransportRequest,
  credentials: Credentials,
  use: 'calls' | 'watches',
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  return (await dispatchers.of(credentials, use))
    .request({
      origin: base.origin,
      path: prefix + request.path + queryString(request.query),
      method: request.method,
      headers: headersOf(request, credentials, userAgent),
      body: request.body === undefined ? null : JSON.stringify(request.body),
      // On this timeout undici also checks whether the HTTP/2 connection is alive; on an abort it does not.
      headersTimeout: request.deadline ?? defaultDeadline,
      signal,
    })
    .catch((error: unknown) => {
      refusals.noteFailure(error);
      throw error;
    });
}

/** Nothing else was wrong: the response of the API server's proxies to a request without upgrade. */
function isUpgradeRequired(error: unknown): boolean {
  return error instanceof ApiError && error.status === 400 && /upgrade request required/i.test(error.message);
}

function unauthorized(host: string): Fault {
  return new Fault(
    'unauthorized',
    `The API server ${host} does not accept the credentials of the kubeconfig (401 Unauthorized).`,
    'Renew the token or certificate in the kubeconfig, and check that it is for this cluster.',
  );
}
