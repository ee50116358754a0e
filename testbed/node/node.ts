import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureBinaries } from '../binaries/ensure-binaries.ts';
import { ensureSystemPackages } from '../binaries/system-packages.ts';
import { nodeAddress } from '../control-plane/components.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { startProcess } from '../control-plane/processes.ts';
import { TestbedError } from '../testbed-error.ts';
import { importImage, startContainerd } from './containerd.ts';
import { dnsObjects, dnsUser, startDns } from './dns.ts';
import { nodeReady, startKubelet } from './kubelet.ts';
import { applyObjects, connectTo } from './kubernetes-api.ts';
import { type NodeLayout, nodeLayout, nodeName, runDirectory } from './layout.ts';
import { loadBalancerObjects, loadBalancerUser } from './load-balancer.ts';
import { machineLockHolder, takeMachineLock } from './machine-lock.ts';
import { setUpNetwork } from './network.ts';
import { startServiceProxy } from './service-proxy.ts';
import { realNodeSupport } from './support.ts';
import { keeperName, ownerFile, tearDown } from './teardown.ts';
import { waitFor } from './wait.ts';

export { trustRegistry } from './registry-trust.ts';
export { type RealNodeSupport, realNodeSupport } from './support.ts';

/** What a real node runs; the cluster makes sure of all binaries before it starts anything. */
export const nodeTools = [
  'kubelet',
  'containerd',
  'containerd-shim-runc-v2',
  'ctr',
  'runc',
  'ptp',
  'host-local',
  'portmap',
  'kube-proxy',
  'coredns',
] as const;

type NodeBinaries = Awaited<ReturnType<typeof ensureBinaries<(typeof nodeTools)[number]>>>;

export interface NodeOptions {
  readonly stateDirectory: string;
  /** Must be reachable from pods. */
  readonly controlPlane: ControlPlane;
  /** Gets a line for each part that is ready. */
  readonly log: (line: string) => void;
}

/**
 * Starts the real node and waits until it is Ready and Services and DNS work. What a crashed node left is removed first.
 * If a part fails, everything is taken down again; the logs stay in `<state folder>/logs`.
 * @throws TestbedError if this machine cannot run one, if another one runs, or with the end of the log of the part that failed
 */
export async function startNode(options: NodeOptions): Promise<void> {
  const support = realNodeSupport();
  if (!support.supported) throw new TestbedError(`${support.reason}. Use hollow nodes (--hollow).`);
  const binaries = await ensureBinaries(nodeTools, options.log);
  await ensureSystemPackages(['iproute2', 'nftables'], options.log);
  const layout = nodeLayout(options.stateDirectory);
  await clearMachine(layout.stateDirectory);
  try {
    await startKeeper(layout, options.controlPlane);
    await startParts(layout, binaries, options);
  } catch (error) {
    await stopNode(layout.stateDirectory);
    throw error;
  }
}

/** Stops the node of this state folder and removes every trace of it, running, crashed or absent. Another's node stays. */
export async function stopNode(stateDirectory: string): Promise<void> {
  if (!realNodeSupport().supported) return;
  if (!existsSync(runDirectory)) {
    await rm(nodeLayout(stateDirectory).directory, { recursive: true, force: true });
    return;
  }
  await tearDownUnlessForeign(resolve(stateDirectory));
}

/**
 * Imports an image archive (docker or OCI) into the node of this state folder.
 * @throws TestbedError if that node does not run, or the file is no image archive
 */
export async function loadImage(stateDirectory: string, archive: string): Promise<void> {
  const holder = await machineLockHolder();
  if (holder?.stateDirectory !== resolve(stateDirectory)) {
    throw new TestbedError(
      `No real node runs in ${resolve(stateDirectory)}. Start one with: npm run cluster -- up`,
    );
  }
  const { ctr } = await ensureBinaries(['ctr'], () => {});
  await importImage(ctr, archive);
}

/** Makes the machine free of nodes: one of this folder is stopped, what a crash left is removed, another's is an error. */
async function clearMachine(stateDirectory: string): Promise<void> {
  const foreign = await tearDownUnlessForeign(stateDirectory);
  if (foreign === undefined) return;
  throw new TestbedError(
    `A real node of the testbed in ${foreign} runs on this machine, which has room for one. Stop it with \`npm run cluster -- down --state ${foreign}\`, or use hollow nodes (--hollow).`,
  );
}

/** Returns the state folder of the running node if that is another's; otherwise nothing is left of any node. */
async function tearDownUnlessForeign(stateDirectory: string): Promise<string | undefined> {
  using lock = await takeMachineLock({ stateDirectory, processId: process.pid });
  const holder = lock === undefined ? await machineLockHolder() : undefined;
  // It was let go between the two questions.
  if (lock === undefined && holder === undefined) return tearDownUnlessForeign(stateDirectory);
  if (holder !== undefined && holder.stateDirectory !== stateDirectory) return holder.stateDirectory;
  await tearDown(stateDirectory);
  return undefined;
}

/** Starts the program that holds the machine's lock from here on; see keeper.ts. */
async function startKeeper(layout: NodeLayout, controlPlane: ControlPlane): Promise<void> {
  const kubeconfig = await controlPlane.issueKubeconfig('load-balancer', loadBalancerUser);
  const keeper = startProcess(layout.stateDirectory, {
    name: keeperName,
    command: process.execPath,
    arguments: [join(import.meta.dirname, 'keeper.ts'), layout.stateDirectory, kubeconfig],
  });
  const holdsLock = async () => (await machineLockHolder())?.processId === keeper.pid;
  await waitFor('the lock on this machine', async () => (await holdsLock()) && existsSync(ownerFile), keeper);
}

async function startParts(layout: NodeLayout, binaries: NodeBinaries, options: NodeOptions): Promise<void> {
  const { controlPlane } = options;
  const started = performance.now();
  const logReady = (part: string) => () =>
    options.log(`${part} ready after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  await setUpNetwork(layout);
  const [proxy, dns] = await Promise.all([
    controlPlane.issueKubeconfig('kube-proxy', 'system:kube-proxy'),
    controlPlane.issueKubeconfig('coredns', dnsUser),
  ]);
  await using api = await connectTo(controlPlane.adminKubeconfig);
  const parts = [
    applyObjects(api, [...dnsObjects(), ...loadBalancerObjects()]),
    startServiceProxy(layout, binaries['kube-proxy'], proxy).then(logReady('kube-proxy')),
    startDns(layout, binaries.coredns, dns).then(logReady('CoreDNS')),
    startContainerd(layout, binaries)
      .then(() => kubeletIdentity(controlPlane))
      .then((identity) => startKubelet(layout, binaries.kubelet, identity))
      .then((kubelet) => nodeReady(api, kubelet))
      .then(logReady('node')),
  ];
  // All of them, also after a failure: a part that is still starting would start again what is being taken down.
  for (const part of await Promise.allSettled(parts)) if (part.status === 'rejected') throw part.reason;
}

async function kubeletIdentity(controlPlane: ControlPlane) {
  const [kubeconfig, serving] = await Promise.all([
    controlPlane.issueKubeconfig('kubelet', `system:node:${nodeName}`, ['system:nodes']),
    controlPlane.issueServerCertificate('kubelet', [nodeName, nodeAddress]),
  ]);
  return { kubeconfig, ...serving, clientAuthority: controlPlane.certificateAuthority.certificate };
}
