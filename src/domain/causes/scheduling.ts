import { conditionOf, fieldAt, listAt, numberAt, textAt } from '../fields.ts';
import { titleOf } from '../objects.ts';
import { markOf } from '../rollout/marks.ts';
import type { Scene } from '../rollout/scene.ts';
import type { Limits, PodRecord } from '../rollout/state.ts';
import { containersOf } from '../status/containers.ts';
import { claimNamesOf, isEnded } from '../status/pod.ts';
import { type Cause, causeOf, type Doom, quoted } from './cause.ts';
import { claimEvents, eventMessage, eventReason, evidenceOf, podEvents } from './evidence.ts';
import { containerField, podField } from './fieldpaths.ts';

/**
 * A pod for which the scheduler finds no node. It has an allowance, counted anew while pods go that may make room. A node
 * that an autoscaler has ordered (TriggeredScaleUp, Karpenter's Nominated) or room that is being made by preemption
 * (nominatedNodeName) is waited for until the rollout's own timeout.
 */
export function schedulingCause(scene: Scene, pod: PodRecord, limits: Limits): Cause | undefined {
  const condition = conditionOf(pod.object, 'PodScheduled');
  const since = pod.marks.get(markOf.unschedulable);
  if (since === undefined || condition === undefined) return unlookedCause(scene, pod, limits);
  const events = podEvents(scene, pod, limits);
  const coming = events.some((event) => ['TriggeredScaleUp', 'Nominated'].includes(eventReason(event)));
  const making = textAt(pod.object, 'status', 'nominatedNodeName') !== undefined;
  const volume = /persistentvolumeclaim|volume/i.test(condition.message);
  const allowance = volume ? limits.budgets.volume : limits.budgets.scheduling;
  const event = events.find((one) => eventReason(one) === 'FailedScheduling');
  const message = quoted(condition.message.split(' preemption:')[0] ?? '');
  return causeOf(scene, {
    reason: volume ? 'volume-pending' : 'unschedulable',
    doom:
      coming || making || takesTurns(scene, pod)
        ? { when: 'never' }
        : { when: 'after', since, allowance, holds: 'capacity' },
    weight: 70,
    pod,
    event: event === undefined ? undefined : evidenceOf(event),
    evidenceAt: condition.lastTransitionTime,
    sharedKey: message,
    message: `No node can take a pod of ${titleOf(scene.target.reference)}: ${message}.`,
    field: constraintField(scene, condition.message),
  });
}

/** Pods of a Job end by themselves: one without room waits for the others. */
function takesTurns(scene: Scene, waiting: PodRecord): boolean {
  const holdsRoom = ({ object }: PodRecord) =>
    conditionOf(object, 'PodScheduled')?.status === 'True' && !isEnded(object);
  return scene.groupKind === 'Job.batch' && scene.pods.some((one) => one !== waiting && holdsRoom(one));
}

