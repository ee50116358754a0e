/** No room is no fault where somebody makes nodes for pods that have none. */
import { describe, expect, test } from 'vitest';
import { type NodeMakerFacts, nodeMakerOf } from '../../../../src/domain/checks/nodes-on-demand.ts';
import { judgeResources, type NodeMaker } from '../../../../src/domain/checks/resources.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { profiles } from '../../../../src/domain/settings/profile.ts';

const node = (metadata: object, spec: object = {}): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'one', ...metadata },
  spec,
  status: { allocatable: { cpu: '1', memory: '1Gi' }, conditions: [{ type: 'Ready', status: 'True' }] },
});
const status = (text: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cluster-autoscaler-status' },
  data: { status: text },
});
const none: NodeMakerFacts = { nodes: [node({})], autoscalerStatus: [], nodePools: [], events: [] };
const labelled = (labels: Record<string, string>): Partial<NodeMakerFacts> => ({ nodes: [node({ labels })] });

test.each<[string, Partial<NodeMakerFacts>, string | undefined]>([
  ['nothing', {}, undefined],
  ['labels that every node has', labelled({ 'kubernetes.io/os': 'linux', type: 'db' }), undefined],
  [
    'a node group of EKS',
    labelled({ 'eks.amazonaws.com/nodegroup': 'a', 'eks.amazonaws.com/compute-type': 'hybrid' }),
    undefined,
  ],
  ['a node pool of GKE', labelled({ 'cloud.google.com/gke-nodepool': 'default-pool' }), undefined],
  ['a status', { autoscalerStatus: [status('')] }, 'the cluster autoscaler'],
  [
    'a status before 1.30',
    { autoscalerStatus: [status('Cluster-wide:\n  Health: Healthy\nNodeGroups:\n  Name: a\n')] },
    'the cluster autoscaler',
  ],
  [
    'a status since 1.30',
    { autoscalerStatus: [status('autoscalerStatus: Running\nnodeGroups:\n- name: a\n')] },
    'the cluster autoscaler',
  ],
  [
    'an autoscaler without a group',
    { autoscalerStatus: [status('clusterWide: {}\nnodeGroups: []\n')] },
    undefined,
  ],
  ['the same before 1.30', { autoscalerStatus: [status('Cluster-wide:\n\nNodeGroups:\n')] }, undefined],
  ['a NodePool', { nodePools: [node({})] }, 'Karpenter'],
  ['an event', { events: [node({})] }, 'an autoscaler'],
  ['a node of Karpenter', labelled({ 'karpenter.sh/nodepool': 'a' }), 'Karpenter'],
  ['a node of an older Karpenter', labelled({ 'karpenter.sh/provisioner-name': 'a' }), 'Karpenter'],
  ['EKS Auto Mode', labelled({ 'eks.amazonaws.com/compute-type': 'auto' }), 'EKS Auto Mode'],
  ['Fargate', labelled({ 'eks.amazonaws.com/compute-type': 'fargate' }), 'Fargate'],
  ['Autopilot', labelled({ 'cloud.google.com/gke-autopilot': 'true' }), 'GKE Autopilot'],
  ['Autopilot by its name', { nodes: [node({ name: 'gk3-a' })] }, 'GKE Autopilot'],
  [
    'node auto-provisioning',
    labelled({ 'cloud.google.com/gke-nodepool': 'nap-n1-1' }),
    'GKE node auto-provisioning',
  ],
  ['CAST AI', labelled({ 'provisioner.cast.ai/managed-by': 'cast.ai' }), 'CAST AI'],
  ['Spot Ocean', labelled({ 'spotinst.io/node-lifecycle': 'od' }), 'Spot Ocean'],
  ['a virtual node', labelled({ type: 'virtual-kubelet' }), 'a virtual node'],
  [
    'a virtual node by its taint',
    { nodes: [node({}, { taints: [{ key: 'virtual-kubelet.io/provider' }] })] },
    'a virtual node',
  ],
  [
    'a node on its way out',
    { nodes: [node({}, { taints: [{ key: 'DeletionCandidateOfClusterAutoscaler' }] })] },
    'the cluster autoscaler',
  ],
])('%s', (_what, facts, maker) => {
  expect(nodeMakerOf({ ...none, ...facts })).toBe(maker);
});

describe('no room', () => {
  const workload: KubernetesObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers: [{ name: 'a', resources: { requests: { cpu: '8' } } }] } } },
  };
  const level = (more: { nodeMaker?: NodeMaker; allowed?: boolean }) => {
    const facts = { nodes: [node({})], pods: [], changing: [{ workload }], ...more };
    const [finding] = judgeResources(facts, profiles.production, 1);
    expect(finding?.reason).toBe('insufficient-resources');
    return finding?.level;
  };
  test.each<[string, { nodeMaker?: NodeMaker; allowed?: boolean }, string]>([
    ['and nobody who makes nodes', { nodeMaker: { type: 'none' } }, 'fail'],
    ['not looked for', {}, 'fail'],
    ['but Karpenter', { nodeMaker: { type: 'known', maker: 'Karpenter' } }, 'warn'],
    ['and perhaps somebody', { nodeMaker: { type: 'hidden' } }, 'warn'],
    ['and allowed', { nodeMaker: { type: 'none' }, allowed: true }, 'warn'],
  ])('%s', (_what, more, wanted) => {
    expect(level(more)).toBe(wanted);
  });

  test('too few nodes stay too few, whoever makes them', () => {
    const facts = {
      nodes: [node({})],
      pods: [],
      changing: [],
      nodeMaker: { type: 'known', maker: 'Karpenter' },
    } as const;
    expect(judgeResources(facts, profiles.production, 3)[0]).toMatchObject({
      level: 'fail',
      reason: 'too-few-nodes',
    });
  });
});
