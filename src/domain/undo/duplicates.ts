/**
 * Lists that hold the same key twice, as an environment variable that is named twice: client-side apply and create write them, the
 * server warns and keeps them, and server-side apply of them is refused ("duplicate entries for key"). Ownership names such a key
 * once, as a leaf: all items with it are owned as a whole. Source: sigs.k8s.io/structured-merge-diff `typed/tofieldset.go`.
 */
import { isObject, itemsNamed } from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue } from '../kubernetes/objects.ts';

/** Whether a list in `value` has several items for one key or one value of a set. `fields` names what is in it. */
export function hasDuplicates(fields: JsonObject, value: unknown): boolean {
  return Object.entries(fields).some(([name, inner]) => {
    if (isItem(name) && itemsNamed(value, name).length > 1) return true;
    return isObject(inner) && hasDuplicates(inner, inside(value, name));
  });
}

/** The same with only the last item for each key, which is the one that counts: what server-side apply takes. */
export function withoutDuplicates(fields: JsonObject, value: JsonObject): JsonObject {
  return single(fields, value) as JsonObject;
}

function single(fields: JsonObject, value: JsonValue): JsonValue {
  const names = Object.keys(fields).filter(isItem);
  if (!Array.isArray(value)) return eachField(fields, value, single);
  const list: readonly JsonValue[] = value;
  return list.flatMap((item) => {
    const name = names.find((candidate) => itemsNamed(list, candidate).includes(item));
    if (name === undefined) return [item];
    return itemsNamed(list, name).at(-1) === item ? [single(childOf(fields, name), item)] : [];
  });
}

/** `value` with all items for a key that `wanted` has, in its order, where it has several. */
export function withDuplicatesOf(fields: JsonObject, wanted: JsonObject, value: JsonObject): JsonObject {
  return several(fields, value, wanted) as JsonObject;
}

function several(fields: JsonObject, value: JsonValue, wanted: unknown): JsonValue {
  const below = (inner: JsonObject, child: JsonValue, name: string): JsonValue =>
    several(inner, child, inside(wanted, name));
  if (!Array.isArray(value)) return eachField(fields, value, below);
  const list: readonly JsonValue[] = value;
  const names = Object.keys(fields).filter(isItem);
  const nameIn = (within: readonly JsonValue[], item: JsonValue | undefined): string | undefined =>
    names.find((name) => itemsNamed(within, name).some((other) => other === item));
  const items = list.map((item) => {
    const name = nameIn(list, item);
    return name === undefined ? item : below(childOf(fields, name), item, name);
  });
  const order: readonly JsonValue[] = Array.isArray(wanted) ? wanted : [];
  if (!names.some((name) => itemsNamed(order, name).length > 1)) return items;
  const put = order.map((item) => {
    const name = nameIn(order, item);
    if (name === undefined || itemsNamed(order, name).length > 1) return item;
    return itemsNamed(items, name)[0] ?? item;
  });
  // Items of others, each behind the one that it followed.
  return items.reduce<readonly JsonValue[]>((result, item, index) => {
    if (nameIn(items, item) !== undefined) return result;
    const previous = items[index - 1];
    const name = nameIn(items, previous);
    const place = result.findLastIndex(
      (other) => other === previous || (name !== undefined && nameIn(result, other) === name),
    );
    return result.toSpliced(place + 1, 0, item);
  }, put);
}

function eachField(
  fields: JsonObject,
  value: JsonValue,
  change: (fields: JsonObject, child: JsonValue, name: string) => JsonValue,
): JsonValue {
  if (!isObject(value)) return value;
  const changed = Object.keys(fields).flatMap((name): [string, JsonValue][] => {
    const child = name.startsWith('f:') ? value[name.slice(2)] : undefined;
    return child === undefined ? [] : [[name.slice(2), change(childOf(fields, name), child, name)]];
  });
  return { ...value, ...Object.fromEntries(changed) };
}

function childOf(fields: JsonObject, name: string): JsonObject {
  const inner = fields[name];
  return isObject(inner) ? inner : {};
}

function isItem(name: string): boolean {
  return name.startsWith('k:') || name.startsWith('v:');
}

function inside(value: unknown, name: string): unknown {
  if (name.startsWith('f:')) return isObject(value) ? value[name.slice(2)] : undefined;
  return isItem(name) ? itemsNamed(value, name)[0] : undefined;
}
