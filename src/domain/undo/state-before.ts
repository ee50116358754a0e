/** Computes the previous state that undo needs, before the first write to an object. */
import {
  fieldsOf,
  type MemberPath,
  memberKey,
  membersOf,
  valueAt,
  withoutField,
} from '../kubernetes/field-set.ts';
import {
  applyEntryOf,
  canonicalJson,
  clientSideApplyEntriesOf,
  extractFields,
  fieldManager,
  isObject,
  isOurs,
  managerKey,
  unionOf,
} from '../kubernetes/managed-fields.ts';
import {
  groupKindOf,
  type JsonObject,
  type KubernetesObject,
  type ManagedFieldsEntry,
} from '../kubernetes/objects.ts';
import type { PlannedChange } from '../plan/changes.ts';
import type { StateBefore } from '../release/record.ts';
import { neighboursIn } from './list-order.ts';
import { broughtBy, templateLabels } from './server-defaults.ts';

/** The previous state of an object, by the live one that the preview saw. */
export function stateBeforeOf(change: PlannedChange): StateBefore {
  const { live } = change;
  if (live === undefined) return { reference: change.reference, presence: 'absent' };
  // In the version in which it was there, which the one of the overlay need not be.
  const reference = { ...change.reference, apiVersion: live.apiVersion };
  const ownership = entriesChangedBy(change, live);
  const named = ownership.filter((entry) => isOurs(entry) || isAdopted(entry, change));
  const sets = [...named.map((entry) => entry.fieldsV1 ?? {}), fieldsOf(replacedBy(change, live))];
  const fields = withoutField(unionOf(sets), templateGeneration);
  const { uid } = live.metadata;
  const neighbours = neighboursOf(change, live, fields);
  const foreseen = change.predicted === undefined ? [] : broughtBy(change.predicted, live, change.desired);
  // A dry-run still has the labels that adoption makes ours, and that the write then removes: the copies come only then.
  const brought = change.adopts ? [...foreseen, ...templateLabels(live)] : foreseen;
  return {
    reference,
    presence: 'present',
    // A set without members would name the whole object.
    restore: extractFields(
      live,
      Object.keys(fields).length === 0 ? undefined : unionOf([fields, neighbours]),
    ),
    fields,
    ...(Object.keys(neighbours).length === 0 ? {} : { neighbours }),
    ...(brought.length === 0 ? {} : { brought: fieldsOf(brought) }),
    ownership,
    ...(uid === undefined ? {} : { uid }),
  };
}

/**
 * The API server counts the templates of a DaemonSet in an annotation that whoever created it owns. Sent back, it has another
 * value at once, and the undo would be refused as somebody else's change. Addressed in a field set, not in an object.
 */
const templateGeneration: MemberPath = [
  'f:f:metadata',
  'f:f:annotations',
  'f:f:deprecated.daemonset.template.generation',
];

function entriesChangedBy(change: PlannedChange, live: KubernetesObject): readonly ManagedFieldsEntry[] {
  const losers = new Set(change.conflicts.map((conflict) => conflict.manager));
  return (live.metadata.managedFields ?? []).filter(
    (entry) => isOurs(entry) || isAdopted(entry, change) || losers.has(entry.manager ?? ''),
  );
}

function isAdopted(entry: ManagedFieldsEntry, { adopts, live }: PlannedChange): boolean {
  return adopts && live !== undefined && clientSideApplyEntriesOf(live).includes(entry);
}

/**
 * Fields that the write replaces or removes although they are not ours: to give a field back to nobody, or to the manager it was
 * taken from, its value has to be sent once. One that nobody owns becomes ours even by its own value, and would go with us; so does
 * one that is taken by its own value (an atomic list that the server has defaulted since differs from what either has applied).
 */
function replacedBy(
  { predicted, adopts, claims = [] }: PlannedChange,
  live: KubernetesObject,
): readonly MemberPath[] {
  if (predicted === undefined) return [];
  const written = membersOf(applyEntryOf(predicted, fieldManager)?.fieldsV1);
  const allocated = allocatedBy(live).filter((path) => valueAt(live, path) !== undefined);
  const owned = ownedBy(live.metadata.managedFields ?? []);
  const taken = takenBy(predicted, live);
  const replaced = [...written, ...allocated].filter((path) => {
    const before = valueAt(live, path);
    if (before === undefined) return false;
    const [key, unowned] = [memberKey(path), !isObject(before) && !owned.has(memberKey(path))];
    return unowned || taken.has(key) || canonicalJson(before) !== canonicalJson(valueAt(predicted, path));
  });
  // A dry-run still sees the fields that adoption makes ours, and that the write then removes.
  return [...replaced, ...claims, ...(adopts ? allocated : [])];
}

function ownedBy(entries: readonly ManagedFieldsEntry[]): ReadonlySet<string> {
  return new Set(entries.flatMap(({ fieldsV1 }) => membersOf(fieldsV1)).map(memberKey));
}

/** What another manager owns before the write, and not after it. */
function takenBy(predicted: KubernetesObject, live: KubernetesObject): ReadonlySet<string> {
  const after = predicted.metadata.managedFields ?? [];
  return new Set(
    (live.metadata.managedFields ?? [])
      .filter((entry) => !isOurs(entry))
      .flatMap((entry) => {
        const kept = ownedBy(after.filter((other) => managerKey(other) === managerKey(entry)));
        return membersOf(entry.fieldsV1)
          .map(memberKey)
          .filter((key) => !kept.has(key));
      }),
  );
}

function neighboursOf({ predicted }: PlannedChange, live: KubernetesObject, fields: JsonObject): JsonObject {
  if (predicted === undefined) return {};
  const entries = (live.metadata.managedFields ?? []).filter(({ subresource = '' }) => subresource === '');
  const everybody = unionOf(entries.map((entry) => entry.fieldsV1 ?? {}));
  return fieldsOf(neighboursIn(everybody, fields, live, predicted));
}

/** Values that the server allocated, and would allocate again: they are part of the previous state. */
function allocatedBy(live: KubernetesObject): readonly MemberPath[] {
  if (groupKindOf(live) !== 'Service') return [];
  const spec = isObject(live['spec']) ? live['spec'] : {};
  const ports = Array.isArray(spec['ports']) ? spec['ports'].filter(isObject) : [];
  const fixed = ['clusterIP', 'clusterIPs', 'healthCheckNodePort', 'ipFamilies', 'ipFamilyPolicy'];
  return [
    ...fixed.map((name) => ['f:spec', `f:${name}`]),
    ...ports.map(({ port = 0, protocol = 'TCP' }) => [
      'f:spec',
      'f:ports',
      `k:${JSON.stringify({ port, protocol })}`,
      'f:nodePort',
    ]),
  ];
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
