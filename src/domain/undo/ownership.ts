/** Restores field ownership after an undo. */
import { fieldsOf, type MemberPath, memberKey, membersOf, withoutMembers } from '../kubernetes/field-set.ts';
import { canonicalJson, isOurRewrite, isOurs, managerKey } from '../kubernetes/managed-fields.ts';
import type { KubernetesObject, ManagedFieldsEntry } from '../kubernetes/objects.ts';
import { withoutScalers } from './scaled.ts';
import { ownershipClaiming } from './server-defaults.ts';

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
  const kept = now.filter(
    (entry) => !isOurs(entry) && !isOurRewrite(entry) && !theirs.some((other) => isSame(other, entry)),
  );
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

/**
 * The entries as they have to be before the apply of an undo, undefined when they are so already: what the server brought is ours, so
 * that the apply removes it; what an autoscaler took is nobody's, so that the apply meets no conflict; and our entry is of the version
 * that is applied, where the one in which the release wrote is not served any more (the server would forget all of it).
 */
export function ownershipPrepared(
  object: KubernetesObject,
  { brought, regained = [], relabel }: Preparation,
): readonly ManagedFieldsEntry[] | undefined {
  const now = object.metadata.managedFields ?? [];
  const labelled = now.map((entry) =>
    relabel !== undefined && isOurs(entry) ? { ...entry, apiVersion: relabel } : entry,
  );
  const free = withoutScalers(labelled, regained);
  const metadata = { ...object.metadata, managedFields: free };
  const wanted = ownershipClaiming({ ...object, metadata }, brought) ?? free;
  return signature(wanted) === signature(now) ? undefined : wanted;
}

interface Preparation {
  readonly brought: readonly MemberPath[];
  readonly regained?: readonly MemberPath[];
  /** The API version for our entry. */
  readonly relabel?: string | undefined;
}
