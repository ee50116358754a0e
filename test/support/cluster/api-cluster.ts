/** A hollow cluster for one test file: a real API server, etcd and controllers, without kubelets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubernetesApi, type KubernetesApi } from '../../../src/cluster/api/api.ts';
import { type Connection, connect } from '../../../src/cluster/api/connect.ts';
import { type Cluster, startCluster } from '../../../testbed/cluster.ts';

/** Binaries may have to be built first, on a machine that has none. */
export const startTimeout = 1_800_000;

export interface ApiCluster {
  readonly cluster: Cluster;
  readonly connection: Connection;
  readonly api: KubernetesApi;
  /** Makes a namespace of its own for one test. */
  newNamespace(): Promise<string>;
  /** Another connection, of the administrator or of the given kubeconfig. */
  connectAgain(kubeconfig?: string): Promise<Connection>;
  stop(): Promise<void>;
}

/** A hollow cluster for one test file, and a connection to it. */
export async function startApiCluster(): Promise<ApiCluster> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'orion-api-'));
  const cluster = await startCluster({ stateDirectory, node: 'hollow', hollowNodes: 1 });
  const connections: Connection[] = [];
  const connectAgain = async (kubeconfig = cluster.kubeconfig) => {
    const connection = await connect({ kubeconfig, env: {}, home: '' });
    connections.push(connection);
    return connection;
  };
  const connection = await connectAgain();
  const api = createKubernetesApi(connection);
  let namespaces = 0;
  return {
    cluster,
    connection,
    api,
    connectAgain,
    newNamespace: async () => {
      namespaces += 1;
      const name = `test-${namespaces}`;
      await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      return name;
    },
    stop: async () => {
      for (const one of connections) await one.close();
      await cluster.stop();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}