/** A pod that no scheduler looks at: a gate is closed, a resource claim is not there, or the scheduler or node that it asks for is not. */
function unlookedCause(scene: Scene, pod: PodRecord, limits: Limits): Cause | undefined {
  const held = pod.marks.get(markOf.held);
  const since = held ?? pod.marks.get(markOf.unseen);
  if (since === undefined) return undefined;
  const after: Doom = { when: 'after', since, allowance: limits.budgets.scheduling };
  const { desired } = scene.target;
  const common = { reason: 'unschedulable', weight: 70, pod } as const;
  const waits = `A pod of ${titleOf(scene.target.reference)} is not scheduled`;
  if (held !== undefined) {
    const gates = listAt(pod.object, 'spec', 'schedulingGates').map((gate) => textAt(gate, 'name') ?? '');
    return causeOf(scene, {
      ...common,
      doom: after,
      sharedKey: gates.join(),
      message: `${waits}: its scheduling gate ${quoted(gates.join(', '))} is closed.`,
      remedy: 'See whether the controller that opens this gate runs, or take it out of the pod template.',
      field: podField(desired, 'schedulingGates'),
    });
  }
  const claims = listAt(pod.object, 'spec', 'resourceClaims').map((claim) => textAt(claim, 'name') ?? '');
  if (claims.length > 0) {
    // The scheduler sets no condition before each claim exists; only the controller that makes them has words, in an event.
    const event = podEvents(scene, pod, limits).find((one) =>
      eventReason(one).endsWith('ResourceClaimCreation'),
    );
    const told = event === undefined ? '' : ` (${quoted(eventMessage(event))})`;
    return causeOf(scene, {
      ...common,
      doom: after,
      event: event === undefined ? undefined : evidenceOf(event),
      sharedKey: claims.join(),
      message: `${waits}: its resource claim ${quoted(claims.join(', '))} is not there${told}.`,
      remedy: 'Create the ResourceClaim or ResourceClaimTemplate, or correct its name in the pod template.',
      field: podField(desired, 'resourceClaims'),
    });
  }
  const node = textAt(pod.object, 'spec', 'nodeName');
  if (node !== undefined) {
    return causeOf(scene, {
      ...common,
      doom: after,
      sharedKey: node,
      message: `A pod of ${titleOf(scene.target.reference)} is not started: it names node ${quoted(node)}, whose kubelet has said nothing of it.`,
      remedy: 'See whether that node exists and is ready, or leave nodeName to the scheduler.',
      field: podField(desired, 'nodeName'),
    });
  }
  const unbound = unboundClaim(scene, pod, limits);
  if (unbound !== undefined) {
    return causeOf(scene, {
      ...common,
      reason: 'volume-pending',
      doom: {
        when: 'after',
        since: Math.max(since, unbound.event.firstAt),
        allowance: limits.budgets.volume,
      },
      event: evidenceOf(unbound.event),
      message: `${waits}: its claim ${quoted(unbound.name)} is not bound: ${quoted(eventMessage(unbound.event))}.`,
      field: podField(desired, 'volumes'),
    });
  }
  const scheduler = textAt(pod.object, 'spec', 'schedulerName') ?? defaultScheduler;
  return causeOf(scene, {
    ...common,
    // The cluster's own scheduler may have thousands of pods before this one.
    doom: scheduler === defaultScheduler ? { when: 'never' } : after,
    sharedKey: scheduler,
    message: `${waits}: scheduler ${quoted(scheduler)} has said nothing of it.`,
    remedy: 'See whether that scheduler runs, or correct schedulerName in the pod template.',
    field: podField(desired, 'schedulerName'),
  });
}

const defaultScheduler = 'default-scheduler';

/**
 * The scheduler has picked a node and waits for a volume to be made there: for up to ten minutes, in which it sets no condition.
 * The controllers of volumes say so, in the newest event of the claim.
 */
function unboundClaim(scene: Scene, pod: PodRecord, limits: Limits) {
  for (const name of claimNamesOf(pod.object)) {
    const [event] = claimEvents(scene, name, limits);
    const isBeingMade = /^(?:ExternalProvisioning|ProvisioningFailed)$/;
    if (event !== undefined && isBeingMade.test(eventReason(event))) return { name, event };
  }
  return undefined;
}

/** The field that the scheduler's words point at. */
function constraintField(scene: Scene, message: string) {
  const { desired } = scene.target;
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

/** The first container that asks for anything. */
function greediest(desired: Scene['target']['desired']): string {
  const containers = containersOf(
    desired.kind === 'Pod' ? desired : { ...desired, spec: fieldAt(desired, 'spec', 'template', 'spec') },
  );
  const asking = containers.find((one) => fieldAt(one.spec, 'resources', 'requests') !== undefined);
  return (asking ?? containers[0])?.name ?? '';
}

/** `maxUnavailable` of a Deployment in pods; it may be a number or a percentage, rounded down, and 1 where both bounds are 0. */
export function maxUnavailableOf(deployment: Scene['target']['desired']): number {
  const replicas = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const bound = (field: string, round: (value: number) => number) => {
    const value = fieldAt(deployment, 'spec', 'strategy', 'rollingUpdate', field) ?? '25%';
    return typeof value === 'number' ? value : round((Number.parseInt(String(value), 10) / 100) * replicas);
  };
  const unavailable = bound('maxUnavailable', Math.floor);
  return unavailable === 0 && bound('maxSurge', Math.ceil) === 0 ? 1 : unavailable;
}
