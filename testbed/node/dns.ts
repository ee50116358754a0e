import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeAddress } from '../control-plane/components.ts';
import { startProcess } from '../control-plane/processes.ts';
import { type ObjectAtPath, permission } from './cluster-objects.ts';
import type { NodeLayout } from './layout.ts';
import { waitFor } from './wait.ts';

/** Where pods find DNS. */
export const dnsServiceAddress = '10.96.0.10';
/** The user name in CoreDNS's client certificate. */
export const dnsUser = 'orion-testbed:dns';

const readyAddress = `${nodeAddress}:8181`;
const resolverFile = '/etc/resolv.conf';

/** Starts CoreDNS as a program of the host, bound to the node's address, and waits until it knows the cluster's Services. */
export async function startDns(layout: NodeLayout, command: string, kubeconfig: string): Promise<void> {
  await mkdir(layout.configuration, { recursive: true });
  const file = join(layout.configuration, 'Corefile');
  const resolver = await readFile(resolverFile, 'utf8').catch(() => '');
  await writeFile(file, corefile(kubeconfig, /^\s*nameserver\s/m.test(resolver)));
  const program = startProcess(layout.stateDirectory, {
    name: 'coredns',
    command,
    arguments: ['-conf', file],
  });
  await waitFor('CoreDNS to be ready', async () => (await fetch(`http://${readyAddress}/ready`)).ok, program);
}

/** Without `cache`, so that a Service resolves as soon as it exists. CoreDNS refuses to forward to a file without servers. */
function corefile(kubeconfig: string, canForward: boolean): string {
  return `.:53 {
  bind ${nodeAddress}
  errors
  ready ${readyAddress}
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${JSON.stringify(kubeconfig)}
    fallthrough in-addr.arpa ip6.arpa
  }
  ${canForward ? `forward . ${resolverFile}` : ''}
}
`;
}

/** The kube-dns Service, which leads to the host, and leave for CoreDNS to read what it serves. */
export function dnsObjects(): ObjectAtPath[] {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const slice = { name: 'kube-dns-host', labels: { 'kubernetes.io/service-name': 'kube-dns' } };
  return [
    {
      path: '/api/v1/namespaces/kube-system/services/kube-dns',
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns' },
      spec: { clusterIP: dnsServiceAddress, ports },
    },
    {
      path: `/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/${slice.name}`,
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: slice,
      addressType: 'IPv4',
      endpoints: [{ addresses: [nodeAddress], conditions: { ready: true } }],
      ports,
    },
    ...permission('orion-testbed-dns', dnsUser, [
      { apiGroups: [''], resources: ['services', 'namespaces', 'pods'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ]),
  ];
}
