/** Pods without a PodScheduled condition: the reason has to be derived from elsewhere. */
import { conditionOf, listAt, textAt } from '../kubernetes/fields.ts';
import { titleOf } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { claimNamesOf } from '../status/built-in/pod.ts';
import { type Cause, causeOf, type Fatality, quoted } from './evidence/cause.ts';
import { claimEvents, eventMessage, eventReason, evidenceOf, podEvents } from './evidence/evidence.ts';
import { podField } from './evidence/field-paths.ts';
import { groupRemedy, groupWords, schedulingGroupOf } from './evidence/groups.ts';

interface SchedulingObstacle {
  readonly reason?: 'volume-pending';
  /** The end of the sentence "A pod of … ". */
  readonly told: string;
  readonly remedy?: string;
  readonly event?: EventRecord | undefined;
  readonly field: string;
  readonly sharedKey?: string;
  /** The scheduling allowance from the beginning, where absent. */
  readonly fatality?: Fatality;
  /** That allowance is the one of groups. */
  readonly waitsItsTurn?: true;
}

/** Within the allowance of unschedulable or of queued pods. */
export function unlookedCause(view: WorkloadView, pod: PodRecord, limits: Limits): Cause | undefined {
  const found = obstacleOf(view, pod, limits);
  if (found === undefined) return undefined;
  const { since, obstacle } = found;
  const { reason = 'unschedulable', told, field, event, fatality, waitsItsTurn, ...rest } = obstacle;
  const allowance = waitsItsTurn === true ? limits.budgets.group : limits.budgets.scheduling;
  return causeOf(view, {
    ...rest,
    reason,
    fatality: fatality ?? { when: 'after', since, allowance },
    weight: 70,
    pod,
    event: event === undefined ? undefined : evidenceOf(event),
    message: `A pod of ${titleOf(view.target.reference)} ${told}.`,
    field: podField(view.target.desired, field),
  });
}

function obstacleOf(view: WorkloadView, pod: PodRecord, limits: Limits) {
  const { held, notReady, unseen } = {
    held: pod.conditionTimes.get(conditionKeys.held),
    notReady: pod.conditionTimes.get(conditionKeys.notReady),
    unseen: pod.conditionTimes.get(conditionKeys.unseen),
  };
  if (held !== undefined) return { since: held, obstacle: closedGate(view, pod) };
  const claim = () => missingResourceClaim(view, pod, limits);
  if (notReady !== undefined) {
    return { since: notReady, obstacle: claim() ?? memberOfGroup(view, pod) ?? notConsidered(pod) };
  }
  if (unseen === undefined) return undefined;
  const obstacle =
    silentNode(pod) ??
    volumeBeingMade(view, pod, limits) ??
    claim() ??
    memberOfGroup(view, pod) ??
    silentScheduler(pod);
  return { since: unseen, obstacle };
}

/** It waits for the others or for its queue; the scheduler's message, if any, is in the condition. */
function memberOfGroup(view: WorkloadView, { object }: PodRecord): SchedulingObstacle | undefined {
  const group = schedulingGroupOf(object);
  if (group === undefined) return undefined;
  const said = conditionOf(object, 'PodScheduled')?.message ?? '';
  return {
    told: `${groupWords(view, group)}${said === '' ? '' : `: ${quoted(said)}`}`,
    remedy: groupRemedy,
    field: 'schedulingGroup',
    sharedKey: group,
    waitsItsTurn: true,
  };
}

/** Something must exist before its scheduler looks for a node: the capacity of the nodes is irrelevant. */
function notConsidered({ object }: PodRecord): SchedulingObstacle {
  const said = conditionOf(object, 'PodScheduled')?.message ?? '';
  return {
    told: `is not considered by its scheduler yet: ${said === '' ? 'no reason is given' : quoted(said)}`,
    remedy: 'Provide what the message asks for; the pod is not scheduled before that.',
    field: 'schedulerName',
    sharedKey: said,
    waitsItsTurn: true,
  };
}

function closedGate(view: WorkloadView, pod: PodRecord): SchedulingObstacle {
  const { object } = pod;
  const gates = listAt(object, 'spec', 'schedulingGates')
    .map((gate) => textAt(gate, 'name') ?? '')
    .join(', ');
  return {
    told: `is not scheduled: its scheduling gate ${quoted(gates)} is closed`,
    remedy: 'Check whether the controller that removes this gate runs, or remove it from the pod template.',
    field: 'schedulingGates',
    sharedKey: gates,
    ...(schedulingGroupOf(object) === undefined ? {} : queued(view, pod)),
  };
}

