import { type Condition, conditionOf, fieldAt, numberAt, sameValue } from '../../kubernetes/fields.ts';
import { isStatusOrdinary } from '../../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { badCondition } from './by-conditions.ts';
import { suspendedBySpec } from './by-fields.ts';
import { statusByWords } from './by-words.ts';
import { isCustomResource } from './custom-resources.ts';
import { current, failed, progressing, type Status } from './status.ts';
import { isRun } from './vocabulary.ts';

/**
 * What holds for every kind, first: an object on its way out is terminating, one whose controller has not seen the newest
 * generation says nothing yet, and the conditions Reconciling and Stalled say it all (kstatus' generic rules). `undefined`:
 * the kind's own rule decides.
 */
export function unsettled(object: KubernetesObject): Status | undefined {
  if (object.metadata.deletionTimestamp !== undefined) {
    return { word: 'terminating', code: 'terminating', message: 'being deleted' };
  }
  const generation = object.metadata.generation;
  const observed = observedGenerationOf(object);
  if (generation !== undefined && observed !== undefined && observed < generation) {
    return progressing('not-observed', 'the controller has not seen the change yet');
  }
  const reconciling = newestCondition(object, 'Reconciling');
  const stalled = newestCondition(object, 'Stalled');
  if (stalled?.status === 'True') {
    // The two exclude each other: where both hold, one of them is not of today, and nothing has been given up.
    return failed(reconciling?.status === 'True' ? 'failing' : 'stalled', saidBy('stalled', stalled));
  }
  if (reconciling?.status === 'True' && !isRetry(object, reconciling)) {
    return progressing('reconciling', saidBy('reconciling', reconciling));
  }
  return undefined;
}

/** Flux and others go on reconciling while every try fails; then the failure is the word that counts. */
function isRetry(object: KubernetesObject, { reason }: Condition): boolean {
  return /retry/i.test(reason) || badCondition(object) !== undefined;
}

/** The condition, unless it speaks of an earlier generation. */
export function newestCondition(object: KubernetesObject, type: string): Condition | undefined {
  const condition = conditionOf(object, type);
  return condition === undefined || isStale(object, condition) ? undefined : condition;
}

function isStale(object: KubernetesObject, { observedGeneration }: Condition): boolean {
  if (observedGeneration === undefined || isStatusOrdinary(object)) return false;
  return observedGeneration < (object.metadata.generation ?? 0);
}

/** `not ready: NoDisk: volume full`, with what is known of it. */
export function saidBy(lead: string, { reason, message }: Pick<Condition, 'reason' | 'message'>): string {
  return [lead, reason, message].filter((part) => part !== '').join(': ');
}

/**
 * As a number also where a kind writes it as text (Argo's Rollout does). Absent where it can be compared with nothing: without a
 * status subresource the write that says it makes the next generation.
 */
export function observedGenerationOf(object: KubernetesObject): number | undefined {
  if (isStatusOrdinary(object)) return undefined;
  const observed = fieldAt(object, 'status', 'observedGeneration');
  if (typeof observed === 'string' && /^\d+$/.test(observed)) return Number(observed);
  return numberAt(object, 'status', 'observedGeneration');
}

/**
 * Kinds without a rule of their own, custom resources above all: conditions, phases, flags and counts are read by their words, and the
 * worst of what they say counts. What is wrong is `failing`, never final: only a kind's own rule knows that its controller has
 * given up, and how long a failure may last is for the rollout. Without a word that is known: there, and seen by whoever reports
 * an observedGeneration. A custom resource without any status is current too (many kinds have none), under a code of its own,
 * since its controller may merely be late (the rollout gives it `settle`); not one whose status is empty, or that is a run.
 */
export function genericStatus(object: KubernetesObject): Status {
  return (
    unsettled(object) ?? suspendedBySpec(object) ?? statusByWords(object) ?? blank(object) ?? unsaid(object)
  );
}

/** Nothing is said, and there is something to say: an empty status, or a run whose end would be told. */
function blank(object: KubernetesObject): Status | undefined {
  const status = fieldAt(object, 'status');
  if (!isCustomResource(object)) return undefined;
  return sameValue(status, {}) || (status === undefined && isRun(object.kind))
    ? progressing('nothing-reported', 'its controller has not reported yet')
    : undefined;
}

/** No status, an empty one, or one whose conditions, or those of a part, are still to come. */
export function isUnreported(object: KubernetesObject): boolean {
  const status = fieldAt(object, 'status') ?? {};
  if (sameValue(status, {})) return true;
  return [status, ...Object.values(status).flat()].some((one) => sameValue(fieldAt(one, 'conditions'), []));
}

/** An object of which nothing is known but that it is there. */
export function unsaid(object: KubernetesObject): Status {
  const silent = isCustomResource(object) && fieldAt(object, 'status') === undefined;
  return current('present', silent ? 'nothing-reported' : 'current');
}

/** For kinds whose controller always writes observedGeneration: absent means that it has not looked yet. */
export function unobserved(object: KubernetesObject): Status | undefined {
  const settled = unsettled(object);
  if (settled !== undefined || observedGenerationOf(object) !== undefined) return settled;
  return progressing('not-observed', 'the controller has not seen it yet');
}
