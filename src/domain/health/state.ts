/**
 * The observed Services and EndpointSlices of the release's namespace, reduced from the same changes as the rollout's
 * state.
 */
import { groupKindOf, type KubernetesObject, keyOf, referenceOf } from '../kubernetes/objects.ts';
import type { ObservedChange } from '../rollout/state.ts';

export const healthKinds = [
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
] as const;

const folded: ReadonlySet<string> = new Set(healthKinds.map(groupKindOf));

/** Both kinds by `keyOf`. Never changed, only replaced. */
export type HealthState = ReadonlyMap<string, KubernetesObject>;

/** Before the first list was delivered: no Service is known. */
export function startHealth(): HealthState {
  return new Map();
}

/** A list replaces all known objects of its kind and namespace; older versions of a known object are ignored. */
export function observeHealth(state: HealthState, change: ObservedChange): HealthState {
  if (change.type === 'listed') {
    if (!folded.has(change.groupKind)) return state;
    const listed = new Set(change.objects.map((object) => keyOf(referenceOf(object))));
    const next = new Map(
      [...state].filter(([key, object]) => {
        const concerned =
          groupKindOf(object) === change.groupKind &&
          (change.namespace === undefined || object.metadata.namespace === change.namespace);
        return !concerned || listed.has(key);
      }),
    );
    for (const object of change.objects) put(next, object);
    return next;
  }
  if (!folded.has(groupKindOf(change.object))) return state;
  const next = new Map(state);
  if (change.type === 'applied') put(next, change.object);
  else remove(next, change.object);
  return next;
}

function put(state: Map<string, KubernetesObject>, object: KubernetesObject): void {
  const key = keyOf(referenceOf(object));
  const known = state.get(key);
  const same = known !== undefined && known.metadata.uid === object.metadata.uid;
  if (same && versionOf(object) < versionOf(known)) return;
  state.set(key, object);
}

function remove(state: Map<string, KubernetesObject>, object: KubernetesObject): void {
  const key = keyOf(referenceOf(object));
  if (state.get(key)?.metadata.uid === object.metadata.uid) state.delete(key);
}

function versionOf(object: KubernetesObject): number {
  return Number(object.metadata.resourceVersion ?? 0);
}
