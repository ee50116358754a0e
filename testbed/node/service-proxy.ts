import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeAddress } from '../control-plane/components.ts';
import { startProcess } from '../control-plane/processes.ts';
import { type NodeLayout, nodeName, systemPath } from './layout.ts';
import { podRange } from './pod-network.ts';
import { waitFor } from './wait.ts';

const healthAddress = `${nodeAddress}:10256`;

/** Starts kube-proxy in nftables mode and waits until it has written its rules once. */
export async function startServiceProxy(
  layout: NodeLayout,
  command: string,
  kubeconfig: string,
): Promise<void> {
  await mkdir(layout.configuration, { recursive: true });
  const file = join(layout.configuration, 'kube-proxy.json');
  await writeFile(file, JSON.stringify(proxyConfiguration(kubeconfig), undefined, 2));
  const program = startProcess(layout.stateDirectory, {
    name: 'kube-proxy',
    command,
    arguments: [`--config=${file}`],
    environment: { PATH: systemPath },
  });
  await waitFor(
    'kube-proxy to be healthy',
    async () => (await fetch(`http://${healthAddress}/healthz`)).ok,
    program,
  );
}

function proxyConfiguration(kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    hostnameOverride: nodeName,
    clientConnection: { kubeconfig },
    clusterCIDR: podRange,
    healthzBindAddress: healthAddress,
    metricsBindAddress: `${nodeAddress}:10249`,
    oomScoreAdj: 0,
    // Zero: leave the machine's own limits and time-outs alone.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}
