/** What an unfinished release left to its successor: the state before both (STATES rows 15 and 20). */
import { isObject, isOurs, managerKey, selects } from '../managed-fields.ts';
import { type JsonObject, type JsonValue, keyOf } from '../objects.ts';
import type { StateBefore } from '../release.ts';
import { fieldsOf, type MemberPath, memberKey, membersOf, valueAt } from './members.ts';

/**
 * `theirs` is what was before the unfinished release, `ours` what the successor found: of an object that both have, theirs
 * counts, and from ours only what the successor is the first to take from other managers.
 */
export function takenOver(
  ours: readonly StateBefore[],
  theirs: readonly StateBefore[],
): readonly StateBefore[] {
  const found = new Map(ours.map((entry) => [keyOf(entry.reference), entry]));
  const taken = new Set(theirs.map((entry) => keyOf(entry.reference)));
  return [
    ...theirs.map((entry) => withMoreTaken(entry, found.get(keyOf(entry.reference)))),
    ...ours.filter((entry) => !taken.has(keyOf(entry.reference))),
  ];
}

function withMoreTaken(theirs: StateBefore, ours: StateBefore | undefined): StateBefore {
  if (theirs.restore === undefined || ours?.restore === undefined || theirs.uid !== ours.uid) return theirs;
  const { fields = {}, ownership = [] } = theirs;
  const others = (ours.ownership ?? []).filter((entry) => !isOurs(entry));
  const ofOthers = new Set(others.flatMap((entry) => membersOf(entry.fieldsV1)).map(memberKey));
  const known = new Set(membersOf(fields).map(memberKey));
  const more = membersOf(ours.fields).filter(
    (path) => ofOthers.has(memberKey(path)) && !known.has(memberKey(path)),
  );
  const brought = [...membersOf(theirs.brought), ...membersOf(ours.brought)].filter(
    (path) => !known.has(memberKey(path)),
  );
  const identities = new Set(ownership.map(managerKey));
  const values = ours.restore;
  return {
    ...theirs,
    restore: more.reduce<JsonObject>(
      (restore, path) => placed(restore, path, valueAt(values, path)) as JsonObject,
      theirs.restore,
    ),
    fields: fieldsOf([...membersOf(fields), ...more]),
    ...(brought.length === 0 ? {} : { brought: fieldsOf(brought) }),
    ownership: [...ownership, ...others.filter((entry) => !identities.has(managerKey(entry)))],
  };
}

/** With the value where the path says, in maps and items that are made for it; of a list item itself, only its keys. */
function placed(
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
