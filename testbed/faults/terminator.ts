/** The HTTP half of the fault proxy: ends TLS, so that it sees requests, and passes them on as one user. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { Agent, request as sendRequest } from 'node:https';
import type { RequestFacts, RequestFault } from './fault.ts';
import type { Link } from './links.ts';

/** PEM texts. */
export interface TerminatorOptions {
  /** Of the API server, `https://127.0.0.1:6443`. */
  readonly target: string;
  readonly authority: string;
  /** What the proxy shows to its clients. */
  readonly server: { readonly cert: string; readonly key: string };
  /** As whom the proxy speaks to the API server, whoever its client was. */
  readonly client: { readonly cert: string; readonly key: string };
  /** The fault that this request gets, which is thereby used up. */
  faultFor(request: RequestFacts): RequestFault | undefined;
  linkOf(port: number | undefined): Link | undefined;
  /** Told once a request has its answer, or lost its chance of one. */
  onRequest(request: RequestFacts, status: number | undefined, fault: RequestFault | undefined): void;
}

/** A watch that runs through the proxy. */
export interface LiveWatch {
  readonly request: RequestFacts;
  /** Ends it after the next whole line, with an ERROR event 410 first if `gone`. */
  end(gone: boolean): void;
}

export interface Terminator {
  readonly port: number;
  readonly watches: ReadonlySet<LiveWatch>;
  stop(): Promise<void>;
}

type ClientRequest = Http2ServerRequest;
/** Node has it for both protocols, its types for one. */
type ClientResponse = Http2ServerResponse & { flushHeaders(): void };

const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']);

export async function startTerminator(options: TerminatorOptions): Promise<Terminator> {
  const agent = new Agent({ keepAlive: true, ca: options.authority, ...options.client });
  const watches = new Set<LiveWatch>();
  const server = createSecureServer({ ...options.server, allowHTTP1: true });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session)).on('error', () => {});
  });
  server.on('secureConnection', (socket) => {
    sessions.add(socket);
    socket.once('close', () => sessions.delete(socket)).on('error', () => {});
  });
  server.on('request', (request, response) => {
    request.on('error', () => {});
    response.on('error', () => {});
    handle(request, response as ClientResponse, { ...options, agent, watches });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    watches,
    async stop() {
      server.close();
      for (const session of sessions) session.destroy();
      agent.destroy();
    },
  };
}

interface Serving extends TerminatorOptions {
  readonly agent: Agent;
  readonly watches: Set<LiveWatch>;
}

function handle(request: ClientRequest, response: ClientResponse, serving: Serving): void {
  const facts = factsOf(request);
  const fault = serving.faultFor(facts);
  const link = serving.linkOf(request.stream?.session?.socket?.remotePort ?? request.socket.remotePort);
  const strike = (): void => {
    if (fault === undefined) return;
    serving.onRequest(facts, fault.type === 'status' ? fault.status : undefined, fault);
    if (fault.type === 'reset') link?.reset();
    if (fault.type === 'stall') link?.stall();
    if (fault.type === 'status') sendStatus(response, fault.status, fault.retryAfter);
    if (fault.type === 'gone') sendGone(response);
    if (fault.type === 'end') response.end();
  };
  if (fault?.type === 'slow') link?.slowDown(fault.bytesPerSecond);
  const hit = fault !== undefined && fault.type !== 'slow';
  if (hit && fault.at === 'request') {
    request.resume();
    strike();
    return;
  }
  const target = new URL(serving.target);
  const upstream = sendRequest({
    agent: serving.agent,
    host: target.hostname,
    port: target.port,
    method: request.method,
    path: request.url,
    headers: forwardedHeaders(request.headers),
  });
  // The API server is down: its clients lose their connection.
  upstream.on('error', () => link?.reset());
  response.once('close', () => upstream.destroy());
  upstream.on('response', (answer) => {
    if (hit) {
      answer.resume().once('end', strike);
      return;
    }
    serving.onRequest(facts, answer.statusCode, fault);
    const headers = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name));
    response.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers));
    if (facts.verb === 'watch' && answer.statusCode === 200)
      forwardWatch(facts, answer, response, serving.watches);
    else answer.pipe(response);
    answer.on('error', () => link?.reset()).on('aborted', () => link?.reset());
  });
  request.pipe(upstream);
}

/** Forwards whole lines only, so that an event can be put in between. */
function forwardWatch(
  request: RequestFacts,
  answer: IncomingMessage,
  response: ClientResponse,
  watches: Set<LiveWatch>,
): void {
  let held: Buffer = Buffer.alloc(0);
  response.flushHeaders();
  const watch: LiveWatch = {
    request,
    end(gone) {
      watches.delete(watch);
      answer.removeAllListeners('data').removeAllListeners('end');
      if (gone) response.write(goneEvent);
      response.end();
    },
  };
  watches.add(watch);
  response.once('close', () => watches.delete(watch));
  answer.on('data', (chunk: Buffer) => {
    const all = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const whole = all.lastIndexOf(10) + 1;
    held = all.subarray(whole);
    if (whole > 0 && !response.write(all.subarray(0, whole))) {
      answer.pause();
      response.once('drain', () => answer.resume());
    }
  });
  answer.once('end', () => response.end());
}

function factsOf(request: ClientRequest): RequestFacts {
  const { method = 'GET', url = '/' } = request;
  const query = new URL(url, 'https://proxy.invalid').searchParams.get('watch');
  const verb = query === 'true' || query === '1' ? 'watch' : method.toLowerCase();
  const token = /^Bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  return { verb, path: url, token };
}

function forwardedHeaders(headers: ClientRequest['headers']): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || name === 'host' || name === 'authorization' || hopByHop.has(name)) continue;
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

const statusBody = (code: number, reason: string, message: string) =>
  `${JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason, message })}\n`;

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

function sendStatus(response: ClientResponse, status: number, retryAfter: number | undefined): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
  });
  response.end(statusBody(status, reasons[status] ?? '', `The fault proxy answers ${status}.`));
}

const goneEvent = `${JSON.stringify({
  type: 'ERROR',
  object: JSON.parse(statusBody(410, 'Expired', 'too old resource version: 1 (2)')),
})}\n`;

/** As the API server does it: the watch begins well, and its first event is the error. */
function sendGone(response: ClientResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(goneEvent);
}
