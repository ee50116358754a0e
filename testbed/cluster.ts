import { access, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ensureBinaries } from './binaries/ensure-binaries.ts';
import { withFileLock } from './binaries/file-lock.ts';
import type { ToolName } from './binaries/tools.ts';
import { type ClusterState, readState, removeState, writeState } from './cluster-state.ts';
import type { ControlPlaneBinaries } from './control-plane/components.ts';
import {
  answers,
  attachControlPlane,
  type ControlPlane,
  startControlPlane,
  stopControlPlane,
} from './control-plane/control-plane.ts';
import { isRunning, killStrays, listProcesses } from './control-plane/processes.ts';
import { addHollowNodes, restartHollowNodes, stopHollowNodes } from './hollow/hollow-nodes.ts';
import { loadImage, nodeTools, realNodeSupport, startNode, stopNode } from './node/node.ts';
import { messageOf, TestbedError } from './testbed-error.ts';

export type { ControlPlane } from './control-plane/control-plane.ts';
export { TestbedError } from './testbed-error.ts';

/** `.cluster` at the root of the project. */
export const defaultStateDirectory = join(import.meta.dirname, '..', '.cluster');

const defaultHollowNodes = 3;
const startAttempts = 3;
const controlPlaneTools = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

export interface ClusterOptions {
  /** Where everything of the cluster is kept; two clusters with two folders run side by side. */
  readonly stateDirectory?: string;
  /** `real` runs pods on this machine, `hollow` pretends to. */
  readonly node: 'hollow' | 'real';
  /** Default: 3, or none beside a real node. */
  readonly hollowNodes?: number;
  readonly log?: (line: string) => void;
}

export interface ClusterStatus {
  readonly node: 'hollow' | 'real';
  readonly hollowNodes: number;
  readonly server: string;
  readonly startedAt: string;
  /** True if every process runs and the API server says that it is ready. */
  readonly healthy: boolean;
  readonly processes: readonly { name: string; pid: number; running: boolean; log: string }[];
}

/** A running cluster. All paths are absolute. */
export interface Cluster {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly stateDirectory: string;
  readonly auditLog: string;
  readonly controlPlane: ControlPlane;
  /** Imports an image archive into the real node. Throws a TestbedError on a hollow cluster. */
  loadImage(archive: string): Promise<void>;
  /** Brings the cluster to at least this many hollow nodes. */
  addHollowNodes(count: number, log?: (line: string) => void): Promise<void>;
  /** Hollow nodes are restarted too: kwok forgets a pod whose status it could not write while etcd was away. */
  restartEtcd(): Promise<void>;
  status(): Promise<ClusterStatus>;
  /** Ends every process of the cluster and removes its state; only its logs stay. */
  stop(): Promise<void>;
}

/**
 * Starts a cluster, or attaches to a healthy one of the same kind in the same folder; what a crashed one left is cleaned
 * up first. Throws a TestbedError if the machine cannot run it, or a cluster of the other kind runs there.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const stateDirectory = resolve(options.stateDirectory ?? defaultStateDirectory);
  const log = options.log ?? (() => {});
  const support = realNodeSupport();
  if (options.node === 'real' && !support.supported) {
    throw new TestbedError(`No real node can run here: ${support.reason}. Use hollow nodes (--hollow).`);
  }
  await mkdir(stateDirectory, { recursive: true });
  return alone(stateDirectory, log, async () => {
    const running = await attachTo(stateDirectory, options, log);
    if (running) return running;
    await cleanUp(stateDirectory, log, true);
    try {
      return await startAnew(stateDirectory, options, log);
    } catch (error) {
      await cleanUp(stateDirectory, log, false);
      throw error;
    }
  });
}

/** The cluster that runs in a state folder. Throws a TestbedError if there is none. */
export async function attachCluster(stateDirectory: string = defaultStateDirectory): Promise<Cluster> {
  const folder = resolve(stateDirectory);
  const state = await readState(folder);
  if (!state?.complete) {
    throw new TestbedError(`No cluster runs in ${folder}. Start one with: npm run cluster -- up`);
  }
  return describe(folder, state);
}

/** Ends whatever runs in a state folder, also the remains of a crash. Does nothing if there is nothing. */
export async function stopCluster(
  stateDirectory: string = defaultStateDirectory,
  log: (line: string) => void = () => {},
): Promise<void> {
  const folder = resolve(stateDirectory);
  await mkdir(folder, { recursive: true });
  await alone(folder, log, () => cleanUp(folder, log, false));
}

function alone<Result>(
  stateDirectory: string,
  log: (line: string) => void,
  action: () => Promise<Result>,
): Promise<Result> {
  return withFileLock(join(stateDirectory, 'lock'), action, () => {
    log('waiting for another process that starts or stops this cluster');
  });
}

async function attachTo(
  stateDirectory: string,
  options: ClusterOptions,
  log: (line: string) => void,
): Promise<Cluster | undefined> {
  const state = await readState(stateDirectory);
  if (!state || !(await isHealthy(stateDirectory, state))) return undefined;
  if (state.node !== options.node) {
    throw new TestbedError(
      `A cluster with ${state.node} nodes runs in ${stateDirectory}, not one with ${options.node} nodes. Stop it first with: npm run cluster -- down`,
    );
  }
  const cluster = describe(stateDirectory, state);
  const wanted = options.hollowNodes ?? 0;
  if (wanted > state.hollowNodes) await cluster.addHollowNodes(wanted, log);
  return cluster;
}

