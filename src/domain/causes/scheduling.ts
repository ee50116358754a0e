import { type Condition, conditionOf, fieldAt, textAt } from '../kubernetes/fields.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { containersOf } from '../status/built-in/containers.ts';
import { isEnded } from '../status/built-in/pod.ts';
import { podTemplateOf } from '../workloads/workloads.ts';
import { type Cause, causeOf, quoted } from './evidence/cause.ts';
import { eventReason, evidenceOf, podEvents } from './evidence/evidence.ts';
import { containerField, podField } from './evidence/field-paths.ts';
import { groupRemedy, groupWords, schedulingGroupOf } from './evidence/groups.ts';
import { unlookedCause, volumeBeingMade } from './unscheduled.ts';

/**
 * A pod for which the scheduler finds no node. It has an allowance, restarted while terminating pods may free
 * capacity; a pod of a group has a different one, since the whole group needs room. A node that an autoscaler has
 * requested (TriggeredScaleUp, Karpenter's Nominated) or preemption in progress (nominatedNodeName) is awaited until
 * the rollout's timeout.
 */
export function schedulingCause(view: WorkloadView, pod: PodRecord, limits: Limits): Cause | undefined {
  const condition = conditionOf(pod.object, 'PodScheduled');
  const since = pod.conditionTimes.get(conditionKeys.unschedulable);
  if (since === undefined || condition === undefined) return unlookedCause(view, pod, limits);
  const events = podEvents(view, pod, limits);
  const coming = events.some((event) => ['TriggeredScaleUp', 'Nominated'].includes(eventReason(event)));
  const making = textAt(pod.object, 'status', 'nominatedNodeName') !== undefined;
  const volume = /persistentvolumeclaim|volume/i.test(condition.message);
  // A class that binds immediately: the scheduler reports before the volume exists, which may take a minute in a cloud.
  const provisioned = volume && volumeBeingMade(view, pod, limits)?.fatality?.when === 'never';
  const group = volume ? undefined : schedulingGroupOf(pod.object);
  const { budgets } = limits;
  const waitsLong = group !== undefined || (limits.nodeMaker !== undefined && !events.some(isDeclined));
  const allowance = volume ? budgets.volume : waitsLong ? budgets.group : budgets.scheduling;
  const title = titleOf(view.target.reference);
  const event = events.find((one) => eventReason(one) === 'FailedScheduling');
  const message = quoted(condition.message.split(' preemption:')[0] ?? '');
  return causeOf(view, {
    reason: volume ? 'volume-pending' : 'unschedulable',
    fatality:
      coming || making || provisioned || takesTurns(view, pod) || isPassing(condition)
        ? { when: 'never' }
        : { when: 'after', since, allowance, holds: 'capacity' },
    weight: 70,
    pod,
    event: event === undefined ? undefined : evidenceOf(event),
    evidenceAt: condition.lastTransitionTime,
    sharedKey: message,
    message:
      group === undefined
        ? `No node can take a pod of ${title}: ${message}${limits.nodeMaker === undefined ? '' : `, and ${limits.nodeMaker} has not provisioned one`}.`
        : `A pod of ${title} ${groupWords(view, group)}: ${message}.`,
    ...(group === undefined ? {} : { remedy: groupRemedy }),
    field: constraintField(view, condition.message),
  });
}

/**
 * The node provisioner reports that none of its possible nodes fits: the cluster autoscaler, and Karpenter with its
 * own event.
 */
function isDeclined(event: EventRecord): boolean {
  const by = textAt(event.object, 'reportingComponent') ?? textAt(event.object, 'source', 'component') ?? '';
  const reason = eventReason(event);
  return reason === 'NotTriggerScaleUp' || (reason === 'FailedScheduling' && by === 'karpenter');
}

/**
 * The scheduler has a node for the pod, but its write failed: a race, or the API server or etcd was unavailable. It
 * retries by itself, after a back-off that may be longer than the allowance of an unschedulable pod. Source:
 * kube-scheduler, `handleSchedulingFailure`: every error that is no rejection by a plugin has this reason.
 */
function isPassing({ reason, message }: Condition): boolean {
  return reason === 'SchedulerError' && lostWrite.test(message);
}

const lostWrite =
  /Operation cannot be fulfilled on|etcdserver: |rpc error: code = |context deadline exceeded|\b(?:Post|Put) "/;

/** Pods of a Job end by themselves: an unschedulable one waits for the others. */
function takesTurns(view: WorkloadView, waiting: PodRecord): boolean {
  const holdsRoom = ({ object }: PodRecord) =>
    conditionOf(object, 'PodScheduled')?.status === 'True' && !isEnded(object);
  return view.kind.runs === 'to-completion' && view.pods.some((one) => one !== waiting && holdsRoom(one));
}

/** The field that the scheduler's message is about. */
function constraintField(view: WorkloadView, message: string) {
  const { desired } = view.target;
  if (/affinity|selector/i.test(message)) {
    const affinity = podField(desired, 'affinity');
    return affinity.at(-1) === 'affinity' ? affinity : podField(desired, 'nodeSelector');
  }
  if (/Insufficient/.test(message))
    return containerField(desired, greediest(desired), 'resources', 'requests');
  if (/persistentvolumeclaim|volume/i.test(message)) return podField(desired, 'volumes');
  if (/taint/i.test(message)) return podField(desired, 'tolerations');
  return podField(desired);
}

/** The first container with requests. */
function greediest(desired: WorkloadView['target']['desired']): string {
  const containers = containersOf({
    ...desired,
    spec: podTemplateOf(desired)?.['spec'] ?? fieldAt(desired, 'spec', 'template', 'spec'),
  });
  const asking = containers.find((one) => fieldAt(one.spec, 'resources', 'requests') !== undefined);
  return (asking ?? containers[0])?.name ?? '';
}
