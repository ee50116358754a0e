/** Sets values in a configuration, creating maps and list items as needed. */
import type { MemberPath } from '../kubernetes/field-set.ts';
import { isObject, selects } from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue } from '../kubernetes/objects.ts';

/** With the value where the path says, in maps and items that are made for it; of a list item itself, only its keys. */
export function placed(
  node: JsonValue | undefined,
  [first, ...rest]: MemberPath,
  value: JsonValue | undefined,
): JsonValue | undefined {
  if (first === undefined) return node ?? value;
  if (first.startsWith('f:')) {
    const map = isObject(node) ? node : {};
    const inner = placed(map[first.slice(2)], rest, value);
    return inner === undefined ? map : { ...map, [first.slice(2)]: inner };
  }
  const items: readonly JsonValue[] = Array.isArray(node) ? node : [];
  const index = items.findIndex((item, position) => selects(first, item, position));
  const key = first.startsWith('k:') ? (JSON.parse(first.slice(2)) as JsonObject) : value;
  if (index < 0 && key === undefined) return [...items];
  const changed = placed(items[index] ?? key, rest, value) as JsonValue;
  return index < 0 ? [...items, changed] : items.with(index, changed);
}
