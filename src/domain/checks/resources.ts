import type { Finding } from '../checks.ts';
import { isObject } from '../managed-fields.ts';
import type { KubernetesObject } from '../objects.ts';
import type { Profile } from '../profile.ts';
import { parseQuantity } from '../quantity.ts';
import { podTemplateOf } from '../workloads.ts';

export interface ResourceFacts {
  /** Absent where the identity may not list nodes. */
  readonly nodes?: readonly KubernetesObject[];
  /** Pods that hold requests on those nodes; absent where they may not be listed. */
  readonly pods?: readonly KubernetesObject[];
  /** Workloads that this release creates or rolls: each may need room for its surge. */
  readonly changing: readonly { readonly workload: KubernetesObject; readonly isNew: boolean }[];
}

interface Requests {
  readonly cpu: number;
  readonly memory: number;
}

export function judgeResources(facts: ResourceFacts, profile: Profile, minNodes: number): readonly Finding[] {
  if (facts.nodes === undefined) {
    return [
      {
        level: 'warn',
        reason: 'resources-unknown',
        message: 'Nodes may not be listed with this identity, so room for the new pods was not checked.',
        remedy: 'Add a ClusterRole with get and list on nodes and pods to have it checked, or leave it.',
      },
    ];
  }
  const ready = facts.nodes.filter(isUsable);
  if (ready.length < minNodes) {
    return [
      {
        level: profile.levels.resources,
        reason: 'too-few-nodes',
        message: `${ready.length} of ${facts.nodes.length} nodes are ready and schedulable; min-nodes is ${minNodes}.`,
        remedy: 'Look at `kubectl get nodes`, or lower the input `min-nodes`.',
      },
    ];
  }
  return [judgeRoom(ready, facts, profile)];
}

function judgeRoom(nodes: readonly KubernetesObject[], facts: ResourceFacts, profile: Profile): Finding {
  const names = new Set(nodes.map((node) => node.metadata.name));
  const placed = (facts.pods ?? []).filter(
    (pod) => names.has(String(field(pod, 'spec', 'nodeName'))) && isActive(pod),
  );
  const allocatable = sum(nodes.map((node) => amounts(field(node, 'status', 'allocatable'))));
  const used = sum(placed.map((pod) => podRequests(field(pod, 'spec'))));
  const needed = sum(facts.changing.map(surgeOf));
  const free = { cpu: allocatable.cpu - used.cpu, memory: allocatable.memory - used.memory };
  const seen = `${nodes.length} node${nodes.length === 1 ? '' : 's'} ready; the surge asks for ${describe(needed)}, ${describe(free)} is free`;
  if (facts.pods === undefined || (needed.cpu <= free.cpu && needed.memory <= free.memory)) {
    return { level: 'pass', reason: 'ok', message: `${seen}.`, remedy: '' };
  }
  return {
    level: profile.levels.resources,
    reason: 'insufficient-resources',
    message: `${seen}: some new pods will not be scheduled unless an autoscaler adds nodes.`,
    remedy: 'Lower the requests or maxSurge, or add a node.',
  };
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

/** Extra room while rolling: maxSurge of a Deployment (25 % by default, rounded up), all pods of something new. */
function surgeOf({ workload, isNew }: ResourceFacts['changing'][number]): Requests {
  const spec = podTemplateOf(workload)?.['spec'];
  const replicas = Number(field(workload, 'spec', 'replicas') ?? 1);
  const surge = field(workload, 'spec', 'strategy', 'rollingUpdate', 'maxSurge') ?? '25%';
  const pods = isNew ? replicas : surgePods(workload.kind, surge, replicas);
  const each = podRequests(spec);
  return { cpu: each.cpu * pods, memory: each.memory * pods };
}

function surgePods(kind: string, surge: unknown, replicas: number): number {
  if (kind !== 'Deployment') return 0;
  const text = String(surge);
  return text.endsWith('%') ? Math.ceil((Number.parseFloat(text) / 100) * replicas) : Number(text);
}

function podRequests(spec: unknown): Requests {
  const containers = isObject(spec) && Array.isArray(spec['containers']) ? spec['containers'] : [];
  return sum(
    containers.map((container) =>
      amounts(
        isObject(container) && isObject(container['resources'])
          ? container['resources']['requests']
          : undefined,
      ),
    ),
  );
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
