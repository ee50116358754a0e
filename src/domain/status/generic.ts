import { fieldAt, numberAt } from '../fields.ts';
import type { KubernetesObject } from '../objects.ts';
import { current, progressing, type Status } from './status.ts';

/**
 * What holds for every kind, first: an object on its way out is terminating, and one whose controller has not seen the newest
 * generation says nothing yet (kstatus' generic rule). `undefined`: the kind's own rule decides.
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
  return undefined;
}

/** As a number also where a kind writes it as text (Argo's Rollout does). */
export function observedGenerationOf(object: KubernetesObject): number | undefined {
  const observed = fieldAt(object, 'status', 'observedGeneration');
  if (typeof observed === 'string' && /^\d+$/.test(observed)) return Number(observed);
  return numberAt(object, 'status', 'observedGeneration');
}

/** Kinds without a rule of their own: there, and seen by whoever reports an observedGeneration. */
export function genericStatus(object: KubernetesObject): Status {
  return unsettled(object) ?? current('present');
}

/** For kinds whose controller always writes observedGeneration: absent means that it has not looked yet. */
export function unobserved(object: KubernetesObject): Status | undefined {
  const settled = unsettled(object);
  if (settled !== undefined || observedGenerationOf(object) !== undefined) return settled;
  return progressing('not-observed', 'the controller has not seen it yet');
}
