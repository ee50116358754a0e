/**
 * The order of list items that are told apart by keys: ownership does not name it, and yet it means something (`$(NAME)` in
 * `env` sees only the variables before it; init containers run one after the other).
 */
import { isObject, selects } from '../managed-fields.ts';
import type { JsonObject, JsonValue } from '../objects.ts';

/** Whether items that `fields` names, and that both have, stand in another order in `other` than in `one`. */
export function isReordered(fields: JsonObject, one: unknown, other: unknown): boolean {
  const names = Object.keys(fields);
  const keys = names.filter((name) => name.startsWith('k:'));
  const common = keys.filter((name) => indexOf(one, name) >= 0 && indexOf(other, name) >= 0);
  const sortedIn = (list: unknown): string =>
    common.toSorted((left, right) => indexOf(list, left) - indexOf(list, right)).join('\0');
  return (
    sortedIn(one) !== sortedIn(other) ||
    names.some((name) => {
      const inner = fields[name];
      return isObject(inner) && isReordered(inner, inside(one, name), inside(other, name));
    })
  );
}

function indexOf(list: unknown, name: string): number {
  return Array.isArray(list) ? list.findIndex((item: JsonValue, index) => selects(name, item, index)) : -1;
}

function inside(value: unknown, name: string): unknown {
  if (name.startsWith('k:')) return Array.isArray(value) ? value[indexOf(value, name)] : undefined;
  return isObject(value) ? value[name.slice(2)] : undefined;
}
