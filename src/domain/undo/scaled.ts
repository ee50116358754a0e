/**
 * Replicas that an autoscaler of the release has changed, even if the release itself did not change the object. Undo,
 * which deletes the autoscaler, restores them.
 */
import {
  fieldsOf,
  isWithin,
  type MemberPath,
  membersOf,
  ownersOf,
  valueAt,
  withoutMembers,
} from '../kubernetes/field-set.ts';
import { isObject, isOurs, unionOf } from '../kubernetes/managed-fields.ts';
import type {
  JsonObject,
  KubernetesObject,
  ManagedFieldsEntry,
  ObjectReference,
} from '../kubernetes/objects.ts';
import type { StateBefore } from '../release/record.ts';
import { placed } from './placed.ts';

const replicas: MemberPath = ['f:spec', 'f:replicas'];

/** Who scales for autoscalers: the controller of HorizontalPodAutoscalers, and KEDA, which wakes from and sends to zero by itself. */
const scalers = ['kube-controller-manager', 'keda', 'keda-operator'];

/** What an autoscaler of any kind scales: HorizontalPodAutoscaler and KEDA's ScaledObject name it alike. */
export function scaleTargetOf(autoscaler: KubernetesObject): ObjectReference | undefined {
  const spec = autoscaler['spec'];
  const target = isObject(spec) ? spec['scaleTargetRef'] : undefined;
  const { namespace } = autoscaler.metadata;
  if (!isObject(target) || typeof target['name'] !== 'string' || namespace === undefined) return undefined;
  // KEDA's kind and version are optional.
  const { kind = 'Deployment', apiVersion = 'apps/v1', name } = target;
  return { apiVersion: String(apiVersion), kind: String(kind), namespace, name };
}

/** The state before of what an autoscaler will scale: its replicas, and who owned them. */
export function withReplicas(
  state: StateBefore,
  live: KubernetesObject,
  scaledBy: readonly string[],
): StateBefore {
  const value = valueAt(live, replicas);
  if (value === undefined) return state;
  const { restore = {}, fields = {}, ownership = [] } = state;
  const known = new Set(ownership);
  const owners = (live.metadata.managedFields ?? []).filter((entry) => owns(entry) && !known.has(entry));
  return {
    ...state,
    restore: placed(restore, replicas, value) as JsonObject,
    fields: unionOf([fields, fieldsOf([replicas])]),
    ownership: [...ownership, ...owners],
    scaledBy,
  };
}

/** The replicas, where an autoscaler has changed them and nobody else since. */
export function regainedOf(
  live: KubernetesObject,
  { restore, ownership = [] }: StateBefore,
): readonly MemberPath[] {
  const owners = ownersOf(live.metadata.managedFields ?? [], replicas);
  const isTheirs = owners.length > 0 && owners.every((owner) => scalers.includes(owner));
  const wanted = valueAt(restore, replicas);
  if (!isTheirs || wanted === undefined) return [];
  // An autoscaler that went long ago may have left its name here before.
  const asBefore =
    wanted === valueAt(live, replicas) && ownersOf(ownership, replicas).join() === owners.join();
  return asBefore ? [] : [replicas];
}

/** The entries in which these fields are nobody's but ours: an apply of them then meets no conflict. */
export function withoutScalers(
  entries: readonly ManagedFieldsEntry[],
  regained: readonly MemberPath[],
): readonly ManagedFieldsEntry[] {
  if (regained.length === 0) return entries;
  return entries.flatMap((entry) => {
    const members = membersOf(entry.fieldsV1);
    const left = scalers.includes(entry.manager ?? '') ? withoutMembers(members, regained) : members;
    if (left.length === members.length) return [entry];
    return left.length === 0 ? [] : [{ ...entry, fieldsV1: fieldsOf(left) }];
  });
}

function owns(entry: ManagedFieldsEntry): boolean {
  return !isOurs(entry) && membersOf(entry.fieldsV1).some((path) => isWithin(path, replicas));
}
