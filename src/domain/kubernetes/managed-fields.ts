/**
 * Field ownership: reads `metadata.managedFields` (the FieldsV1 format of server-side apply: `f:name` a field, `k:{…}` a list
 * item by its keys, `v:…` a set item by value, `i:…` an item by index, `.` the item itself).
 * Source: sigs.k8s.io/structured-merge-diff `fieldpath`, and the Kubernetes page on server-side apply.
 */
import type { JsonObject, JsonValue, KubernetesObject, ManagedFieldsEntry } from './objects.ts';

export const fieldManager = 'orion';
export const clientSideApplyManager = 'kubectl-client-side-apply';

/** The entry of server-side apply made by `manager`, if it owns anything of the object itself (not of a subresource). */
export function applyEntryOf(object: KubernetesObject, manager: string): ManagedFieldsEntry | undefined {
  return object.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '',
  );
}

/** Our entry of server-side apply, of the object itself. */
export function isOurs(entry: ManagedFieldsEntry): boolean {
  return entry.manager === fieldManager && entry.operation === 'Apply' && (entry.subresource ?? '') === '';
}

/** What a write of ours by other means than server-side apply leaves behind: undo needs one where a list has a key twice. */
export function isOurRewrite(entry: ManagedFieldsEntry): boolean {
  return entry.manager === fieldManager && entry.operation === 'Update' && (entry.subresource ?? '') === '';
}

/** A manager has one entry per operation, version and subresource. */
export function managerKey({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry): string {
  return JSON.stringify([manager, operation, apiVersion, subresource ?? '']);
}

/** Ownership left by client-side `kubectl apply`: to be taken over before the first change, or removed fields stay. */
export function clientSideApplyEntriesOf(object: KubernetesObject): readonly ManagedFieldsEntry[] {
  return (object.metadata.managedFields ?? []).filter(
    (entry) =>
      entry.manager === clientSideApplyManager &&
      entry.operation === 'Update' &&
      (entry.subresource ?? '') === '',
  );
}

/** Who owns the field at `path` (field names, `*` for any item of a list): `['spec','replicas']` → the managers' names. */
export function managersOf(object: KubernetesObject, path: readonly string[]): readonly string[] {
  return (object.metadata.managedFields ?? [])
    .filter((entry) => hasField(entry.fieldsV1, path))
    .map((entry) => entry.manager ?? 'unknown');
}

/**
 * Whether the kind has no status subresource, so that its status is written like any other field and each such write makes a new
 * generation: then `metadata.generation` never meets an observedGeneration. Where there is a subresource, the API server takes
 * the status out of every other write and out of its field set, so no entry of the object itself can hold it. `false` where
 * nobody has written a status yet, or the entries are not known.
 */
export function isStatusOrdinary({ metadata: { managedFields = [] } }: KubernetesObject): boolean {
  const owners = managedFields.filter(({ fieldsV1 }) => hasField(fieldsV1, ['status']));
  return owners.length > 0 && owners.every(({ subresource }) => (subresource ?? '') === '');
}

/** What `isStatusOrdinary` needs of the entries, where the rest of them is not kept. */
export const ordinaryStatusEntry: ManagedFieldsEntry = { fieldsV1: { 'f:status': {} } };

function hasField(node: JsonValue | undefined, [first, ...rest]: readonly string[]): boolean {
  if (first === undefined) return node !== undefined;
  if (!isObject(node)) return false;
  if (first !== '*') return hasField(node[`f:${first}`], rest);
  return Object.entries(node).some(([key, item]) => key.startsWith('k:') && hasField(item, rest));
}

/**
 * The part of `object` that `fields` names, with live values: an apply configuration. Fields that no longer exist are left
 * out, and what only held such fields; list items keep their keys, so that the result can be applied again.
 */
export function extractFields(object: KubernetesObject, fields: JsonObject | undefined): JsonObject {
  const everybody = (object.metadata.managedFields ?? []).map((entry) => entry.fieldsV1 ?? {});
  const extracted =
    fields === undefined ? {} : extractFrom(object as unknown as JsonValue, fields, everybody);
  const body = isObject(extracted) ? extracted : {};
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  const { name, namespace } = object.metadata;
  return {
    ...body,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...metadata, name, ...(namespace === undefined ? {} : { namespace }) },
  };
}

