import { Fault } from '../../domain/failure/fault.ts';
import { credentialSource } from '../auth/credentials.ts';
import { type KubeconfigSource, loadKubeconfig } from '../auth/kubeconfig.ts';
import { ApiError } from '../transport/api-error.ts';
import { createTransport, type Transport } from '../transport/transport.ts';

/** Which cluster to connect to, and how this client names itself. */
export interface ConnectOptions extends KubeconfigSource {
  readonly signal?: AbortSignal;
  /** For the User-Agent `orion-deploy/<version>`. */
  readonly version?: string;
  /** Milliseconds since the epoch; for the age of credentials. */
  readonly now?: () => number;
}

/** An authenticated connection to one API server; `close` ends its sockets. */
export interface Connection {
  readonly transport: Transport;
  /** `127.0.0.1:6443` */
  readonly host: string;
  /** The name of the context in the kubeconfig. */
  readonly context: string;
  /** The name of the cluster in the kubeconfig. */
  readonly cluster: string;
  /** The namespace of the context, if it has one. */
  readonly namespace?: string;
  /** `v1.36.3`; empty if the server does not say. */
  readonly serverVersion: string;
  close(): Promise<void>;
}

/**
 * Authenticates with the kubeconfig and sends one request, so that an unreachable cluster or refused credentials are
 * detected here.
 *
 * @throws Fault `kubeconfig-unreadable`, `bad-input`, `tool-missing`, `cluster-unreachable`, `unauthorized`
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const kubeconfig = await loadKubeconfig(options);
  const { config } = kubeconfig;
  const cluster = config.getCurrentCluster();
  const context = config.getContextObject(config.getCurrentContext());
  if (cluster === null || context === null) throw new Error('loadKubeconfig rejects such a kubeconfig');
  const transport = createTransport({
    server: cluster.server,
    proxyUrl: cluster.proxyUrl,
    env: options.env,
    userAgent: `orion-deploy/${options.version ?? 'development'}`,
    credentials: credentialSource(kubeconfig, () => loadKubeconfig(options), options.now ?? Date.now),
  });
  try {
    return {
      transport,
      host: new URL(cluster.server).host,
      context: context.name,
      cluster: cluster.name,
      ...(context.namespace ? { namespace: context.namespace } : {}),
      serverVersion: await readVersion(transport, options.signal),
      close: () => transport.close(),
    };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

async function readVersion(transport: Transport, signal: AbortSignal | undefined): Promise<string> {
  const ask = { method: 'GET', path: '/version', signal, deadline: 10_000 } as const;
  try {
    // A server that does not respond is given up soon; one that sends a Retry-After is up, and is waited for.
    const { body } = await transport.request({ ...ask, patience: 2000 }).catch((error: unknown) => {
      if (error instanceof ApiError && isPassing(error)) return transport.request(ask);
      throw error;
    });
    const version = (body as { gitVersion?: unknown } | null)?.gitVersion;
    return typeof version === 'string' ? version : '';
  } catch (error) {
    // Hardened clusters forbid /version; that does not mean that the credentials are refused.
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return '';
    if (!(error instanceof ApiError) || !isPassing(error)) throw error;
    throw new Fault(
      'cluster-unreachable',
      `The API server keeps responding with status ${error.status}: ${error.message}`,
      'Run the job again; if the error persists, check the load of the API server.',
      { cause: error },
    );
  }
}

function isPassing({ status }: ApiError): boolean {
  return status === 429 || status >= 500;
}
