/** The previous state of every object that the release will change, and of those that its autoscalers will scale. */
import { clientSideApplyEntriesOf, isOurs } from '../../domain/kubernetes/managed-fields.ts';
import {
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
} from '../../domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../domain/plan/changes.ts';
import type { StateBefore } from '../../domain/release/record.ts';
import { scaleTargetOf, withReplicas } from '../../domain/undo/scaled.ts';
import { stateBeforeOf } from '../../domain/undo/state-before.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { listAutoscalers } from '../plan/list-autoscalers.ts';

/** The previous state of each object that changes, each in the API version in which Orion wrote it last. */
export async function statesBefore(
  cluster: ClusterPort,
  changes: readonly PlannedChange[],
): Promise<readonly StateBefore[]> {
  const changed = await Promise.all(
    changes
      .filter(({ action }) => action !== 'unchanged')
      .map(async (change) => stateBeforeOf(await inOwnVersion(cluster, change))),
  );
  return withScaled(cluster, changes, changed);
}

/**
 * Ownership names fields in the version in which they were applied (`autoscaling/v1` has no `metrics`). If the
 * overlay changes the version, the object is read once more in the old one. The dry-run result is in the new version,
 * and left out.
 */
async function inOwnVersion(cluster: ClusterPort, change: PlannedChange): Promise<PlannedChange> {
  const { live, reference, adopts } = change;
  if (live === undefined) return change;
  const ours = live.metadata.managedFields?.find(isOurs);
  const apiVersion = (ours ?? (adopts ? clientSideApplyEntriesOf(live)[0] : undefined))?.apiVersion;
  if (apiVersion === undefined || apiVersion === live.apiVersion) return change;
  const served = await cluster.servedVersionOf({ apiVersion, kind: live.kind });
  const own = served === apiVersion ? await cluster.get({ ...reference, apiVersion }) : undefined;
  if (own === undefined || own.metadata.uid !== live.metadata.uid) return change;
  const { predicted: _predicted, ...rest } = change;
  return { ...rest, live: own };
}

/**
 * An autoscaler that existed before and has the same target still manages it after an undo: its replicas are left to
 * it.
 */
async function withScaled(
  cluster: ClusterPort,
  changes: readonly PlannedChange[],
  states: readonly StateBefore[],
): Promise<readonly StateBefore[]> {
  const targets = newTargets(changes);
  if (targets.size === 0) return states;
  const brought = new Set([...targets.values()].flatMap(({ by }) => by));
  const held = await heldTargets(cluster, [...targets.values()], brought);
  const byKey = new Map(states.map((state) => [keyOf(state.reference), state]));
  for (const [key, { reference, by }] of targets) {
    if (held.has(key)) continue;
    const change = changes.find((one) => keyOf(one.reference) === key);
    const live = change === undefined ? await readable(cluster, reference) : change.live;
    if (live === undefined) continue;
    const state = byKey.get(key) ?? stateBeforeOf(change ?? untouched(reference, live));
    byKey.set(key, withReplicas(state, live, by));
  }
  return [...byKey.values()];
}

interface Scaled {
  readonly reference: ObjectReference;
  /** Keys of the autoscalers. */
  readonly by: readonly string[];
}

function newTargets(changes: readonly PlannedChange[]): ReadonlyMap<string, Scaled> {
  const targets = new Map<string, Scaled>();
  for (const { desired, live, action, reference: autoscaler } of changes) {
    const reference = action === 'unchanged' ? undefined : scaleTargetOf(desired);
    const before = live === undefined ? undefined : scaleTargetOf(live);
    if (reference === undefined) continue;
    const key = keyOf(reference);
    if (before !== undefined && keyOf(before) === key) continue;
    targets.set(key, { reference, by: [...(targets.get(key)?.by ?? []), keyOf(autoscaler)] });
  }
  return targets;
}

async function heldTargets(
  cluster: ClusterPort,
  targets: readonly Scaled[],
  brought: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const namespaces = [...new Set(targets.map(({ reference }) => reference.namespace))];
  const found = await Promise.all(namespaces.map((namespace) => listAutoscalers(cluster, namespace)));
  const others = found.flat().filter((object) => !brought.has(keyOf(referenceOf(object))));
  return new Set(others.flatMap((object) => scaleTargetOf(object) ?? []).map(keyOf));
}

/**
 * It is not in the overlay: this identity may lack the permission to read it, and then its replicas are not restored.
 */
async function readable(
  cluster: ClusterPort,
  reference: ObjectReference,
): Promise<KubernetesObject | undefined> {
  try {
    return await cluster.get(reference);
  } catch (error) {
    const status = cluster.refusalOf(error)?.status;
    if (status === 403 || status === 404) return undefined;
    throw error;
  }
}

function untouched(reference: ObjectReference, live: KubernetesObject): PlannedChange {
  return {
    reference,
    desired: live,
    live,
    action: 'unchanged',
    conflicts: [],
    adopts: false,
    deferred: false,
    warnings: [],
  };
}
