/** Gang-scheduled or queued pods: one that waits is not stuck. */
import { conditionOf, fieldAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import type { WorkloadView } from '../../rollout/workload-view.ts';
import { quoted } from './cause.ts';

/** How a pod refers to its group: Kubernetes' own in its spec, other schedulers' in labels and annotations. */
const groupLabels = [
  // Kueue
  'kueue.x-k8s.io/pod-group-name',
  'kueue.x-k8s.io/queue-name',
  // The coscheduling plugin of kubernetes-sigs/scheduler-plugins, its name before, and Koordinator's
  'scheduling.x-k8s.io/pod-group',
  'pod-group.scheduling.sigs.k8s.io',
  'pod-group.scheduling.sigs.k8s.io/name',
] as const;
const groupAnnotations = [
  // Volcano
  'scheduling.k8s.io/group-name',
  'scheduling.volcano.sh/group-name',
  // Apache YuniKorn, KAI, Koordinator
  'yunikorn.apache.org/task-group-name',
  'pod-group-name',
  'gang.scheduling.koordinator.sh/name',
] as const;

/** The name of the group or queue that a pod waits with; undefined for a pod of its own. */
export function schedulingGroupOf({ metadata, ...pod }: KubernetesObject): string | undefined {
  const native =
    textAt(pod, 'spec', 'schedulingGroup', 'podGroupName') ??
    // Kubernetes 1.35 only.
    textAt(pod, 'spec', 'workloadRef', 'podGroup');
  const labelled = groupLabels.map((name) => metadata.labels?.[name]);
  const annotated = groupAnnotations.map((name) => metadata.annotations?.[name]);
  return [native, ...labelled, ...annotated].find((name) => name !== undefined && name !== '');
}

/** The end of a sentence about a waiting pod: its group, and the group's status if it is part of the release. */
export function groupWords(view: WorkloadView, name: string): string {
  const said = view.podGroups(name).flatMap((group) => saidBy(group) ?? []);
  return `waits for its group ${quoted(name)}${said[0] === undefined ? '' : ` (${quoted(said[0])})`}`;
}

/** Kubernetes and Volcano say it in a condition, the coscheduling plugin in its phase. */
function saidBy(group: KubernetesObject): string | undefined {
  const scheduled = conditionOf(group, 'PodGroupScheduled');
  if (scheduled?.status === 'False') return scheduled.message;
  const unschedulable = conditionOf(group, 'Unschedulable');
  if (unschedulable?.status === 'True') return unschedulable.message;
  const phase = textAt(group, 'status', 'phase');
  const least = fieldAt(group, 'spec', 'minMember');
  return phase === undefined
    ? undefined
    : `${phase}${typeof least === 'number' ? `, at least ${least} pods` : ''}`;
}

export const groupRemedy =
  'Check whether there is room for the whole group and all its pods exist; raise the timeout input if it only has to wait in its queue.';
