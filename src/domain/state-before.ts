/** What undo needs, decided before the first write to an object (DESIGN.md section 3). */
import type { PlannedChange } from './changes.ts';
import {
  applyEntryOf,
  clientSideApplyEntriesOf,
  extractFields,
  fieldManager,
  isObject,
} from './managed-fields.ts';
import type { JsonObject, ManagedFieldsEntry } from './objects.ts';
import type { StateBefore } from './release.ts';

export function stateBeforeOf(change: PlannedChange): StateBefore {
  const { reference, live } = change;
  if (live === undefined) return { reference, presence: 'absent' };
  const ours = applyEntryOf(live, fieldManager);
  const adopted = change.adopts ? clientSideApplyEntriesOf(live) : [];
  const { uid, resourceVersion } = live.metadata;
  return {
    reference,
    presence: 'present',
    ...(ours === undefined ? {} : { configuration: extractFields(live, ours.fieldsV1) }),
    ...(adopted.length === 0
      ? {}
      : {
          adoptedEntries: adopted,
          adoptedFields: extractFields(live, unionOf(adopted.map((entry) => entry.fieldsV1 ?? {}))),
        }),
    ...(change.conflicts.length === 0 ? {} : { takenFields: takenFrom(change) }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function takenFrom(change: PlannedChange): JsonObject {
  const managers = new Set(change.conflicts.map((conflict) => conflict.manager));
  const entries = (change.live?.metadata.managedFields ?? []).filter((entry) =>
    managers.has(entry.manager ?? ''),
  );
  return change.live === undefined
    ? {}
    : extractFields(change.live, unionOf(entries.map((entry) => entry.fieldsV1 ?? {})));
}

/** The union of field sets: what any of them names. */
export function unionOf(sets: readonly JsonObject[]): JsonObject {
  return sets.reduce((left, right) => {
    const names = new Set([...Object.keys(left), ...Object.keys(right)]);
    return Object.fromEntries(
      [...names].map((name) => [name, unionOf([asSet(left[name]), asSet(right[name])].filter(isObject))]),
    );
  }, {});
}

function asSet(node: unknown): JsonObject {
  return isObject(node) ? node : {};
}

/**
 * Ownership after adoption: the entries of client-side apply become our apply entry, values unchanged. What client-go's
 * `csaupgrade.UpgradeManagedFields` does, so that fields absent from the overlay are removed by the next apply: the first
 * entry becomes ours if we have none; entries of another API version than ours are dropped.
 */
export function adoptedManagedFields(
  entries: readonly ManagedFieldsEntry[],
  adopted: readonly ManagedFieldsEntry[],
): readonly ManagedFieldsEntry[] {
  const first = adopted[0];
  if (first === undefined) return entries;
  const ours = entries.find(isOurs);
  const target = ours ?? first;
  const fieldsV1 = unionOf(
    [...(ours === undefined ? [] : [ours]), ...adopted]
      .filter((entry) => entry.apiVersion === target.apiVersion)
      .map((entry) => entry.fieldsV1 ?? {}),
  );
  const kept = entries.filter((entry) => entry !== ours && !adopted.includes(entry));
  return [...kept, { ...target, manager: fieldManager, operation: 'Apply', fieldsV1 }];
}

function isOurs(entry: ManagedFieldsEntry): boolean {
  return entry.manager === fieldManager && entry.operation === 'Apply' && (entry.subresource ?? '') === '';
}
