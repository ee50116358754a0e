/** What a successor adds to the order that it takes over: of a list that only it changes, the items of others, where they stand. */
import { fieldsOf, membersOf } from '../kubernetes/field-set.ts';
import { isObject, itemsNamed } from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue } from '../kubernetes/objects.ts';
import type { StateBefore } from '../release/record.ts';

/** `theirs` is the previous state that is taken over, `ours` the one that the successor recorded for the same object. */
export function withNeighboursOf(theirs: StateBefore, ours: StateBefore): StateBefore {
  const { restore, neighbours } = theirs;
  if (restore === undefined || ours.restore === undefined || ours.neighbours === undefined) return theirs;
  return {
    ...theirs,
    restore: joined(restore, ours.restore, ours.neighbours) as JsonObject,
    neighbours: fieldsOf([...membersOf(neighbours), ...membersOf(ours.neighbours)]),
  };
}

function joined(node: JsonValue, source: JsonValue | undefined, names: JsonObject): JsonValue {
  if (Array.isArray(node)) return joinedList(node, Array.isArray(source) ? source : [], names);
  if (!isObject(node) || !isObject(source)) return node;
  const changed = Object.entries(names).flatMap(([name, inner]): [string, JsonValue][] => {
    const child = name.startsWith('f:') ? node[name.slice(2)] : undefined;
    if (child === undefined || !isObject(inner)) return [];
    return [[name.slice(2), joined(child, source[name.slice(2)], inner)]];
  });
  return { ...node, ...Object.fromEntries(changed) };
}

/** An item that is not there yet comes behind the one that it follows in `source`. */
function joinedList(
  node: readonly JsonValue[],
  source: readonly JsonValue[],
  names: JsonObject,
): readonly JsonValue[] {
  let list = node;
  const keys = Object.keys(names).filter((name) => name.startsWith('k:'));
  const inSource = (name: string): JsonValue | undefined => itemsNamed(source, name)[0];
  const ordered = keys.toSorted(
    (one, other) => source.indexOf(inSource(one) ?? null) - source.indexOf(inSource(other) ?? null),
  );
  for (const name of ordered) {
    const [there, item, inner] = [itemsNamed(list, name)[0], inSource(name), names[name]];
    if (item === undefined) continue;
    if (there !== undefined) {
      const below = isObject(inner) ? joined(there, item, inner) : there;
      list = list.map((other) => (other === there ? below : other));
      continue;
    }
    const keyNames = Object.keys(JSON.parse(name.slice(2)) as JsonObject);
    const before = source.slice(0, source.indexOf(item));
    const place = list.findLastIndex((other) => before.some((one) => isSameKey(one, other, keyNames)));
    list = list.toSpliced(place + 1, 0, item);
  }
  return list;
}

function isSameKey(one: JsonValue, other: JsonValue, names: readonly string[]): boolean {
  return isObject(one) && isObject(other) && names.every((name) => one[name] === other[name]);
}
