import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { errorIsDue } from './misbehaviour.ts';
import type { Role } from './role.ts';
import type { Settings } from './settings.ts';

export interface ServiceState {
  /** Set on SIGTERM: from then on the service is not ready, but still answers. */
  isStopping: boolean;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

type Route = (url: URL) => Promise<Answer>;

/** The HTTP server with `/`, `/health`, `/ready` and `/metrics`; the caller makes it listen. */
export function createService(
  settings: Settings,
  role: Role,
  metrics: Metrics,
  state: ServiceState,
  log: Log,
): Server {
  const routes = new Map<string, Route>([
    ['/', jobRoute(settings, role, log)],
    ['/health', async () => healthAnswer(settings, state)],
    ['/ready', readyRoute(settings, role, state, log)],
  ]);
  return createServer(async (request, response) => {
    const startedAt = performance.now();
    const url = new URL(request.url ?? '/', 'http://service');
    if (url.pathname === '/metrics') {
      return void response.setHeader('content-type', metrics.contentType).end(await metrics.text());
    }
    if (settings.misbehaviour.MISBEHAVE_LATENCY > 0) await pause(settings.misbehaviour.MISBEHAVE_LATENCY);
    const route = routes.get(url.pathname);
    const answer = route === undefined ? { status: 404, body: { error: 'not found' } } : await route(url);
    send(request, response, answer, state);
    const seconds = (performance.now() - startedAt) / 1000;
    metrics.observe(route === undefined ? 'other' : url.pathname, answer.status, seconds);
  });
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, state: ServiceState): void {
  // A kept-alive connection would hold the server open until its limit.
  if (state.isStopping) response.setHeader('connection', 'close');
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(answer.body)}\n`);
}

function jobRoute(settings: Settings, role: Role, log: Log): Route {
  const { SERVICE: service } = settings.role;
  const { SERVICE_VERSION: version } = settings.process;
  let number = 0;
  return async (url) => {
    number += 1;
    try {
      if (errorIsDue(number, settings.misbehaviour.MISBEHAVE_ERROR_RATE)) throw new Error('misbehaviour');
      const body = await role.answer(url.searchParams.get('account') ?? 'ada');
      log('info', 'request answered', { path: url.pathname, status: 200 });
      return { status: 200, body: { service, version, ...body } };
    } catch (error) {
      log('error', 'request failed', { path: url.pathname, status: 500, error: messageOf(error) });
      return { status: 500, body: { service, version, error: 'internal error' } };
    }
  };
}

function healthAnswer(settings: Settings, state: ServiceState): Answer {
  const { SERVICE_VERSION: version } = settings.process;
  const status = statusNow(settings, settings.misbehaviour.MISBEHAVE_HEALTH_STATUS, state) ?? 200;
  return { status, body: { status: status < 400 ? 'ok' : 'unhealthy', version } };
}

/** Logs only when readiness changes: a probe asks every second. */
function readyRoute(settings: Settings, role: Role, state: ServiceState, log: Log): Route {
  let wasReady: boolean | undefined;
  const note = (isReady: boolean, reason: string): Answer => {
    if (isReady !== wasReady) log(isReady ? 'info' : 'warn', isReady ? 'ready' : 'not ready', { reason });
    wasReady = isReady;
    return { status: isReady ? 200 : 503, body: { status: isReady ? 'ready' : 'not ready', reason } };
  };
  return async () => {
    const status = statusNow(settings, settings.misbehaviour.MISBEHAVE_READY_STATUS, state);
    if (status !== undefined) return { status, body: { status: 'misbehaviour' } };
    if (state.isStopping) return note(false, 'stopping');
    try {
      await role.checkReady();
      return note(true, 'every dependency answers');
    } catch (error) {
      return note(false, messageOf(error));
    }
  };
}

function statusNow(settings: Settings, status: number | undefined, state: ServiceState): number | undefined {
  const age = performance.now() - state.startedAt;
  return age >= settings.misbehaviour.MISBEHAVE_STATUS_AFTER ? status : undefined;
}

/** A refused connection to several addresses is an AggregateError, whose own message is empty. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
