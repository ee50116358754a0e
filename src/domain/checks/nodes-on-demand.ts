/** Whether nodes are provisioned on demand, as far as the cluster shows it. */
import { listAt, textAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';

/** What a cluster shows of autoscalers of nodes; lists are empty where there is nothing, or it may not be read. */
export interface NodeMakerFacts {
  readonly nodes: readonly KubernetesObject[];
  /** ConfigMaps `cluster-autoscaler-status`. */
  readonly autoscalerStatus: readonly KubernetesObject[];
  /** NodePools, NodeClaims or Provisioners of Karpenter. */
  readonly nodePools: readonly KubernetesObject[];
  /** Events in the release's namespace in which an autoscaler reports that it requests a node. */
  readonly events: readonly KubernetesObject[];
}

/** Kinds that configure which nodes Karpenter may provision (also EKS Auto Mode and AKS node auto-provisioning). */
export const nodePoolKinds = [
  { apiVersion: 'karpenter.sh/v1', kind: 'NodePool' },
  { apiVersion: 'karpenter.sh/v1beta1', kind: 'NodePool' },
  { apiVersion: 'karpenter.sh/v1alpha5', kind: 'Provisioner' },
] as const;

/** Reasons of events in which an autoscaler reports that it requests a node: cluster-autoscaler, Karpenter. */
export const orderingReasons = ['TriggeredScaleUp', 'Nominated'] as const;

export const autoscalerStatusReference = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'kube-system',
  name: 'cluster-autoscaler-status',
} as const;

/** Labels that node provisioners set; with a value if the label alone is ambiguous. */
const nodeLabels: readonly { readonly label: string; readonly value?: string; readonly maker: string }[] = [
  { label: 'karpenter.sh/nodepool', maker: 'Karpenter' },
  { label: 'karpenter.sh/provisioner-name', maker: 'Karpenter' },
  { label: 'eks.amazonaws.com/compute-type', value: 'auto', maker: 'EKS Auto Mode' },
  { label: 'eks.amazonaws.com/compute-type', value: 'fargate', maker: 'Fargate' },
  { label: 'cloud.google.com/gke-autopilot', maker: 'GKE Autopilot' },
  { label: 'cloud.google.com/gke-provisioning', value: 'autopilot', maker: 'GKE Autopilot' },
  { label: 'provisioner.cast.ai/managed-by', maker: 'CAST AI' },
  { label: 'spotinst.io/node-lifecycle', maker: 'Spot Ocean' },
  { label: 'type', value: 'virtual-kubelet', maker: 'a virtual node' },
];

/** Autopilot's node pools begin with `gk3-`, those of node auto-provisioning with `nap-`. */
const nodePoolLabel = 'cloud.google.com/gke-nodepool';
/** Taints of nodes that the cluster autoscaler is about to remove, and of nodes without machines of their own. */
const taintMakers: readonly (readonly [RegExp, string])[] = [
  [/^(?:ToBeDeletedBy|DeletionCandidateOf)ClusterAutoscaler$/, 'the cluster autoscaler'],
  [/^virtual-kubelet\.io\//, 'a virtual node'],
  [/^karpenter\.sh\//, 'Karpenter'],
];

/** The node provisioner: `Karpenter`; undefined if none was detected. */
export function nodeMakerOf(facts: NodeMakerFacts): string | undefined {
  if (facts.autoscalerStatus.some(isAtWork)) return 'the cluster autoscaler';
  if (facts.nodePools.length > 0) return 'Karpenter';
  const byNode = facts.nodes.map(makerOf).find((maker) => maker !== undefined);
  if (byNode !== undefined) return byNode;
  return facts.events.length > 0 ? 'an autoscaler' : undefined;
}

/**
 * Its status lists the node groups that it may scale; without any it adds no nodes. Both formats: `Name: …` lines,
 * and YAML since 1.30.
 */
function isAtWork(status: KubernetesObject): boolean {
  const text = textAt(status, 'data', 'status') ?? '';
  return !/^\s*NodeGroups:\s*$(?![\s\S]*Name:)|^nodeGroups: *\[\]/m.test(text);
}

function makerOf(node: KubernetesObject): string | undefined {
  const labels = node.metadata.labels ?? {};
  const labelled = nodeLabels.find(
    ({ label, value }) => labels[label] !== undefined && (value === undefined || labels[label] === value),
  );
  if (labelled !== undefined) return labelled.maker;
  if (node.metadata.name.startsWith('gk3-')) return 'GKE Autopilot';
  if (labels[nodePoolLabel]?.startsWith('nap-') === true) return 'GKE node auto-provisioning';
  const taints = listAt(node, 'spec', 'taints').map((taint) => textAt(taint, 'key') ?? '');
  return taintMakers.find(([key]) => taints.some((taint) => key.test(taint)))?.[1];
}
