/** Problems of whole pods of a workload: repeatedly lost, or stuck terminating. */
import { textAt, timeOf } from '../kubernetes/fields.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import { eventCount } from '../rollout/observe.ts';
import type { Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type ContainerView, containersOf } from '../status/built-in/containers.ts';
import { isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { type Cause, causeOf, containerTitle, quoted } from './evidence/cause.ts';
import { eventMessage, eventReason, evidenceOf, freshEvents } from './evidence/evidence.ts';
import { containerField, podField } from './evidence/field-paths.ts';
import { culprit } from './workloads.ts';

/**
 * A lost pod may be replaced on another node, and one node under pressure may lose three at once; only three losses
 * in a row are a pattern.
 */
const sameLosses = 3;

/**
 * Pods that end as a whole (evicted, rejected by their node, or with a container whose restartPolicy forbids a
 * restart) and are replaced: no container restarts, so nothing else counts them. In a row means that each was created
 * after the previous one was lost.
 */
export function lostCause(view: WorkloadView, limits: Limits): Cause | undefined {
  if (view.kind.endedPods === 'final') return undefined;
  const lost = [...view.failedPods]
    .filter(({ firstAt }) => firstAt > limits.startedAt)
    .sort((one, other) => lostAt(one) - lostAt(other));
  const newest = lost.at(-1);
  if (newest === undefined) return removedCause(view, limits);
  const count = inARow(lost);
  const why = [textAt(newest.object, 'status', 'reason'), textAt(newest.object, 'status', 'message')]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
  const container = why === '' ? endedContainer(newest) : undefined;
  const how =
    container === undefined ? why : `${containerTitle(container)} exited with code ${exitCodeOf(container)}`;
  // The pod is named for its log; it no longer exists.
  const { pod: _, ...cause } = causeOf(view, {
    reason: 'crash-loop',
    fatality: { when: count >= sameLosses ? 'now' : 'never' },
    weight: 78,
    ...(container === undefined ? {} : { pod: newest, container }),
    evidenceAt: container?.terminated?.finishedAt,
    message: `${times(lost.length)} of ${titleOf(view.target.reference)} ended ${phaseOf(newest.object) === 'Failed' ? 'in failure ' : ''}and had to be replaced, the newest ${newest.object.metadata.name}${how === '' ? '' : ` (${quoted(how)})`}.`,
    remedy: container === undefined ? remedy : ownPolicyRemedy,
    field:
      container === undefined
        ? podField(view.target.desired)
        : containerField(view.target.desired, container.name, 'restartPolicy'),
  });
  return cause;
}

const remedy =
  'Check what the message names: a limit that the pods exceed, or something that their node does not allow.';

const ownPolicyRemedy =
  'Read the last log lines of that container; its own restartPolicy forbids a restart, and its pod ends with it.';

function endedContainer(pod: PodRecord): ContainerView | undefined {
  return culprit(pod) ?? containersOf(pod.object).findLast(({ terminated }) => terminated !== undefined);
}

function exitCodeOf({ terminated, previous }: ContainerView): number {
  return (terminated ?? previous)?.exitCode ?? 0;
}

function times(count: number): string {
  return count === 1 ? 'A pod' : `${count} pods`;
}

function lostAt(pod: PodRecord): number {
  return pod.conditionTimes.get(conditionKeys.failed) ?? pod.firstAt;
}

function inARow(lost: readonly PodRecord[]): number {
  let count = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const pod of lost) {
    if (pod.firstAt < until) continue;
    count += 1;
    until = lostAt(pod);
  }
  return count;
}

/** The controllers of StatefulSets and DaemonSets delete such pods themselves, with an event. */
function removedCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const live = view.live?.object;
  const event = live === undefined ? undefined : freshEvents(view, live, limits).find(isRemoval);
  if (event === undefined) return undefined;
  return causeOf(view, {
    reason: 'crash-loop',
    fatality: { when: eventCount(event.object) >= sameLosses ? 'now' : 'never' },
    weight: 78,
    event: evidenceOf(event),
    message: `Pods of ${titleOf(view.target.reference)} fail and are recreated: ${quoted(eventMessage(event))}.`,
    remedy,
    field: podField(view.target.desired),
  });
}

function isRemoval(event: Parameters<typeof eventReason>[0]): boolean {
  return ['FailedDaemonPod', 'SucceededDaemonPod', 'RecreatingFailedPod'].includes(eventReason(event));
}

/**
 * Pods that are stuck terminating after their grace period while their controller waits: a finalizer keeps them, or
 * their node has not reported that they ended.
 */
export function leavingCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const live = view.live?.object;
  if (live === undefined || !view.observed || !view.kind.waitsForOldPods(live)) return undefined;
  const leaving = view.allPods.filter(({ object }) => isTerminating(object));
  const [first] = [...leaving].sort((one, other) => goneBy(one) - goneBy(other));
  if (first === undefined) return undefined;
  const { name, finalizers = [] } = first.object.metadata as { name: string; finalizers?: readonly string[] };
  const why =
    finalizers.length === 0
      ? 'its node has not reported that it ended'
      : `finalizer ${quoted(finalizers.join(', '))} keeps it`;
  return causeOf(view, {
    reason: 'old-pod-blocks',
    fatality: { when: 'after', since: goneBy(first), allowance: limits.budgets.readiness },
    weight: 50,
    evidenceAt: first.object.metadata.deletionTimestamp,
    message: `${titleOf(view.target.reference)} waits for the deletion of its pod ${name}, whose grace period is over: ${why}.`,
    remedy:
      finalizers.length === 0
        ? 'Check whether its node and the kubelet there respond, then deploy again.'
        : 'Check whether the controller that set this finalizer runs; it has to remove it. Then deploy again.',
  });
}

/** `deletionTimestamp` is the end of the grace period, by the cluster's clock. */
function goneBy(pod: PodRecord): number {
  return timeOf(pod.object.metadata.deletionTimestamp) ?? pod.firstAt;
}
