import type { EventEvidence } from '../../failure/failure.ts';
import { textAt, timeOf } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { eventCount } from '../../rollout/observe.ts';
import type { EventRecord, Limits, PodRecord } from '../../rollout/state.ts';
import type { WorkloadView } from '../../rollout/workload-view.ts';
import type { ContainerView } from '../../status/built-in/containers.ts';

/** The reason of an Event, in CamelCase (`FailedMount`); empty if it has none. */
export function eventReason(event: EventRecord): string {
  return textAt(event.object, 'reason') ?? '';
}

/** The message of an Event of either API, core (`message`) or events.k8s.io (`note`); untrusted text. */
export function eventMessage(event: EventRecord): string {
  return textAt(event.object, 'message') ?? textAt(event.object, 'note') ?? '';
}

/** When it last happened, by the cluster's clock (RFC 3339). */
export function eventTime(event: EventRecord): string | undefined {
  const { object } = event;
  return (
    textAt(object, 'series', 'lastObservedTime') ??
    textAt(object, 'lastTimestamp') ??
    textAt(object, 'eventTime') ??
    textAt(object, 'deprecatedLastTimestamp') ??
    object.metadata.creationTimestamp
  );
}

/** When it first happened, by the cluster's clock (RFC 3339): the moment the cluster had the evidence. */
export function firstEventTime(event: EventRecord): string | undefined {
  const { object } = event;
  return (
    textAt(object, 'firstTimestamp') ??
    textAt(object, 'eventTime') ??
    textAt(object, 'deprecatedFirstTimestamp') ??
    eventTime(event)
  );
}

/** An Event as a failure carries it; `at` is its first time, absent where it has none. */
export function evidenceOf(event: EventRecord): EventEvidence {
  const at = firstEventTime(event);
  return {
    reason: eventReason(event),
    message: eventMessage(event),
    count: eventCount(event.object),
    ...(at === undefined ? {} : { at }),
  };
}

/** Newest first. Events of the same second keep their order of arrival. */
function newestFirst(events: readonly EventRecord[]): readonly EventRecord[] {
  const time = (event: EventRecord) => timeOf(eventTime(event)) ?? event.firstAt;
  return [...events].sort((one, other) => time(other) - time(one) || other.firstAt - one.firstAt);
}

/** Events about this object since the release began: new ones, and repeated old ones. Newest first. */
export function freshEvents(
  view: WorkloadView,
  object: KubernetesObject,
  limits: Limits,
): readonly EventRecord[] {
  return eventsAbout(view, object).filter(isFresh(limits));
}

function isFresh({ startedAt }: Limits) {
  return (event: EventRecord) => event.firstAt > startedAt || eventCount(event.object) > event.countAtFirst;
}

/** Of one claim of a pod, by its name. Newest first. */
export function claimEvents(view: WorkloadView, claim: string, limits: Limits): readonly EventRecord[] {
  return newestFirst(view.claimEvents(claim)).filter(isFresh(limits));
}

/** Events about this object, also those from before this release. Newest first. */
export function eventsAbout(view: WorkloadView, object: KubernetesObject): readonly EventRecord[] {
  return newestFirst(view.events(object));
}

/** Events of a pod, newest first; those about one container name it in `fieldPath`. */
export function podEvents(
  view: WorkloadView,
  pod: PodRecord,
  limits: Limits,
  container?: ContainerView,
): readonly EventRecord[] {
  const events = freshEvents(view, pod.object, limits);
  return container === undefined ? events : events.filter((event) => isAboutContainer(event, container.name));
}

/** Whether it is about this container, and not about the pod as a whole. */
export function isAboutContainer(event: EventRecord, container: string): boolean {
  const path =
    textAt(event.object, 'involvedObject', 'fieldPath') ??
    textAt(event.object, 'regarding', 'fieldPath') ??
    '';
  return path.endsWith(`{${container}}`);
}
