/**
 * The order of list items that are identified by keys or by their values: it is not part of field ownership, but it
 * is significant (`$(NAME)` in `env` sees only the variables before it; init containers run one after the other).
 */
import { type MemberPath, membersOf } from '../kubernetes/field-set.ts';
import { isObject, selects } from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue } from '../kubernetes/objects.ts';

/** Whether items that `fields` names, and that both have, stand in another order in `other` than in `one`. */
export function isReordered(fields: JsonObject, one: unknown, other: unknown): boolean {
  const names = Object.keys(fields);
  const items = names.filter((name) => name.startsWith('k:') || name.startsWith('v:'));
  const common = items.filter((name) => indexOf(one, name) >= 0 && indexOf(other, name) >= 0);
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

/**
 * Items of other managers in lists whose items the write changes: sent along by undo, they hold their place in the order. The
 * server merges a list that lacks them as it thinks best. `everybody` is what all managers own of `live`.
 */
export function neighboursIn(
  everybody: JsonObject,
  mine: JsonObject,
  live: unknown,
  predicted: unknown,
): readonly MemberPath[] {
  const keys = Object.keys(everybody).filter((name) => name.startsWith('k:'));
  const isShared = keys.some((name) => mine[name] !== undefined);
  const isChanged = keys.some((name) => indexOf(live, name) !== indexOf(predicted, name));
  return Object.entries(everybody).flatMap(([name, inner]) => {
    if (!isObject(inner)) return [];
    const [ours, below] = [mine[name], (path: MemberPath): MemberPath => [name, ...path]];
    if (isObject(ours))
      return neighboursIn(inner, ours, inside(live, name), inside(predicted, name)).map(below);
    return name.startsWith('k:') && isShared && isChanged ? membersOf(inner).map(below) : [];
  });
}

function indexOf(list: unknown, name: string): number {
  return Array.isArray(list) ? list.findIndex((item: JsonValue, index) => selects(name, item, index)) : -1;
}

function inside(value: unknown, name: string): unknown {
  if (name.startsWith('k:')) return Array.isArray(value) ? value[indexOf(value, name)] : undefined;
  return isObject(value) ? value[name.slice(2)] : undefined;
}
