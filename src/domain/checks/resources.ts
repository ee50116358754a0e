import { textAt } from '../kubernetes/fields.ts';
import { isObject } from '../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import type { Profile } from '../settings/profile.ts';
import { extraPods } from '../workloads/extra-pods.ts';
import { podTemplateOf } from '../workloads/workloads.ts';
import type { Finding } from './finding.ts';
import { amounts, containersIn, plus, podRequests, type Requests } from './pod-requests.ts';

/** Whether nodes are provisioned on demand; `hidden`: this identity may not read everything needed to know. */
export type NodeMaker =
  | { readonly type: 'known'; readonly maker: string }
  | { readonly type: 'hidden' }
  | { readonly type: 'none' };

interface ResourceFacts {
  /** Absent if the identity may not list nodes. */
  readonly nodes?: readonly KubernetesObject[];
  /** Pods with requests on those nodes; absent if they may not be listed. */
  readonly pods?: readonly KubernetesObject[];
  /** Workloads that this release creates (no `live`) or rolls: each may need room for its surge. */
  readonly changing: readonly { readonly workload: KubernetesObject; readonly live?: KubernetesObject }[];
  /** Absent until it was determined. */
  readonly nodeMaker?: NodeMaker;
  /** The input `allow-insufficient-resources`. */
  readonly allowed?: boolean;
}

/** The fields of a pod that are needed here: a large cluster has thousands, so the rest is dropped. */
export function schedulingOf(pod: KubernetesObject): KubernetesObject {
  const { apiVersion, kind, metadata } = pod;
  const requests = (list: 'containers' | 'initContainers') =>
    containersIn(field(pod, 'spec'), list).map(({ restartPolicy, resources }) => ({
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
      ...(resources === undefined ? {} : { resources }),
    }));
  const priority = field(pod, 'spec', 'priority');
  const whole = Object.fromEntries(
    ['resources', 'overhead'].flatMap((name) => {
      const value = field(pod, 'spec', name);
      return isObject(value) ? [[name, value]] : [];
    }),
  );
  return {
    apiVersion,
    kind,
    metadata: {
      name: metadata.name,
      ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
    },
    spec: {
      ...whole,
      ...(typeof priority === 'number' ? { priority } : {}),
      nodeName: textAt(pod, 'spec', 'nodeName') ?? '',
      containers: requests('containers'),
      initContainers: requests('initContainers'),
    },
    status: { phase: textAt(pod, 'status', 'phase') ?? '' },
  };
}

/**
 * One finding: whether at least `minNodes` nodes are usable, and have room for the new pods. A warning where nodes may not be
 * listed.
 */
export function judgeResources(facts: ResourceFacts, profile: Profile, minNodes: number): readonly Finding[] {
  if (facts.nodes === undefined) {
    return [
      {
        level: 'warn',
        reason: 'resources-unknown',
        message: 'This identity may not list nodes, so room for the new pods was not checked.',
        remedy: 'Add a ClusterRole with list on nodes and pods to have it checked, or ignore this.',
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
        remedy: 'Check `kubectl get nodes`, or lower the input `min-nodes`.',
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
  const staying = placed.filter((pod) => !makesRoom(pod));
  const allocatable = sum(nodes.map((node) => amounts(field(node, 'status', 'allocatable'))));
  const used = sum(placed.map((pod) => podRequests(field(pod, 'spec'))));
  const needed = sum(facts.changing.map((change) => surgeOf(change, nodes)));
  const free = minus(allocatable, used);
  if (facts.pods === undefined) {
    return {
      level: 'warn',
      reason: 'resources-unknown',
      message: `${ready(nodes)}; this identity may not list pods, so room for the new ones was not checked.`,
      remedy: 'Add a ClusterRole with list on pods to have it checked, or ignore this.',
    };
  }
  const seen = `${ready(nodes)}; the surge requests ${describe(needed)}, ${describe(free)} is free`;
  if (fits(needed, free)) return { level: 'pass', reason: 'ok', message: `${seen}.`, remedy: '' };
  const least = sum(facts.changing.map((change) => surgeOf(change, nodes, true)));
  if (fits(least, minus(allocatable, sum(staying.map((pod) => podRequests(field(pod, 'spec'))))))) {
    return {
      level: 'warn',
      reason: 'insufficient-resources',
      message: `${seen}: some new pods wait until old pods, or pods of a lower priority, free capacity.`,
      remedy: 'Nothing to do: the rollout will show it.',
    };
  }
  return noRoom(seen, facts, profile);
}

/**
 * It is terminating, or an overprovisioning placeholder: such pods have a negative priority, below that of pods
 * without a class.
 */
function makesRoom(pod: KubernetesObject): boolean {
  const priority = field(pod, 'spec', 'priority');
  return pod.metadata.deletionTimestamp !== undefined || (typeof priority === 'number' && priority < 0);
}

function fits(needed: Requests, free: Requests): boolean {
  return needed.cpu <= free.cpu && needed.memory <= free.memory;
}

/** An unschedulable pod triggers an autoscaler: that is not the release's fault. */
function noRoom(seen: string, { nodeMaker, allowed = false }: ResourceFacts, profile: Profile): Finding {
  const reason = 'insufficient-resources';
  if (nodeMaker?.type === 'known') {
    return {
      level: 'warn',
      reason,
      message: `${seen}: some new pods wait for nodes that ${nodeMaker.maker} provisions.`,
      remedy: 'Nothing to do if it may provision enough nodes: the rollout will show it.',
    };
  }
  const hidden = nodeMaker?.type === 'hidden';
  const unknown = hidden ? ' (this identity may not read whether one is running)' : '';
  return {
    level: hidden || allowed ? 'warn' : profile.levels.resources,
    reason,
    message: `${seen}: some new pods will not be scheduled unless an autoscaler adds nodes${unknown}.`,
    remedy:
      'Lower the requests or maxSurge, or add a node; if nodes are provisioned on demand, set `allow-insufficient-resources: true`.',
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

/**
 * Extra capacity during the rollout: all pods of new workloads, the surge of existing ones, and added pods.
 *
 * @param least without the surge that a rollout can do without, because it may end a pod first
 */
function surgeOf(
  { workload, live }: ResourceFacts['changing'][number],
  nodes: readonly KubernetesObject[],
  least = false,
): Requests {
  const each = podRequests(podTemplateOf(workload)?.['spec']);
  const pods = extraPods(workload, live, nodes, least);
  return { cpu: each.cpu * pods, memory: each.memory * pods };
}

function sum(all: readonly Requests[]): Requests {
  return all.reduce(plus, { cpu: 0, memory: 0 });
}

function minus(one: Requests, other: Requests): Requests {
  return { cpu: one.cpu - other.cpu, memory: one.memory - other.memory };
}

function describe(requests: Requests): string {
  return `${Math.round(requests.cpu * 1000)}m CPU and ${Math.round(requests.memory / 2 ** 20)}Mi memory`;
}

function field(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((node, name) => (isObject(node) ? node[name] : undefined), object);
}