async function startAnew(
  stateDirectory: string,
  options: ClusterOptions,
  log: (line: string) => void,
): Promise<Cluster> {
  const { node } = options;
  const hollowNodes = options.hollowNodes ?? (node === 'real' ? 0 : defaultHollowNodes);
  const startedAt = new Date().toISOString();
  const state: ClusterState = { version: 1, node, hollowNodes: 0, server: '', startedAt, complete: false };
  await writeState(stateDirectory, state);
  const binaries = await timed('binaries', log, () => ensureBinaries(neededTools(node, hollowNodes), log));
  const controlPlane = await timed('control plane', log, () =>
    startFreshControlPlane(state, stateDirectory, binaries, log),
  );
  await writeState(stateDirectory, { ...state, server: controlPlane.server });
  const tainted = node === 'real';
  if (node === 'real') await timed('real node', log, () => startNode({ stateDirectory, controlPlane, log }));
  if (hollowNodes > 0) {
    const options = { controlPlane, count: hollowNodes, tainted, log };
    await timed(`${hollowNodes} hollow nodes`, log, () => addHollowNodes(options));
  }
  const complete = { ...state, hollowNodes, server: controlPlane.server, complete: true };
  await writeState(stateDirectory, complete);
  return describe(stateDirectory, complete);
}

/** All at once and first, so that a machine without them says how many it has to make. */
function neededTools(node: 'hollow' | 'real', hollowNodes: number): ToolName[] {
  const more = node === 'real' ? nodeTools : [];
  return [...controlPlaneTools, ...more, ...(hollowNodes > 0 ? (['kwok'] as const) : [])];
}

/** Another program may take a port between its choice and its use: then all of it is tried once more. */
async function startFreshControlPlane(
  state: ClusterState,
  stateDirectory: string,
  binaries: ControlPlaneBinaries,
  log: (line: string) => void,
): Promise<ControlPlane> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startControlPlane({
        stateDirectory,
        binaries,
        reachableFromPods: state.node === 'real',
      });
    } catch (error) {
      if (attempt === startAttempts || !messageOf(error).includes('address already in use')) throw error;
      log('a port was taken meanwhile; trying others');
      await stopControlPlane(stateDirectory);
      await removeState(stateDirectory, true);
      await writeState(stateDirectory, state);
    }
  }
}

async function timed<Result>(
  what: string,
  log: (line: string) => void,
  action: () => Promise<Result>,
): Promise<Result> {
  log(`starting ${what}`);
  const started = performance.now();
  const result = await action();
  log(`${what} ready after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

/** Stops and removes everything in the folder, whatever state a crash left it in. The caller holds the folder's lock. */
async function cleanUp(stateDirectory: string, log: (line: string) => void, logsToo: boolean): Promise<void> {
  const state = await readState(stateDirectory);
  const left = listProcesses(stateDirectory);
  if (state || left.length > 0) log(`cleaning up ${stateDirectory}`);
  if (state?.node === 'real') await stopNode(stateDirectory);
  await stopHollowNodes(stateDirectory);
  await stopControlPlane(stateDirectory);
  killStrays(stateDirectory);
  await removeState(stateDirectory, logsToo);
}

async function isHealthy(stateDirectory: string, state: ClusterState): Promise<boolean> {
  if (!state.complete) return false;
  const processes = listProcesses(stateDirectory);
  if (processes.length === 0 || !processes.every(isRunning)) return false;
  return answers(attachControlPlane(stateDirectory, state.server), '/readyz');
}

function describe(stateDirectory: string, state: ClusterState): Cluster {
  const controlPlane = attachControlPlane(stateDirectory, state.server);
  return {
    kubeconfig: controlPlane.adminKubeconfig,
    stateDirectory,
    auditLog: controlPlane.auditLog,
    controlPlane,
    async loadImage(archive) {
      if (state.node === 'hollow') {
        throw new TestbedError('Hollow nodes run no images. Start a cluster with a real node to load one.');
      }
      const readable = await access(archive).then(
        () => true,
        () => false,
      );
      if (!readable) throw new TestbedError(`There is no image archive ${archive}. Name one that exists.`);
      await loadImage(stateDirectory, resolve(archive));
    },
    async addHollowNodes(count, log = () => {}) {
      await addHollowNodes({ controlPlane, count, tainted: state.node === 'real', log });
      await writeState(stateDirectory, { ...state, hollowNodes: Math.max(count, state.hollowNodes) });
    },
    async restartEtcd() {
      await controlPlane.restartEtcd();
      await restartHollowNodes(controlPlane);
    },
    async status() {
      const { node, hollowNodes, server, startedAt } = (await readState(stateDirectory)) ?? state;
      const processes = listProcesses(stateDirectory).map((record) => ({
        name: record.name,
        pid: record.pid,
        running: isRunning(record),
        log: record.log,
      }));
      const healthy = await isHealthy(stateDirectory, state);
      return { node, hollowNodes, server, startedAt, healthy, processes };
    },
    stop: () => stopCluster(stateDirectory),
  };
}