/**
 * A set without members names the whole value (a scalar, an atomic list or map), unless somebody owns a part of it: then it is
 * a map or list that was applied empty, and the parts are not ours. `everybody`: what all managers own at this place.
 */
function extractFrom(
  value: JsonValue | undefined,
  fields: JsonObject,
  everybody: readonly JsonObject[],
): JsonValue | undefined {
  const names = Object.keys(fields).filter((name) => name !== '.');
  if (value === undefined) return undefined;
  if (names.length === 0) return everybody.some(hasMembers) ? emptied(value) : value;
  if (Array.isArray(value)) return extractItems(value, fields, names, everybody);
  if (!isObject(value)) return value;
  const entries = names
    .filter((name) => name.startsWith('f:'))
    .map((name): [string, JsonValue | undefined] => [
      name.slice(2),
      extractFrom(value[name.slice(2)], child(fields, name), children(everybody, name)),
    ])
    .filter((entry): entry is [string, JsonValue] => entry[1] !== undefined);
  return entries.length === 0 && fields['.'] === undefined ? undefined : Object.fromEntries(entries);
}

function extractItems(
  items: readonly JsonValue[],
  fields: JsonObject,
  names: readonly string[],
  everybody: readonly JsonObject[],
): JsonValue | undefined {
  const kept = items.flatMap((item, index): readonly JsonValue[] => {
    const name = names.find((candidate) => selects(candidate, item, index));
    if (name === undefined) return [];
    if (!name.startsWith('k:')) return [item];
    return [withKeys(extractFrom(item, child(fields, name), children(everybody, name)), name)];
  });
  return kept.length === 0 && fields['.'] === undefined ? undefined : kept;
}

function emptied(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return [];
  return isObject(value) ? {} : value;
}

function hasMembers(fields: JsonObject): boolean {
  return Object.keys(fields).some((name) => name !== '.');
}

function children(sets: readonly JsonObject[], name: string): readonly JsonObject[] {
  return sets.map((fields) => child(fields, name));
}

/** Whether a `k:`, `v:` or `i:` key of `fieldsV1` means this list item. */
export function selects(name: string, item: JsonValue, index: number): boolean {
  if (name.startsWith('v:')) return canonicalJson(JSON.parse(name.slice(2))) === canonicalJson(item);
  if (name.startsWith('i:')) return Number(name.slice(2)) === index;
  if (!name.startsWith('k:') || !isObject(item)) return false;
  const keys: unknown = JSON.parse(name.slice(2));
  // A key that the item lacks is a defaulted one (`protocol: TCP`): the server writes it into the set, the object may omit it.
  return (
    isObject(keys) &&
    Object.entries(keys).every(([key, wanted]) => item[key] === undefined || item[key] === wanted)
  );
}

/**
 * The items of a list that a key means, more than one where it stands twice. A key that an item lacks is a defaulted one, and means it
 * only where no other item has it in full: of `{port: 53}` and `{port: 53, protocol: UDP}` the first is not the UDP one.
 */
export function itemsNamed(list: unknown, name: string): readonly JsonValue[] {
  const items: readonly JsonValue[] = Array.isArray(list) ? list : [];
  const meant = items.filter((item, index) => selects(name, item, index));
  if (meant.length < 2 || !name.startsWith('k:')) return meant;
  const keys = Object.keys(JSON.parse(name.slice(2)) as JsonObject);
  const whole = meant.filter((item) => isObject(item) && keys.every((key) => item[key] !== undefined));
  return whole.length > 0 ? whole : meant;
}

/** An item of which only its keys are owned consists of them. A key that is not owned beside another is a defaulted one. */
function withKeys(extracted: JsonValue | undefined, name: string): JsonValue {
  const keys = JSON.parse(name.slice(2)) as JsonObject;
  const own = isObject(extracted) ? extracted : {};
  return Object.keys(keys).some((key) => key in own) ? own : { ...keys, ...own };
}

function child(fields: JsonObject, name: string): JsonObject {
  const node = fields[name];
  return isObject(node) ? node : {};
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

/** A JSON object: no array, not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, node: unknown) =>
    isObject(node) ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1))) : node,
  );
}
