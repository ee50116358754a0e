import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Dispatcher } from 'undici';
import type { Credentials, TlsOptions } from '../auth/credentials.ts';
import { trustedAuthorities } from '../auth/trusted-authorities.ts';
import { environmentProxy } from './environment-proxy.ts';

/** Where the API server is, and what decides on the proxy to it (`HTTPS_PROXY`, `NO_PROXY` in `env`). */
export interface Route {
  /** `https://host:port`, perhaps with a path prefix (Rancher). */
  readonly server: string;
  /** `proxy-url` of the kubeconfig; it wins over the environment. */
  readonly proxyUrl?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** For servers without HTTP/2; more does not help, since the API server is the limit. */
const connectionsForCalls = 16;

/**
 * One dispatcher with keep-alive over `route`. Calls share an HTTP/2 connection if the server supports it (201 dry
 * runs and applies take a quarter less time than over 16 connections). Each watch has its own HTTP/1.1 connection: if
 * a NAT or load balancer drops one silently, only one stream is lost, and reopening never uses the dead connection
 * again.
 */
async function createDispatcher(
  route: Route,
  { tls, headers }: Credentials,
  use: 'calls' | 'watches',
): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import(/* webpackMode: "eager" */ 'undici');
  // undici makes one header of a list in HTTP/2.
  const allowH2 = use === 'calls' && !Object.values(headers).some(Array.isArray);
  // 30 s: load balancers silently drop idle connections after 60 s.
  const connect = {
    ...tlsContext(tls),
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    timeout: 10_000,
    allowH2,
  };
  const options = {
    connections: use === 'calls' ? connectionsForCalls : null,
    allowH2,
    keepAliveTimeout: 30_000,
    // undici's timeouts would end quiet watches; each request has its own deadlines.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const proxy = route.proxyUrl || environmentProxy(route.server, route.env);
  if (!proxy) return new Agent({ ...options, connect });
  return new ProxyAgent({ ...options, ...proxyOptions(proxy), requestTls: connect });
}

/** What `tls.connect` needs: one context for all connections, since it contains hundreds of CAs. */
function tlsContext({ ca, cert, key, ...tls }: TlsOptions): SecureContextOptions & TlsOptions {
  if (ca !== undefined || tls.rejectUnauthorized === false) return { ca, cert, key, ...tls };
  return { ...tls, secureContext: createSecureContext({ ca: [...trustedAuthorities()], cert, key }) };
}

/** undici takes user and password from the URL only if there are both. */
function proxyOptions(uri: string): { uri: string; token?: string } {
  const { username, password } = new URL(uri);
  if (username === '' || password !== '') return { uri };
  return { uri, token: `Basic ${Buffer.from(`${decodeURIComponent(username)}:`).toString('base64')}` };
}

/** Cached, since it is called for every request. */
function sameTls(one: TlsOptions, other: TlsOptions): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** One dispatcher for calls and one for watches; recreated when the client certificate changes. */
export function dispatcherPool(route: Route) {
  let tlsInUse: TlsOptions | undefined;
  const open = new Map<string, Promise<Dispatcher>>();
  const retired: Promise<unknown>[] = [];
  const end = (how: 'close' | 'destroy') =>
    Promise.all([...open.values()].map(async (dispatcher) => (await dispatcher)[how]()));

  return {
    of(credentials: Credentials, use: 'calls' | 'watches'): Promise<Dispatcher> {
      if (tlsInUse !== undefined && !sameTls(tlsInUse, credentials.tls)) {
        retired.push(end('close'));
        open.clear();
      }
      tlsInUse = credentials.tls;
      const known = open.get(use) ?? createDispatcher(route, credentials, use);
      open.set(use, known);
      return known;
    },
    async close() {
      await end('destroy');
      open.clear();
      await Promise.allSettled(retired);
    },
  };
}
