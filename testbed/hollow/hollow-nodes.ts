import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ensureBinaries } from '../binaries/ensure-binaries.ts';
import { ensureKwokStages } from '../binaries/kwok-stages.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { isRunning, listProcesses, startProcess, stopProcess } from '../control-plane/processes.ts';
import { connectTo, type KubernetesApi } from '../node/kubernetes-api.ts';
import { TestbedError } from '../testbed-error.ts';

const hollowAnnotation = 'kwok.x-k8s.io/node';
const processName = 'kwok';
const readyMilliseconds = 30_000;
const requestsAtOnce = 16;

/** Enough for any test: scheduling failures must come from the test's own requests. */
const capacity = { cpu: '64', memory: '256Gi', pods: '500', 'ephemeral-storage': '1Ti' };

export interface HollowNodesOptions {
  readonly controlPlane: ControlPlane;
  /** How many hollow nodes the cluster shall have; those that are there already count. */
  readonly count: number;
  /** True beside a real node: only pods that tolerate `kwok.x-k8s.io/node=fake:NoSchedule` may then go onto hollow ones. */
  readonly tainted: boolean;
  readonly log: (line: string) => void;
}

/** Brings the cluster to at least `count` hollow nodes, run by kwok, and waits until they are ready. */
export async function addHollowNodes(options: HollowNodesOptions): Promise<void> {
  const { controlPlane, count, tainted, log } = options;
  if (count <= 0) return;
  await startKwok(controlPlane, log);
  const api = await connectTo(controlPlane.adminKubeconfig);
  try {
    const present = new Set((await hollowNodes(api)).map((node) => node.name));
    const wanted = Array.from({ length: count }, (_, index) => `hollow-${index}`);
    const missing = wanted.filter((name) => !present.has(name));
    const create = async (name: string | undefined) => {
      for (let next = name; next !== undefined; next = missing.pop()) {
        const answer = await api.request('POST', '/api/v1/nodes', {
          type: 'application/json',
          value: hollowNode(next, tainted),
        });
        await answer.dump();
      }
    };
    await Promise.all(Array.from({ length: requestsAtOnce }, () => create(missing.pop())));
    await waitUntilReady(api, wanted, controlPlane);
  } finally {
    await api.close();
  }
}

export function stopHollowNodes(stateDirectory: string): Promise<void> {
  return stopProcess(stateDirectory, processName, 0);
}

/** Looks at every pod anew. Nothing happens where there are no hollow nodes. */
export async function restartHollowNodes(controlPlane: ControlPlane): Promise<void> {
  if (!listProcesses(controlPlane.stateDirectory).some(({ name }) => name === processName)) return;
  await stopHollowNodes(controlPlane.stateDirectory);
  await startKwok(controlPlane, () => {});
}

async function startKwok(controlPlane: ControlPlane, log: (line: string) => void): Promise<void> {
  const { stateDirectory } = controlPlane;
  if (listProcesses(stateDirectory).some((each) => each.name === processName && isRunning(each))) return;
  const [{ kwok }, stages] = await Promise.all([ensureBinaries(['kwok'], log), ensureKwokStages()]);
  const kubeconfig = await controlPlane.issueKubeconfig('kwok', 'kwok', ['system:masters']);
  startProcess(stateDirectory, {
    name: processName,
    command: kwok,
    arguments: [
      `--kubeconfig=${kubeconfig}`,
      // Without Stages kwok ends at once.
      `--config=${stages}`,
      '--manage-all-nodes=false',
      `--manage-nodes-with-annotation-selector=${hollowAnnotation}=fake`,
      '--node-lease-duration-seconds=40',
      '--cidr=10.100.0.0/14',
    ],
  });
}

function hollowNode(name: string, tainted: boolean): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { [hollowAnnotation]: 'fake', 'node.alpha.kubernetes.io/ttl': '0' },
      labels: {
        type: 'kwok',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
      },
    },
    spec: tainted ? { taints: [{ key: hollowAnnotation, value: 'fake', effect: 'NoSchedule' }] } : {},
    status: { capacity, allocatable: capacity },
  };
}

const nodeListSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ taints: z.array(z.object({ key: z.string() })).default([]) }),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
      }),
    }),
  ),
});

/** Ready means that pods can go there: the controller-manager takes its own taint away only after the condition. */
async function hollowNodes(api: KubernetesApi): Promise<{ name: string; ready: boolean }[]> {
  const answer = await api.request('GET', '/api/v1/nodes?labelSelector=type%3Dkwok');
  return nodeListSchema.parse(await answer.json()).items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    ready:
      status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True') &&
      !spec.taints.some(({ key }) => key.startsWith('node.kubernetes.io/')),
  }));
}

async function waitUntilReady(
  api: KubernetesApi,
  wanted: readonly string[],
  controlPlane: ControlPlane,
): Promise<void> {
  const deadline = performance.now() + readyMilliseconds;
  while (true) {
    const ready = new Set((await hollowNodes(api)).filter((node) => node.ready).map((node) => node.name));
    if (wanted.every((name) => ready.has(name))) return;
    if (performance.now() > deadline) {
      const log = join(controlPlane.stateDirectory, 'logs', `${processName}.log`);
      throw new TestbedError(
        `${wanted.length - ready.size} hollow nodes were not ready within ${readyMilliseconds / 1000} s; see ${log}.`,
      );
    }
    await delay(50);
  }
}
