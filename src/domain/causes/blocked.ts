import { traitsOf } from '../kinds/table.ts';
import { conditionOf, timeOf } from '../kubernetes/fields.ts';
import { groupKindOf, titleOf } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { Limits, PodRecord, RolloutState } from '../rollout/state.ts';
import { type WorkloadView, workloadViewOf } from '../rollout/workload-view.ts';
import { containersOf, endsOf, isBetweenTries } from '../status/built-in/containers.ts';
import { isReady, isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { sameEnds } from './crashes.ts';
import { type Cause, causeOf, containerTitle, type Fatality } from './evidence/cause.ts';

/**
 * Old pods that block a StatefulSet. With OrderedReady its controller waits for each pod to be ready before it
 * processes the next one, even for pods of a revision that it is about to replace: a crashing pod blocks the update
 * that would fix it, until it is deleted manually (kubernetes#67250; Kubernetes, StatefulSets, "Forced rollback").
 * The rollout deletes it from `freeAt` on. That is safe: the update would have deleted it anyway, and it serves no
 * traffic.
 */
interface PodInTheWay {
  readonly pod: PodRecord;
  /** Absent: deleting does not help, its replacement would have the same revision (below the partition). */
  readonly freeAt?: number;
}

function podsInTheWay(view: WorkloadView, limits: Limits): readonly PodInTheWay[] {
  const live = view.live?.object;
  if (live === undefined || !view.observed) return [];
  const first = view.kind.orderedFrom?.(live);
  if (first === undefined) return [];
  return view.allPods
    .filter((pod) => isOld(view, pod))
    .map((pod) => (ordinalOf(pod) < first ? { pod } : { pod, freeAt: freeAtOf(view, pod, limits) }));
}

/** The pods to be deleted now, and when the next one is to be. */
export function podsToFree(
  state: RolloutState,
  now: number,
  limits: Limits,
): { readonly due: readonly PodRecord[]; readonly nextAt: number } {
  const inTheWay = state.targets
    .filter((target) => target.changed && traitsOf(groupKindOf(target.reference)).orderedFrom !== undefined)
    .flatMap((target) => podsInTheWay(workloadViewOf(state, target), limits))
    .map(({ pod, freeAt = Number.POSITIVE_INFINITY }) => ({ pod, freeAt }));
  return {
    due: inTheWay.filter(({ freeAt }) => freeAt <= now).map(({ pod }) => pod),
    nextAt: Math.min(...inTheWay.map(({ freeAt }) => freeAt).filter((at) => at > now)),
  };
}

function isOld(view: WorkloadView, pod: PodRecord): boolean {
  const { object } = pod;
  if (view.pods.includes(pod) || isTerminating(object) || isReady(object)) return false;
  // The controller recreates terminated pods by itself.
  return !['Failed', 'Succeeded'].includes(phaseOf(object));
}

function ordinalOf({ object }: PodRecord): number {
  return Number(/-(\d+)$/.exec(object.metadata.name)?.[1] ?? Number.POSITIVE_INFINITY);
}

/**
 * This release (a ConfigMap) may fix an old pod, and a pod may recover from a single crash: so it must be in a crash
 * loop, or unready for longer than its allowance. During an undo nothing of the failed release fixes a pod.
 */
function freeAtOf(view: WorkloadView, pod: PodRecord, limits: Limits): number {
  const began = Math.max(limits.startedAt, view.live?.generationAt ?? 0);
  if (limits.restoring === true) return began;
  const stuck = containersOf(pod.object).filter(isBetweenTries);
  // Terminations from before the release count too, but at least one must have been observed.
  const looping = stuck.find(
    (container) =>
      endsOf(container) >= sameEnds && endsOf(container) > (pod.endsAtFirst.get(container.name) ?? 0),
  );
  if (looping !== undefined)
    return Math.max(began, pod.conditionTimes.get(conditionKeys.ended(looping)) ?? began);
  const unready = timeOf(conditionOf(pod.object, 'Ready')?.lastTransitionTime) ?? 0;
  const { creation, readiness } = limits.budgets;
  return Math.max(began, unready) + (stuck.length > 0 ? creation : readiness);
}

/** They could not be deleted in time, or deleting would not help. */
export function blockedCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const inTheWay = podsInTheWay(view, limits);
  const [first] = inTheWay;
  if (first === undefined) return undefined;
  const names = inTheWay.map(({ pod }) => pod.object.metadata.name);
  const containers = containersOf(first.pod.object);
  const container = containers.find(isBetweenTries) ?? containers[0];
  const ended = container?.terminated ?? container?.previous;
  const trouble =
    ended === undefined ? (container?.waiting?.reason ?? 'not ready') : `exited with code ${ended.exitCode}`;
  const which = container === undefined ? trouble : `${containerTitle(container)}: ${trouble}`;
  const title = titleOf(view.target.reference);
  return causeOf(view, {
    reason: 'old-pod-blocks',
    fatality: fatalityOf(view, inTheWay, limits),
    weight: 94,
    ...(container === undefined ? {} : { container }),
    evidenceAt: ended?.finishedAt,
    message: `${title} cannot be updated: its controller waits for pod ${names.join(', ')} of the previous release to be ready (${which}).`,
    remedy: `Run \`kubectl --namespace ${view.live?.object.metadata.namespace ?? ''} delete pod ${names.join(' ')}\` and deploy again: the controller never replaces a pod that is not ready by itself.`,
  });
}

function fatalityOf(view: WorkloadView, inTheWay: readonly PodInTheWay[], limits: Limits): Fatality {
  const allowance = limits.budgets.creation;
  const frees = inTheWay.flatMap(({ freeAt }) => (freeAt === undefined ? [] : [freeAt]));
  const began = Math.max(limits.startedAt, view.live?.generationAt ?? 0);
  return { when: 'after', since: frees.length === 0 ? began : Math.min(...frees), allowance };
}
