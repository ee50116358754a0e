import type { EventEvidence, Failure } from '../../failure/failure.ts';
import type { Reason } from '../../failure/reasons.ts';
import type { Path } from '../../kubernetes/fields.ts';
import { type ObjectReference, titleOf } from '../../kubernetes/objects.ts';
import type { PodRecord } from '../../rollout/state.ts';
import type { WorkloadView } from '../../rollout/workload-view.ts';
import type { ContainerView } from '../../status/built-in/containers.ts';
import { remedies } from './remedies.ts';

/**
 * When a cause ends the release. `now`: Kubernetes does not recover from it by itself. `after`: it often recovers,
 * and has `allowance` milliseconds from `since`; `holds` names what restarts that clock. `blocked`: as `now`, unless
 * capacity is about to be freed, then as `after`. `heard`: as `now`, once other workloads of the release that it may
 * depend on were available. `never`: no verdict by itself, but the best explanation at the timeout.
 */
export type Fatality =
  | { readonly when: 'now' }
  | {
      readonly when: 'after';
      readonly since: number;
      readonly allowance: number;
      readonly holds?: 'capacity' | 'dependencies';
    }
  | {
      readonly when: 'blocked';
      readonly since: number;
      /** The newest observation of it: one from before capacity was freed is no evidence any more. */
      readonly refusedAt: number;
      readonly allowance: number;
      /** The workload's own rollout can still remove old pods. */
      readonly mayFree: boolean;
    }
  /**
   * `triedAt` is when the newest attempt began: one that began before the other workload was available is no
   * evidence.
   */
  | { readonly when: 'heard'; readonly triedAt: number }
  | { readonly when: 'never' };

/** One problem of one workload. */
export interface Cause {
  readonly fatality: Fatality;
  readonly failure: Failure;
  /** Causes of several workloads with the same key are one cause (a registry, a Secret, a quota). */
  readonly mergeKey: string;
  /** The name of the pod at fault; absent if the workload itself is. */
  readonly pod?: string;
  /** If a workload has several causes, the one with the highest rank explains it. */
  readonly weight: number;
  /** It ends the release even if the workload is up. */
  readonly evenIfCurrent?: boolean;
}

/** The input of `causeOf`: reason, texts and fatality of a cause, and the pod, container and event that show it. */
export interface CauseParts {
  readonly reason: Reason;
  readonly message: string;
  readonly remedy?: string;
  readonly fatality: Fatality;
  readonly weight: number;
  readonly evenIfCurrent?: boolean;
  /** Absent: a cause of this workload only. */
  readonly sharedKey?: string;
  readonly pod?: PodRecord;
  readonly container?: ContainerView;
  readonly event?: EventEvidence | undefined;
  /** RFC 3339: when the evidence arose; absent where nothing says it. */
  readonly evidenceAt?: string | undefined;
  /** The field of the rendered object that would have to change. */
  readonly field?: Path | undefined;
}

/** Makes a cause; chain, remedy, log and keys are derived from the view. */
export function causeOf(view: WorkloadView, parts: CauseParts): Cause {
  const { reason, message, fatality, weight, pod, container, event, field } = parts;
  const reference = view.target.reference;
  const evidenceAt = parts.evidenceAt ?? event?.at;
  const own = `${reference.namespace ?? ''}/${reference.kind}/${reference.name}/${container?.name ?? ''}`;
  return {
    fatality,
    weight,
    ...(parts.evenIfCurrent === true ? { evenIfCurrent: true } : {}),
    mergeKey: `${reason} ${parts.sharedKey ?? own}`,
    ...(pod === undefined ? {} : { pod: pod.object.metadata.name }),
    failure: {
      reason,
      message,
      remedy: parts.remedy ?? remedies[reason] ?? '',
      objects: [reference],
      chain: chainOf(view, pod, container),
      logs: [],
      ...(evidenceAt === undefined ? {} : { evidenceAt }),
      ...(event === undefined ? {} : { event }),
      ...(field === undefined ? {} : { field }),
      ...logSource(pod, container),
    },
  };
}

/** `Deployment auth` → `ReplicaSet auth-6d5` → `Pod auth-6d5-x` → `container api`. */
function chainOf(view: WorkloadView, pod?: PodRecord, container?: ContainerView): readonly string[] {
  const chain = [titleOf(view.target.reference)];
  const replicaSet = view.replicaSet?.object;
  if (replicaSet !== undefined) chain.push(`ReplicaSet ${replicaSet.metadata.name}`);
  if (pod !== undefined && view.kind.pods !== 'itself') chain.push(`Pod ${pod.object.metadata.name}`);
  if (container !== undefined) chain.push(containerTitle(container));
  return chain;
}

function logSource(pod?: PodRecord, container?: ContainerView): Pick<Failure, 'container'> {
  if (pod === undefined || container === undefined) return {};
  // A container that never ran has no log to fetch.
  const ran =
    container.runningSince !== undefined ||
    container.terminated !== undefined ||
    container.previous !== undefined;
  if (!ran) return {};
  return {
    container: {
      namespace: pod.object.metadata.namespace ?? '',
      pod: pod.object.metadata.name,
      container: container.name,
      terminated: container.runningSince === undefined,
    },
  };
}

/** `container api`, `init container migrate`, `sidecar proxy`. */
export function containerTitle(container: ContainerView): string {
  const role = { init: 'init container', sidecar: 'sidecar', main: 'container' }[container.role];
  return `${role} ${container.name}`;
}

/** `Container api of Deployment auth`: the subject of a sentence. */
export function subject(container: ContainerView, reference: ObjectReference): string {
  const title = containerTitle(container);
  return `${title.charAt(0).toUpperCase()}${title.slice(1)} of ${titleOf(reference)}`;
}

/** Untrusted text as the rest of a sentence: one line, no full stop, limited length. */
export function quoted(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length > 400 ? `${line.slice(0, 399)}…` : line;
}

/** `30 s`, `5 min`: durations in sentences, from milliseconds. */
export function spoken(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (milliseconds < 1000) return `${milliseconds} ms`;
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
