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

/** For servers without HTTP/2; more brings nothing, the API server is the limit. */
const connectionsForCalls = 16;

/**
 * One kept-alive dispatcher over `route`. Calls share an HTTP/2 connection where the server has it (a quarter less time for
 * 201 dry runs and applies than over 16 connections). Each watch has an HTTP/1.1 connection of its own: one that a NAT
 * or load balancer dropped in silence takes one stream with it, and reopening never meets the dead connection again.
 */
async function createDispatcher(
  route: Route,
  { tls, headers }: Credentials,
  use: 'calls' | 'watches',
): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import(/* webpackMode: "eager" */ 'undici');
  // undici makes one header of a list in HTTP/2.
  const allowH2 = use === 'calls' && !Object.values(headers).some(Array.isArray);
  // 30 s: load balancers drop idle connections after 60 s without telling.
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
    // undici's own would end quiet watches; each request brings its deadlines.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  const proxy = route.proxyUrl || environmentProxy(route.server, route.env);
  if (!proxy) return new Agent({ ...options, connect });
  return new ProxyAgent({ ...options, ...proxyOptions(proxy), requestTls: connect });
}

/** What `tls.connect` needs: one context for all connections, for it holds hundreds of authorities. */
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

/** Mostly the same object: it is asked at every request. */
function sameTls(one: TlsOptions, other: TlsOptions): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** One dispatcher for calls and one for watches; new ones when the client certificate changes. */
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
