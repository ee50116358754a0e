import { fieldAt, numberAt } from '../kubernetes/fields.ts';
import { isObject } from '../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { daemonSetCounts, daemonSetStatus } from '../status/built-in/daemonset.ts';
import { updatesOnDelete } from '../status/built-in/statefulset.ts';
import {
  addsPods,
  always,
  exampleHash,
  idleOnDelete,
  keepsByStrategy,
  never,
  noFields,
  none,
} from './answers.ts';
import { isOfNewestTemplate } from './daemon-pods.ts';
import type { WorkloadKind } from './kind.ts';

export const daemonSet: WorkloadKind = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  templatePath: ['spec', 'template'],
  waitsFor: 'rollout',
  status: daemonSetStatus,

  watch: { managedFields: true },
  standingVerbs: ['get', 'list', 'watch'],
  keepsConfiguration: true,
  claimNames: undefined,

  pods: 'owned',
  runs: 'until-deleted',
  endedPods: 'replaced',
  reportsGeneration: true,
  // Each has a node of its own.
  podsAlike: false,
  currentPods: (live, { observed, pods }) =>
    isOfNewestTemplate(
      live,
      observed,
      pods.map(({ object }) => object),
    ),
  wantedPods: (live, current) =>
    updatesOnDelete(live) ? current : (numberAt(live, 'status', 'desiredNumberScheduled') ?? 0),
  keptPods: (object) => numberAt(object, 'status', 'desiredNumberScheduled') ?? 1,
  keepsOldPods: keepsByStrategy,
  removesOldPods: never,
  waitsForOldPods: always,
  orderedFrom: undefined,

  refusedPodsIn: 'events',
  pastProgressDeadline: never,
  pause: undefined,

  counts: ({ seen, readyPods }) => {
    const counts = seen === undefined ? undefined : daemonSetCounts(seen);
    return { updated: counts?.updated ?? 0, ready: readyPods, desired: counts?.desired ?? 0 };
  },
  whyIdle: (live, wanted) => {
    if (wanted > 0) return undefined;
    return updatesOnDelete(live) ? idleOnDelete : 'no node is meant for it';
  },

  needsExtraPod: (live, object) => addsPods(live, object) || surges(object),
  newPods: (object, nodes) => nodes.filter((node) => isMeantFor(node, object)).length,
  surgePods: none,
  serves: (live) => (numberAt(live, 'status', 'numberReady') ?? 0) > 0,
  podMaker: {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    account: 'daemon-set-controller',
    labels: () => ({ 'controller-revision-hash': exampleHash, 'pod-template-generation': '1' }),
    between: false,
  },

  handedOver: noFields,
  startedByQueues: true,
  leavesTraces: false,
  labelledByTemplate: false,
};

function surges(object: KubernetesObject): boolean {
  const surge = fieldAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'maxSurge') ?? 0;
  return Number.parseFloat(String(surge)) > 0;
}

function isMeantFor({ metadata: { labels = {} } }: KubernetesObject, object: KubernetesObject): boolean {
  const selector = fieldAt(object, 'spec', 'template', 'spec', 'nodeSelector');
  return Object.entries(isObject(selector) ? selector : {}).every(([name, value]) => labels[name] === value);
}
