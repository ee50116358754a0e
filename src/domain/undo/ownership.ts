/** Ownership after an undo: who owned what before the release owns it again. */
import { canonicalJson, isOurs, managerKey } from '../managed-fields.ts';
import type { ManagedFieldsEntry } from '../objects.ts';
import { fieldsOf, type MemberPath, memberKey, membersOf, withoutMembers } from './members.ts';

/**
 * The entries to write once the values are back; undefined when they are right already. `before` are the entries that the
 * release changed: ours, and those of managers from which it adopted or took fields. `leftAlone` are fields that somebody
 * changed since: whoever owns them now keeps them.
 */
export function ownershipRestored(
  now: readonly ManagedFieldsEntry[],
  before: readonly ManagedFieldsEntry[],
  leftAlone: readonly MemberPath[],
): readonly ManagedFieldsEntry[] | undefined {
  const theirs = before.filter((entry) => !isOurs(entry));
  const kept = now.filter((entry) => !isOurs(entry) && !theirs.some((other) => isSame(other, entry)));
  const wanted = [
    ...kept,
    ...before.map((entry) => {
      const current = now.find((other) => isSame(other, entry));
      const given = withoutMembers(membersOf(entry.fieldsV1), leftAlone);
      // Of others' entries the newer fields stay; ours is exactly what it was.
      const newer = current === undefined || isOurs(entry) ? [] : membersOf(current.fieldsV1);
      return { ...entry, ...timeOf(current), fieldsV1: fieldsOf(distinct([...newer, ...given])) };
    }),
  ].filter(({ fieldsV1 }) => fieldsV1 === undefined || Object.keys(fieldsV1).length > 0);
  return signature(wanted) === signature(now) ? undefined : wanted;
}

function timeOf(entry: ManagedFieldsEntry | undefined): Pick<ManagedFieldsEntry, 'time'> {
  return entry?.time === undefined ? {} : { time: entry.time };
}

function distinct(members: readonly MemberPath[]): readonly MemberPath[] {
  return [...new Map(members.map((path) => [memberKey(path), path])).values()];
}

function isSame(one: ManagedFieldsEntry, other: ManagedFieldsEntry): boolean {
  return managerKey(one) === managerKey(other);
}

/** What the entries say, without times and order. */
function signature(entries: readonly ManagedFieldsEntry[]): string {
  return entries
    .map((entry) => `${managerKey(entry)} ${canonicalJson(fieldsOf(membersOf(entry.fieldsV1)))}`)
    .sort()
    .join('\n');
}
