import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTo } from '../node/kubernetes-api.ts';
import { TestbedError } from '../testbed-error.ts';
import { type CertificateFiles, createAuthority, issueCertificate } from './certificates.ts';
import {
  apiServer,
  apiServerHosts,
  auditPolicy,
  type ControlPlaneBinaries,
  type ControlPlaneLayout,
  controllerManager,
  controlPlaneFiles,
  etcd,
  nodeAddress,
  scheduler,
} from './components.ts';
import { freePorts, isFree } from './free-ports.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { isRunning, listProcesses, type ProcessRecord, startProcess, stopProcess } from './processes.ts';

const readyMilliseconds = 60_000;
const names = ['kube-scheduler', 'kube-controller-manager', 'kube-apiserver', 'etcd'];

/** A running control plane, and what others need of it. All paths are absolute. */
export interface ControlPlane {
  readonly stateDirectory: string;
  /** Address of the API server, `https://127.0.0.1:<port>`. */
  readonly server: string;
  /** Kubeconfig of a member of system:masters. */
  readonly adminKubeconfig: string;
  /** One JSON object a line, of level Metadata, written before the answer is sent. */
  readonly auditLog: string;
  readonly certificateAuthority: CertificateFiles;
  /** Makes a kubeconfig for a user with these groups and returns its path. Without groups the user may do nothing. */
  issueKubeconfig(name: string, commonName: string, organizations?: readonly string[]): Promise<string>;
  issueServerCertificate(name: string, hosts: readonly string[]): Promise<CertificateFiles>;
  issueClientCertificate(
    name: string,
    commonName: string,
    organizations: readonly string[],
  ): Promise<CertificateFiles>;
  /** Kills the API server, starts it again with the same flags and waits until it is ready. */
  restartApiServer(): Promise<void>;
  /** Kills etcd, starts it again with its data and waits until the API server is ready again. */
  restartEtcd(): Promise<void>;
}

export interface ControlPlaneOptions {
  readonly stateDirectory: string;
  readonly binaries: ControlPlaneBinaries;
  /** True if pods of a real node must reach the API server: it then listens on every address. */
  readonly reachableFromPods: boolean;
}

