/** Plain HTTP calls: redirects are not followed, nothing is retried, and certificates are reported as facts. */
import { Agent, type IncomingMessage, request as startRequest } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import type { ProbeLimits, TlsFacts } from '../domain/smoke/http/connection.ts';
import type { HttpAnswer, HttpRequest, HttpTarget } from '../domain/smoke/http/http-answer.ts';
import { trusting } from './authorities.ts';
import { deadlineFault, faultOfError } from './connection-errors.ts';
import { tlsFactsOf } from './tls-facts.ts';

/** Characters of a body that are kept; the rest is not read. */
const bodyLimit = 65_536;

/** Calls to one target over connections that are kept open, so that a measurement need not pay for a handshake each time. */
export interface HttpSession {
  call(request: HttpRequest, limits: ProbeLimits): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** One call over its own connection. */
export async function callHttp(call: HttpTarget & HttpRequest, limits: ProbeLimits): Promise<HttpAnswer> {
  const session = await openHttp(call);
  try {
    return await session.call(call, limits);
  } finally {
    await session.close();
  }
}

/**
 * Calls that share keep-alive connections, one per concurrent call but at most `most`; for schedules. Node's own
 * client and not undici: only it can be as lenient as Go's, which the kubelet and the API server use (lines that end
 * without CR, as from busybox's httpd).
 */
export async function openHttp(target: HttpTarget, most?: number): Promise<HttpSession> {
  let tls: TlsFacts | undefined;
  const showTls = (facts: TlsFacts | undefined) => {
    tls = facts;
  };
  const agent = new Agent({ keepAlive: true, ...(most === undefined ? {} : { maxSockets: most }) });
  const dialled: Socket[] = [];
  agent.createConnection = (_, callback) => {
    const socket = dial(target, showTls, (error, connected) =>
      error === null ? callback?.(null, connected) : callback?.(error, socket),
    );
    dialled.push(socket);
    return undefined;
  };
  return {
    call: async (request, limits) => {
      const answer = await callThrough(agent, target, request, limits);
      return tls === undefined ? answer : { ...answer, tls };
    },
    close: async () => {
      agent.destroy();
      // The agent does not track sockets that are still connecting.
      for (const socket of dialled) socket.destroy();
    },
  };
}

type Connected = (...outcome: [null, Socket | TLSSocket] | [Error, null]) => void;

/** TLS is always completed, so that an invalid certificate can be reported; only then is it rejected. */
function dial(target: HttpTarget, showTls: (facts: TlsFacts | undefined) => void, done: Connected): Socket {
  const { scheme, host, port, serverName = host, ca, verify } = target;
  const fail = (error: Error) => done(error, null);
  if (scheme === 'http') {
    const socket = connectTcp({ host, port, noDelay: true });
    return socket.once('error', fail).once('connect', () => done(null, socket.off('error', fail)));
  }
  const name = withoutPort(serverName);
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...trusting(ca),
  });
  socket.setNoDelay(true).once('error', fail);
  socket.once('secureConnect', () => {
    socket.off('error', fail);
    const facts = tlsFactsOf(socket);
    showTls(facts);
    if (!verify || facts?.authorized === true) return done(null, socket);
    socket.destroy();
    const code = facts?.error ?? 'ERR_TLS_HANDSHAKE';
    fail(Object.assign(new Error(facts?.error ?? 'the server showed no certificate'), { code }));
  });
  return socket;
}

/** `shop.example:8443` is a Host header, not a name in a certificate. */
function withoutPort(authority: string): string {
  return isIP(authority) === 6 ? authority : authority.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

async function callThrough(
  agent: Agent,
  target: HttpTarget,
  request: HttpRequest,
  { deadline, signal }: ProbeLimits,
): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const overdue = AbortSignal.timeout(deadline);
  const start = performance.now();
  const spent = () => performance.now() - start;
  try {
    const answer = await send(agent, target, request, AbortSignal.any([overdue, signal]));
    const body = await firstText(answer);
    return {
      status: answer.statusCode ?? 0,
      headers: listed(answer.headersDistinct),
      ...body,
      milliseconds: spent(),
    };
  } catch (error) {
    signal.throwIfAborted();
    const fault = overdue.aborted ? deadlineFault(deadline) : faultOfError(error);
    return { headers: {}, body: '', milliseconds: spent(), error: fault };
  }
}

function send(
  agent: Agent,
  target: HttpTarget,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = startRequest({
      agent,
      host: target.host,
      port: target.port,
      path: request.path,
      method: request.method,
      headers: { host: hostHeader(target), 'user-agent': 'orion-smoke', ...request.headers },
      insecureHTTPParser: true,
      signal,
    });
    call.once('response', resolve).once('error', reject).end(request.body);
    // An aborted request emits an error only once it has a socket: not during connect or TLS handshake.
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function hostHeader({ scheme, host, port, serverName }: HttpTarget): string {
  const name = serverName ?? (isIP(host) === 6 ? `[${host}]` : host);
  const usual = scheme === 'https' ? 443 : 80;
  return serverName !== undefined || port === usual ? name : `${name}:${port}`;
}

function listed(headers: NodeJS.Dict<string[]>): HttpAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value ?? []]),
  );
}

async function firstText(stream: AsyncIterable<Uint8Array>): Promise<Pick<HttpAnswer, 'body' | 'truncated'>> {
  const decoder = new TextDecoder();
  let body = '';
  for await (const chunk of stream) {
    body += decoder.decode(chunk, { stream: true });
    // Leaving the loop ends the stream, and the connection with it.
    if (body.length > bodyLimit) return { body: body.slice(0, bodyLimit), truncated: true };
  }
  return { body: body + decoder.decode() };
}
