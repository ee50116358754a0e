import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeAddress } from '../control-plane/components.ts';
import { type ProcessRecord, startProcess } from '../control-plane/processes.ts';
import { cgroupRoot, createCgroupRoot } from './cgroup.ts';
import { dnsServiceAddress } from './dns.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import { containerdSocket, type NodeLayout, nodeName, systemPath } from './layout.ts';
import { waitFor } from './wait.ts';

export interface KubeletIdentity {
  readonly kubeconfig: string;
  /** PEM files: the serving certificate, its key, and the authority that the API server's client certificate comes from. */
  readonly certificate: string;
  readonly key: string;
  readonly clientAuthority: string;
}

/** Starts the kubelet; containerd must answer. Returns its process, to be waited for with `nodeReady`. */
export async function startKubelet(
  layout: NodeLayout,
  command: string,
  identity: KubeletIdentity,
): Promise<ProcessRecord> {
  await Promise.all([mkdir(layout.kubelet, { recursive: true }), mkdir(layout.podLogs, { recursive: true })]);
  await createCgroupRoot();
  const file = join(layout.configuration, 'kubelet.json');
  await writeFile(file, JSON.stringify(kubeletConfiguration(layout, identity), undefined, 2));
  return startProcess(layout.stateDirectory, {
    name: 'kubelet',
    command,
    arguments: [
      `--config=${file}`,
      `--kubeconfig=${identity.kubeconfig}`,
      `--root-dir=${layout.kubelet}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
    ],
    environment: { PATH: systemPath },
  });
}

/** Waits until the API server says that the node is Ready. */
export async function nodeReady(api: KubernetesApi, kubelet: ProcessRecord): Promise<void> {
  await waitFor('the node to be Ready', () => isNodeReady(api), kubelet);
}

async function isNodeReady(api: KubernetesApi): Promise<boolean> {
  const body = await api.request('GET', `/api/v1/nodes/${nodeName}`);
  const node = (await body.json()) as { status?: { conditions?: { type: string; status: string }[] } };
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Back-offs, sync and pull limits keep their defaults: users see those, so tests and benchmarks must too. */
function kubeletConfiguration(layout: NodeLayout, identity: KubeletIdentity): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: nodeAddress,
    healthzPort: 0,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: identity.clientAuthority },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: identity.certificate,
    tlsPrivateKeyFile: identity.key,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    clusterDomain: 'cluster.local',
    clusterDNS: [dnsServiceAddress],
    podLogsDir: layout.podLogs,
    volumePluginDir: join(layout.kubelet, 'volume-plugins'),
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    enforceNodeAllocatable: ['none'],
    oomScoreAdj: 0,
    makeIPTablesUtilChains: false,
    serializeImagePulls: false,
    // Else an image that was once pulled under a second name (a test's registry) must be pulled under its first name too.
    imagePullCredentialsVerificationPolicy: 'NeverVerify',
    nodeStatusUpdateFrequency: '4s',
    // The disk is the developer's: however full it is, no image is collected and no pod is evicted for it.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
      'imagefs.inodesFree': '0%',
    },
  };
}