/** The gate of a queue is removed when it is the pod's turn. */
function queued(view: WorkloadView, { object }: PodRecord): Partial<SchedulingObstacle> {
  const group = schedulingGroupOf(object) ?? '';
  return {
    told: `is not scheduled yet: it ${groupWords(view, group)}, whose gate is closed`,
    remedy: groupRemedy,
    waitsItsTurn: true,
  };
}

/**
 * The scheduler does not start before each claim exists; only the controller that creates them from templates
 * reports, in an event. For a claim referenced by name nothing reports whether it exists, and the scheduler may be
 * silent for another reason.
 */
function missingResourceClaim(
  view: WorkloadView,
  pod: PodRecord,
  limits: Limits,
): SchedulingObstacle | undefined {
  const made = new Set(
    listAt(pod.object, 'status', 'resourceClaimStatuses').map((one) => textAt(one, 'name')),
  );
  const claims = listAt(pod.object, 'spec', 'resourceClaims').filter((one) => !made.has(textAt(one, 'name')));
  if (claims.length === 0) return undefined;
  const names = claims.map((one) => textAt(one, 'name') ?? '').join(', ');
  const isCertain = claims.some((one) => textAt(one, 'resourceClaimTemplateName') !== undefined);
  const event = podEvents(view, pod, limits).find((one) =>
    eventReason(one).endsWith('ResourceClaimCreation'),
  );
  const said = event === undefined ? '' : ` (${quoted(eventMessage(event))})`;
  return {
    told: `is not scheduled: ${isCertain ? `its resource claim ${quoted(names)} does not exist${said}` : `perhaps its resource claim ${quoted(names)} does not exist`}`,
    remedy: 'Create the ResourceClaim or ResourceClaimTemplate, or correct its name in the pod template.',
    event,
    field: 'resourceClaims',
    sharedKey: names,
    ...(isCertain ? {} : { fatality: { when: 'never' } as const }),
  };
}

/** Set by the template itself: no scheduler is involved. */
function silentNode({ object }: PodRecord): SchedulingObstacle | undefined {
  const node = textAt(object, 'spec', 'nodeName');
  if (node === undefined) return undefined;
  return {
    told: `is not started: it is assigned to node ${quoted(node)}, whose kubelet has reported nothing about it`,
    remedy: 'Check whether that node exists and is ready, or leave nodeName to the scheduler.',
    field: 'nodeName',
    sharedKey: node,
  };
}

/**
 * The scheduler has selected a node and waits, without a condition and for up to ten minutes, for a volume to be
 * provisioned there. The claim's events show the progress: requested (ExternalProvisioning), in progress
 * (Provisioning), and the result. A requested or failed one has its allowance; one in progress may take its time.
 */
export function volumeBeingMade(
  view: WorkloadView,
  pod: PodRecord,
  limits: Limits,
): SchedulingObstacle | undefined {
  const obstacles = claimNamesOf(pod.object).flatMap((name) => {
    const events = claimEvents(view, name, limits);
    const said = (reason: string) => events.filter((one) => eventReason(one) === reason);
    const failures = said('ProvisioningFailed');
    const tries = failures.length > 0 ? failures : said('ExternalProvisioning');
    const [event] = tries;
    if (event === undefined || said('ProvisioningSucceeded').length > 0) return [];
    const since = Math.min(...tries.map(({ firstAt }) => firstAt));
    const isAtWork = failures.length === 0 && said('Provisioning').length > 0;
    const fatality: Fatality = isAtWork
      ? { when: 'never' }
      : { when: 'after', since, allowance: limits.budgets.volume };
    return [{ name, event, fatality, hasFailed: failures.length > 0 }];
  });
  const worst =
    obstacles.find(({ hasFailed }) => hasFailed) ??
    obstacles.find(({ fatality }) => fatality.when === 'after') ??
    obstacles[0];
  if (worst === undefined) return undefined;
  const { name, event, fatality } = worst;
  return {
    reason: 'volume-pending',
    told: `is not scheduled: its claim ${quoted(name)} is not bound: ${quoted(eventMessage(event))}`,
    event,
    field: 'volumes',
    fatality,
  };
}

const defaultScheduler = 'default-scheduler';

function silentScheduler({ object }: PodRecord): SchedulingObstacle {
  const scheduler = textAt(object, 'spec', 'schedulerName') ?? defaultScheduler;
  // A node is being provisioned: Fargate's scheduler names it a minute before it joins.
  const hasWord = textAt(object, 'status', 'nominatedNodeName') !== undefined;
  return {
    told: `is not scheduled: scheduler ${quoted(scheduler)} has reported nothing about it`,
    remedy: 'Check whether that scheduler runs, or correct schedulerName in the pod template.',
    field: 'schedulerName',
    sharedKey: scheduler,
    // The default scheduler may have thousands of pods queued before this one.
    ...(scheduler === defaultScheduler || hasWord ? { fatality: { when: 'never' } as const } : {}),
  };
}