/**
 * Starts etcd, kube-apiserver, controller-manager and scheduler in an empty state folder and waits until Pods can be
 * made. Throws a TestbedError with the last lines of a component's log if that one ends.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { stateDirectory, binaries } = options;
  const [apiServerPort = 0, etcdPort = 0, etcdPeerPort = 0] = await freePorts(3);
  const bindAddress = options.reachableFromPods ? '0.0.0.0' : '127.0.0.1';
  const ports = { apiServerPort, etcdPort, etcdPeerPort };
  const layout: ControlPlaneLayout = { stateDirectory, ...ports, bindAddress, advertiseAddress: nodeAddress };
  await mkdir(stateDirectory, { recursive: true });
  startProcess(stateDirectory, etcd(layout, binaries.etcd));
  const controlPlane = attachControlPlane(stateDirectory, `https://127.0.0.1:${apiServerPort}`);
  await writeFiles(controlPlane);
  await waitFor(stateDirectory, () => accepts(etcdPort));
  startProcess(stateDirectory, apiServer(layout, binaries['kube-apiserver']));
  await waitFor(stateDirectory, () => accepts(apiServerPort));
  startProcess(stateDirectory, controllerManager(layout, binaries['kube-controller-manager']));
  startProcess(stateDirectory, scheduler(layout, binaries['kube-scheduler']));
  const defaultAccount = '/api/v1/namespaces/default/serviceaccounts/default';
  await waitFor(stateDirectory, () => answers(controlPlane, '/readyz'));
  await waitFor(stateDirectory, () => answers(controlPlane, defaultAccount));
  return controlPlane;
}

/** The control plane that runs in a state folder; nothing is started or asked. */
export function attachControlPlane(stateDirectory: string, server: string): ControlPlane {
  const files = controlPlaneFiles(stateDirectory);
  const controlPlane: ControlPlane = {
    stateDirectory,
    server,
    adminKubeconfig: files.kubeconfig('admin'),
    auditLog: files.auditLog,
    certificateAuthority: files.authority,
    async issueKubeconfig(name, commonName, organizations = []) {
      const client = await controlPlane.issueClientCertificate(`client-${name}`, commonName, organizations);
      const path = files.kubeconfig(name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeKubeconfig(path, server, files.authority, client, commonName);
      return path;
    },
    async issueServerCertificate(name, hosts) {
      const pair = files.pair(name);
      await issueCertificate(files.authority, { commonName: name, hosts }, pair, new Date());
      return pair;
    },
    async issueClientCertificate(name, commonName, organizations) {
      const pair = files.pair(name);
      await issueCertificate(files.authority, { commonName, organizations }, pair, new Date());
      return pair;
    },
    restartApiServer: () => restart(controlPlane, 'kube-apiserver'),
    restartEtcd: () => restart(controlPlane, 'etcd'),
  };
  return controlPlane;
}

/** Kills the control plane's processes; its state is not meant to live on. Does nothing if there are none. */
export async function stopControlPlane(stateDirectory: string): Promise<void> {
  await Promise.all(names.map((name) => stopProcess(stateDirectory, name, 0)));
}

/** True if the API server says that it is ready within the given time. */
export async function answers(
  controlPlane: ControlPlane,
  path: string,
  milliseconds = 2_000,
): Promise<boolean> {
  try {
    const api = await connectTo(controlPlane.adminKubeconfig);
    try {
      const body = await Promise.race([
        api.request('GET', path),
        delay(milliseconds, undefined, { ref: false }),
      ]);
      await body?.dump();
      return body !== undefined;
    } finally {
      await api.close();
    }
  } catch {
    return false;
  }
}

async function writeFiles(controlPlane: ControlPlane): Promise<void> {
  const files = controlPlaneFiles(controlPlane.stateDirectory);
  await createAuthority(files.authority, new Date());
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // SEC1, since Kubernetes takes no public key from a PKCS #8 file with an elliptic curve.
  await writeFile(files.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }), {
    mode: 0o600,
  });
  await writeFile(files.auditPolicy, JSON.stringify(auditPolicy));
  const kubeletClient = { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] };
  const masters = ['system:masters'];
  await Promise.all([
    controlPlane.issueServerCertificate('kube-apiserver', apiServerHosts),
    issueCertificate(files.authority, kubeletClient, files.kubeletClient, new Date()),
    controlPlane.issueKubeconfig('admin', 'admin', masters),
    controlPlane.issueKubeconfig('kube-controller-manager', 'system:kube-controller-manager', masters),
    controlPlane.issueKubeconfig('kube-scheduler', 'system:kube-scheduler', masters),
  ]);
}

async function restart(controlPlane: ControlPlane, name: 'etcd' | 'kube-apiserver'): Promise<void> {
  const { stateDirectory } = controlPlane;
  const record = listProcesses(stateDirectory).find((each) => each.name === name);
  if (!record) throw new TestbedError(`No ${name} was started in ${stateDirectory}. Start a cluster first.`);
  await stopProcess(stateDirectory, record.name, 0);
  // A killed process counts as ended when its first thread is; the others may hold the listener a moment longer.
  const deadline = performance.now() + 10_000;
  for (const port of listeningPorts(record)) {
    while (!(await isFree(port)) && performance.now() < deadline) await delay(10);
  }
  startProcess(stateDirectory, record);
  await waitFor(stateDirectory, () => answers(controlPlane, '/readyz'));
}

function listeningPorts({ arguments: flags }: ProcessRecord): number[] {
  return flags.flatMap((flag) => {
    const port = /^--(?:secure-port=|listen-(?:client|peer)-urls=.*:)(\d+)$/.exec(flag)?.[1];
    return port === undefined ? [] : [Number(port)];
  });
}

/** Waits until `condition` holds; fails at once, with its log, when a component has ended. */
async function waitFor(stateDirectory: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + readyMilliseconds;
  while (!(await condition())) {
    const ended = listProcesses(stateDirectory).find((record) => !isRunning(record));
    if (ended) {
      const log = await readFile(ended.log, 'utf8').catch(() => '');
      const last = log.trim().split('\n').slice(-5).join('\n');
      throw new TestbedError(
        `${ended.name} ended while the control plane started; see ${ended.log}:\n${last}`,
      );
    }
    if (performance.now() > deadline) {
      throw new TestbedError(
        `The control plane was not ready within ${readyMilliseconds / 1000} s. Its logs are in ${join(stateDirectory, 'logs')}.`,
      );
    }
    await delay(25);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}
