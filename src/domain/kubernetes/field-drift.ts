/** The fields that one write of ours owned, and which of them hold something else later. */
import { sameValue } from './fields.ts';
import { applyEntryOf, extractFields, fieldManager, isObject, selects } from './managed-fields.ts';
import type { JsonObject, JsonValue, KubernetesObject, ManagedFieldsEntry } from './objects.ts';
import type { FieldPath } from './source-location.ts';

/** What one write left in an object, to compare it with later. */
export interface OwnedFields {
  /** As in `managedFields`. */
  readonly fields: JsonObject;
  /** As the server answered the write: defaulted and normalised. */
  readonly values: JsonObject;
}

/** What we own of an object, by the server's answer to our write. Metadata belongs to many, and rolls nothing out. */
export function ownedFieldsOf(written: KubernetesObject): OwnedFields | undefined {
  const { 'f:metadata': _, ...fields } = applyEntryOf(written, fieldManager)?.fieldsV1 ?? {};
  if (Object.keys(fields).length === 0) return undefined;
  return { fields, values: extractFields(written, fields) };
}

/** A field that drifted: another manager changed or removed it. */
export interface TakenField {
  /** The keys that lead to it in `fieldsV1`: `f:spec`, `k:{"name":"api"}`. */
  readonly keys: readonly string[];
  readonly before: JsonValue;
  /** Undefined: it is not there any more. */
  readonly after: JsonValue | undefined;
}

/** The fields that no longer hold what we wrote, the outermost of those that are gone. Both sides are the server's words. */
export function takenFields(owned: OwnedFields, live: KubernetesObject): readonly TakenField[] {
  return takenBelow(owned.fields, [], owned.values, live as unknown as JsonValue);
}

function takenBelow(
  fields: JsonObject,
  keys: readonly string[],
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): readonly TakenField[] {
  if (before === undefined) return [];
  if (after === undefined) return [{ keys, before, after }];
  const members = Object.entries(fields).filter(([key]) => key !== '.');
  if (members.length === 0)
    return isEmpty(before) || sameValue(before, after) ? [] : [{ keys, before, after }];
  return members.flatMap(([key, node]) =>
    takenBelow(isObject(node) ? node : {}, [...keys, key], memberAt(before, key), memberAt(after, key)),
  );
}

/** What was applied empty has room for others' members. */
function isEmpty(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function memberAt(value: JsonValue, key: string): JsonValue | undefined {
  if (key.startsWith('f:')) return isObject(value) ? value[key.slice(2)] : undefined;
  return Array.isArray(value) ? value.find((item, index) => selects(key, item, index)) : undefined;
}

/** Who took a field: the newest owner other than us; of one that is gone, whoever wrote last. Status is nobody's taking. */
export function takerOf(live: KubernetesObject, { keys, after }: TakenField): ManagedFieldsEntry | undefined {
  const entries = (live.metadata.managedFields ?? []).filter(
    (entry) =>
      entry.subresource !== 'status' && !(entry.manager === fieldManager && entry.operation === 'Apply'),
  );
  const owners = after === undefined ? entries : entries.filter((entry) => owns(entry.fieldsV1, keys));
  return owners.reduce<ManagedFieldsEntry | undefined>(
    (newest, entry) => (newest === undefined || (entry.time ?? '') > (newest.time ?? '') ? entry : newest),
    undefined,
  );
}

/** An owner of the whole (an atomic list, say) owns its parts; so does one of any part of it. */
function owns(fields: JsonObject | undefined, keys: readonly string[]): boolean {
  let node: JsonValue | undefined = fields;
  for (const key of keys) {
    if (!isObject(node)) return false;
    if (Object.keys(node).every((name) => name === '.')) return node !== fields;
    node = node[key];
  }
  return node !== undefined;
}

/** `spec.template.spec.containers[name=api].image`. */
export function fieldText(keys: readonly string[]): string {
  return keys.map(stepText).join('').replace(/^\./, '');
}

function stepText(key: string): string {
  const value = key.slice(2);
  if (key.startsWith('f:')) return `.${value}`;
  if (!key.startsWith('k:')) return `[${value}]`;
  const [first] = Object.entries(JSON.parse(value) as JsonObject);
  return first === undefined ? '' : `[${first[0]}=${String(first[1])}]`;
}

/** The same place in what the user wrote, as far as it is there. */
export function pathIn(desired: KubernetesObject, keys: readonly string[]): FieldPath {
  const path: (string | number)[] = [];
  let node: JsonValue | undefined = desired as unknown as JsonValue;
  for (const key of keys) {
    if (node === undefined) return path;
    const next = memberAt(node, key);
    if (next === undefined) return path;
    path.push(Array.isArray(node) ? node.indexOf(next) : key.slice(2));
    node = next;
  }
  return path;
}
