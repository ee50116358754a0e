import type { RequestOptions } from 'node:https';
import { basename } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { Fault } from '../../domain/failure/fault.ts';
import type { Headers } from './impersonation.ts';
import type { Kubeconfig } from './kubeconfig.ts';

/**
 * How long credentials are used before they are loaded from the kubeconfig again (token files rotate, plugin tokens
 * expire).
 */
const refreshAfter = 50_000;
const pluginDeadline = 60_000;

/** The part of a kubeconfig's user and cluster that the TLS handshake needs. */
export type TlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername' | 'secureContext'
>;

/** What a request needs to authenticate. */
export interface Credentials {
  readonly headers: Headers;
  readonly tls: TlsOptions;
}

/** Credentials for requests: cached, and authenticated once for requests that run in parallel. */
export interface CredentialSource {
  /** The cached credentials; once they are too old, authenticates again (token file, exec plugin). */
  current(): Promise<Credentials>;
  /**
   * Authenticates again after a 401. Returns undefined if the credentials have not changed: then a retry is
   * pointless.
   */
  renew(refused: Credentials): Promise<Credentials | undefined>;
}

/**
 * Credentials of a kubeconfig. `load` reads it again, so that renewal runs exec plugins again and reads token files
 * again (client-node caches a plugin's token without an expiry for ever).
 */
export function credentialSource(
  initial: Kubeconfig,
  load: () => Promise<Kubeconfig>,
  now: () => number,
): CredentialSource {
  let config = initial;
  let known: { credentials: Credentials; at: number } | undefined;
  let pending: Promise<Credentials> | undefined;

  const authenticateOnce = (next: () => Promise<Kubeconfig>): Promise<Credentials> => {
    pending ??= (async () => {
      try {
        config = await next();
        const credentials = await authenticate(config);
        known = {
          credentials:
            known !== undefined && same(known.credentials, credentials) ? known.credentials : credentials,
          at: now(),
        };
        return known.credentials;
      } finally {
        pending = undefined;
      }
    })();
    return pending;
  };

  return {
    async current() {
      if (known !== undefined && now() - known.at < refreshAfter) return known.credentials;
      return authenticateOnce(async () => config);
    },
    async renew(refused) {
      if (known !== undefined && known.credentials !== refused) return known.credentials;
      const renewed = await authenticateOnce(load);
      return renewed === refused ? undefined : renewed;
    },
  };
}

async function authenticate({ config, impersonation }: Kubeconfig): Promise<Credentials> {
  const options: RequestOptions = {};
  try {
    await withDeadline(config.applyToHTTPSOptions(options));
  } catch (error) {
    throw credentialFault(error, config);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
  if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  // client-node supports only `as`, and sends it in the same header.
  return {
    headers: { ...headers, ...impersonation },
    tls: defined({ ca, cert, key, rejectUnauthorized, servername }),
  };
}

async function withDeadline(work: Promise<void>): Promise<void> {
  const timer = AbortSignal.timeout(pluginDeadline);
  const { promise, reject } = Promise.withResolvers<never>();
  const expire = () => reject(new Error('it did not respond within 60 s'));
  timer.addEventListener('abort', expire, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    timer.removeEventListener('abort', expire);
  }
}

function credentialFault(error: unknown, config: KubeConfig): Fault {
  if (error instanceof Fault) return error;
  const plugin: unknown = config.getCurrentUser()?.exec;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (typeof plugin === 'object' && plugin !== null && 'command' in plugin) {
    const name = basename(String(plugin.command));
    if (syscall?.startsWith('spawn')) {
      return new Fault(
        'tool-missing',
        `The kubeconfig gets its credentials from ${name}, which cannot be run here (${code ?? 'unknown error'}).`,
        `Install ${name} in a step before this one, or use a kubeconfig with a token.`,
      );
    }
    return new Fault(
      'unauthorized',
      `The credential plugin ${name} of the kubeconfig failed: ${firstLine(error)}.`,
      `Log in to the cloud provider in a step before this one, so that ${name} works there.`,
    );
  }
  return new Fault(
    'kubeconfig-unreadable',
    `The credentials of the kubeconfig cannot be read or renewed (${code ?? 'refused'}).`,
    'Export the kubeconfig again, with certificates and tokens embedded or present on the runner.',
  );
}

/** The plugin's output, truncated: untrusted text. JSON errors are left out, since they quote what was parsed. */
function firstLine(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof TypeError) return 'it printed no ExecCredential';
  const message = error instanceof Error ? error.message.trim() : '';
  const line = message.split(/[\r\n]/, 1)[0] ?? '';
  return line === '' ? 'it printed nothing' : line.replace(/\.+$/, '').slice(0, 200);
}

function same(one: Credentials, other: Credentials): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function defined(options: { [option: string]: unknown }): TlsOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== null),
  );
}
