import type { Finding } from '../checks.ts';
import { textAt } from '../fields.ts';
import { isObject } from '../managed-fields.ts';
import type { JsonObject, KubernetesObject } from '../objects.ts';
import type { Profile } from '../profile.ts';
import { parseQuantity } from '../quantity.ts';
import { fencepostsOf, replicasOf } from '../surge.ts';
import { podTemplateOf } from '../workloads.ts';

export interface ResourceFacts {
  /** Absent where the identity may not list nodes. */
  readonly nodes?: readonly KubernetesObject[];
  /** Pods that hold requests on those nodes; absent where they may not be listed. */
  readonly pods?: readonly KubernetesObject[];
  /** Workloads that this release creates (no `live`) or rolls: each may need room for its surge. */
  readonly changing: readonly { readonly workload: KubernetesObject; readonly live?: KubernetesObject }[];
}

interface Requests {
  readonly cpu: number;
  readonly memory: number;
}

/** All that is asked here of a pod: of a large cluster's thousands the rest need not be held. */
export function schedulingOf(pod: KubernetesObject): KubernetesObject {
  const { apiVersion, kind, metadata } = pod;
  const requests = (list: 'containers' | 'initContainers') =>
    containersIn(field(pod, 'spec'), list).map(({ restartPolicy, resources }) => ({
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
      ...(resources === undefined ? {} : { resources }),
    }));
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name },
    spec: {
      nodeName: textAt(pod, 'spec', 'nodeName') ?? '',
      containers: requests('containers'),
      initContainers: requests('initContainers'),
    },
    status: { phase: textAt(pod, 'status', 'phase') ?? '' },
  };
}

export function judgeResources(facts: ResourceFacts, profile: Profile, minNodes: number): readonly Finding[] {
  if (facts.nodes === undefined) {
    return [
      {
        level: 'warn',
        reason: 'resources-unknown',
        message: 'Nodes may not be listed with this identity, so room for the new pods was not checked.',
        remedy: 'Add a ClusterRole with list on nodes and pods to have it checked, or leave it.',
      },
    ];
  }
  const usable = facts.nodes.filter(isUsable);
  if (usable.length < minNodes) {
    return [
      {
        level: profile.levels.resources,
        reason: 'too-few-nodes',
        message: `${usable.length} of ${facts.nodes.length} nodes are ready and schedulable; min-nodes is ${minNodes}.`,
        remedy: 'Look at `kubectl get nodes`, or lower the input `min-nodes`.',
      },
    ];
  }
  return [judgeRoom(usable, facts, profile)];
}

function judgeRoom(nodes: readonly KubernetesObject[], facts: ResourceFacts, profile: Profile): Finding {
  const names = new Set(nodes.map((node) => node.metadata.name));
  const placed = (facts.pods ?? []).filter(
    (pod) => names.has(String(field(pod, 'spec', 'nodeName'))) && isActive(pod),
  );
  const allocatable = sum(nodes.map((node) => amounts(field(node, 'status', 'allocatable'))));
  const used = sum(placed.map((pod) => podRequests(field(pod, 'spec'))));
  const needed = sum(facts.changing.map((change) => surgeOf(change, nodes.length)));
  const free = { cpu: allocatable.cpu - used.cpu, memory: allocatable.memory - used.memory };
  if (facts.pods === undefined) {
    return {
      level: 'warn',
      reason: 'resources-unknown',
      message: `${ready(nodes)}; pods may not be listed with this identity, so room for the new ones was not checked.`,
      remedy: 'Add a ClusterRole with list on pods to have it checked, or leave it.',
    };
  }
  const seen = `${ready(nodes)}; the surge asks for ${describe(needed)}, ${describe(free)} is free`;
  if (needed.cpu <= free.cpu && needed.memory <= free.memory) {
    return { level: 'pass', reason: 'ok', message: `${seen}.`, remedy: '' };
  }
  return {
    level: profile.levels.resources,
    reason: 'insufficient-resources',
    message: `${seen}: some new pods will not be scheduled unless an autoscaler adds nodes.`,
    remedy: 'Lower the requests or maxSurge, or add a node.',
  };
}

function ready(nodes: readonly KubernetesObject[]): string {
  return `${nodes.length} node${nodes.length === 1 ? '' : 's'} ready`;
}

function isUsable(node: KubernetesObject): boolean {
  const conditions = field(node, 'status', 'conditions');
  const ready =
    Array.isArray(conditions) &&
    conditions.some((one) => isObject(one) && one['type'] === 'Ready' && one['status'] === 'True');
  return ready && field(node, 'spec', 'unschedulable') !== true;
}

function isActive(pod: KubernetesObject): boolean {
  const phase = field(pod, 'status', 'phase');
  return phase !== 'Succeeded' && phase !== 'Failed';
}

/** Extra room while rolling: all pods of something new, the surge of what is there, and the pods that are added. */
function surgeOf({ workload, live }: ResourceFacts['changing'][number], nodes: number): Requests {
  const each = podRequests(podTemplateOf(workload)?.['spec']);
  const pods = extraPods(workload, live, nodes);
  return { cpu: each.cpu * pods, memory: each.memory * pods };
}

function extraPods(workload: KubernetesObject, live: KubernetesObject | undefined, nodes: number): number {
  const { kind } = workload;
  if (live === undefined) return newPods(workload, nodes);
  const added = Math.max(0, replicasOf(workload) - replicasOf(live));
  return added + (kind === 'Deployment' ? fencepostsOf(workload).surge : 0);
}

function newPods(workload: KubernetesObject, nodes: number): number {
  if (workload.kind === 'DaemonSet') return nodes;
  if (workload.kind === 'Job') return Number(field(workload, 'spec', 'parallelism') ?? 1);
  return replicasOf(workload);
}

/**
 * What the scheduler reserves: all containers and sidecars together, or the largest init container.
 * Source: Kubernetes, "Resource sharing within containers".
 */
function podRequests(spec: unknown): Requests {
  const inits = containersIn(spec, 'initContainers');
  const together = sum([
    ...containersIn(spec, 'containers').map(requestsOf),
    ...inits.filter(({ restartPolicy }) => restartPolicy === 'Always').map(requestsOf),
  ]);
  return inits
    .map(requestsOf)
    .reduce(
      (most, one) => ({ cpu: Math.max(most.cpu, one.cpu), memory: Math.max(most.memory, one.memory) }),
      together,
    );
}

function containersIn(spec: unknown, list: 'containers' | 'initContainers'): readonly JsonObject[] {
  const containers = isObject(spec) ? spec[list] : undefined;
  return Array.isArray(containers) ? containers.filter(isObject) : [];
}

function requestsOf(container: JsonObject): Requests {
  return amounts(field(container, 'resources', 'requests'));
}

function amounts(resources: unknown): Requests {
  if (!isObject(resources)) return { cpu: 0, memory: 0 };
  return {
    cpu: parseQuantity(resources['cpu'] ?? 0) ?? 0,
    memory: parseQuantity(resources['memory'] ?? 0) ?? 0,
  };
}

function sum(all: readonly Requests[]): Requests {
  return all.reduce((total, one) => ({ cpu: total.cpu + one.cpu, memory: total.memory + one.memory }), {
    cpu: 0,
    memory: 0,
  });
}

function describe(requests: Requests): string {
  return `${Math.round(requests.cpu * 1000)}m CPU and ${Math.round(requests.memory / 2 ** 20)}Mi memory`;
}

function field(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((node, name) => (isObject(node) ? node[name] : undefined), object);
}
