import { join } from 'node:path';
import type { ProcessOptions } from './processes.ts';

/** Address of the testbed's real node; nothing has to be there for hollow ones. */
export const nodeAddress = '10.250.0.1';
export const serviceRange = '10.96.0.0/16';
export const apiServerHosts = [
  '127.0.0.1',
  '10.96.0.1',
  nodeAddress,
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];

/** Where the parts of a control plane find each other. */
export interface ControlPlaneLayout {
  readonly stateDirectory: string;
  readonly apiServerPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  /** `0.0.0.0` if pods of a real node must reach the API server, else `127.0.0.1`. */
  readonly bindAddress: string;
  /** What the `kubernetes` Service leads to. */
  readonly advertiseAddress: string;
}

export type ControlPlaneBinaries = Readonly<
  Record<'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler', string>
>;

export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

/** Paths of everything the control plane keeps in its state folder. */
export function controlPlaneFiles(stateDirectory: string) {
  const certificates = join(stateDirectory, 'certificates');
  const pair = (name: string) => ({
    certificate: join(certificates, `${name}.crt`),
    key: join(certificates, `${name}.key`),
  });
  return {
    pair,
    authority: pair('ca'),
    apiServer: pair('kube-apiserver'),
    kubeletClient: pair('kube-apiserver-kubelet-client'),
    serviceAccountKey: join(certificates, 'service-accounts.key'),
    auditPolicy: join(stateDirectory, 'audit-policy.json'),
    auditLog: join(stateDirectory, 'audit.log'),
    kubeconfig: (name: string) => join(stateDirectory, 'kubeconfigs', `${name}.yaml`),
  };
}

export function etcd(layout: ControlPlaneLayout, command: string): ProcessOptions {
  const client = `http://127.0.0.1:${layout.etcdPort}`;
  const peer = `http://127.0.0.1:${layout.etcdPeerPort}`;
  const flags = {
    'data-dir': join(layout.stateDirectory, 'etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    'unsafe-no-fsync': 'true',
  };
  return { name: 'etcd', command, arguments: flagList(flags) };
}

export function apiServer(layout: ControlPlaneLayout, command: string): ProcessOptions {
  const files = controlPlaneFiles(layout.stateDirectory);
  const flags = {
    'etcd-servers': `http://127.0.0.1:${layout.etcdPort}`,
    'bind-address': layout.bindAddress,
    'advertise-address': layout.advertiseAddress,
    'secure-port': String(layout.apiServerPort),
    'tls-cert-file': files.apiServer.certificate,
    'tls-private-key-file': files.apiServer.key,
    'client-ca-file': files.authority.certificate,
    'kubelet-client-certificate': files.kubeletClient.certificate,
    'kubelet-client-key': files.kubeletClient.key,
    // By the node's name, logs and exec would need a name server that knows it.
    'kubelet-preferred-address-types': 'InternalIP',
    'authorization-mode': 'Node,RBAC',
    'allow-privileged': 'true',
    'service-cluster-ip-range': serviceRange,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': files.serviceAccountKey,
    'service-account-signing-key-file': files.serviceAccountKey,
    'audit-policy-file': files.auditPolicy,
    'audit-log-path': files.auditLog,
    // Tests read the log right after a request: neither batches nor a rotation may come in between.
    'audit-log-mode': 'blocking',
    'audit-log-maxsize': '4096',
  };
  return { name: 'kube-apiserver', command, arguments: flagList(flags) };
}

// With the default of 20 requests a second, rolling 100 Deployments took four times as long.
const unhurried = { 'leader-elect': 'false', 'kube-api-qps': '1000', 'kube-api-burst': '2000' };

export function controllerManager(layout: ControlPlaneLayout, command: string): ProcessOptions {
  const files = controlPlaneFiles(layout.stateDirectory);
  const flags = {
    ...unhurried,
    kubeconfig: files.kubeconfig('kube-controller-manager'),
    'secure-port': '0',
    'root-ca-file': files.authority.certificate,
    'cluster-signing-cert-file': files.authority.certificate,
    'cluster-signing-key-file': files.authority.key,
    'service-account-private-key-file': files.serviceAccountKey,
    'service-cluster-ip-range': serviceRange,
  };
  return { name: 'kube-controller-manager', command, arguments: flagList(flags) };
}

export function scheduler(layout: ControlPlaneLayout, command: string): ProcessOptions {
  const files = controlPlaneFiles(layout.stateDirectory);
  const flags = { ...unhurried, kubeconfig: files.kubeconfig('kube-scheduler'), 'secure-port': '0' };
  return { name: 'kube-scheduler', command, arguments: flagList(flags) };
}

function flagList(flags: Readonly<Record<string, string>>): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}
