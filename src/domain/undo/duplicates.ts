/**
 * Lists that hold the same key twice, as an environment variable that is named twice: client-side apply and create write them, the
 * server warns and keeps them, and server-side apply of them is refused ("duplicate entries for key"). Ownership names such a key
 * once, as a leaf: all items with it are owned as a whole. Source: sigs.k8s.io/structured-merge-diff `typed/tofieldset.go`.
 */
import { isObject, selects } from '../managed-fields.ts';
import type { JsonObject, JsonValue } from '../objects.ts';

/** Whether a list in `value` has several items for one key or one value of a set. `fields` names what is in it. */
export function hasDuplicates(fields: JsonObject, value: unknown): boolean {
  return Object.entries(fields).some(([name, inner]) => {
    if (isItem(name) && itemsOf(value, name).length > 1) return true;
    return isObject(inner) && hasDuplicates(inner, inside(value, name));
  });
}

/** The same with only the last item for each key, which is the one that counts: what server-side apply takes. */
export function withoutDuplicates(fields: JsonObject, value: JsonObject): JsonObject {
  return changed(fields, value, (items) => items.slice(-1)) as JsonObject;
}

/** `value` with all items for a key that `wanted` has, where it has several. */
export function withDuplicatesOf(fields: JsonObject, wanted: JsonObject, value: JsonObject): JsonObject {
  return changed(
    fields,
    value,
    (items, name, list) => {
      const all = itemsOf(list, name);
      return all.length > 1 ? all : items;
    },
    wanted,
  ) as JsonObject;
}

type Change = (items: readonly JsonValue[], name: string, list: unknown) => readonly JsonValue[];

function changed(fields: JsonObject, value: JsonValue, change: Change, other?: unknown): JsonValue {
  let node = value;
  for (const [name, inner] of Object.entries(fields)) {
    const below = (child: JsonValue): JsonValue =>
      isObject(inner) ? changed(inner, child, change, inside(other, name)) : child;
    if (isItem(name) && Array.isArray(node)) node = withItems(node, name, change, other, below);
    const field = name.slice(2);
    const child = name.startsWith('f:') && isObject(node) ? node[field] : undefined;
    if (isObject(node) && child !== undefined) node = { ...node, [field]: below(child) };
  }
  return node;
}

/** The items for one key stand where the first of them stood. */
function withItems(
  list: readonly JsonValue[],
  name: string,
  change: Change,
  other: unknown,
  below: (item: JsonValue) => JsonValue,
): readonly JsonValue[] {
  const items = itemsOf(list, name);
  const first = list.findIndex((item, index) => selects(name, item, index));
  if (first < 0) return list;
  const kept = change(items, name, other);
  const rest = list.filter((item, index) => !selects(name, item, index));
  const put = kept.length === 1 ? kept.map(below) : kept;
  const before = list.slice(0, first).filter((item, index) => !selects(name, item, index)).length;
  return [...rest.slice(0, before), ...put, ...rest.slice(before)];
}

function isItem(name: string): boolean {
  return name.startsWith('k:') || name.startsWith('v:');
}

function itemsOf(list: unknown, name: string): readonly JsonValue[] {
  const items: readonly JsonValue[] = Array.isArray(list) ? list : [];
  return items.filter((item, index) => selects(name, item, index));
}

function inside(value: unknown, name: string): unknown {
  if (name.startsWith('f:')) return isObject(value) ? value[name.slice(2)] : undefined;
  return isItem(name) ? itemsOf(value, name)[0] : undefined;
}
