/** The previous state that a release takes over from an unfinished one (release state rows 15 and 20). */
import { fieldsOf, memberKey, membersOf, valueAt } from '../kubernetes/field-set.ts';
import { isOurs, managerKey } from '../kubernetes/managed-fields.ts';
import { type JsonObject, keyOf } from '../kubernetes/objects.ts';
import type { StateBefore } from '../release/record.ts';
import type { CreationProof } from './created.ts';
import { withNeighboursOf } from './neighbours.ts';
import { placed } from './placed.ts';

/**
 * `theirs` is what was before the unfinished release, `ours` what the successor found: of an object that both have, theirs
 * counts, and from ours only what the successor is the first to take from other managers. `proof`: what the unfinished release is known
 * to have created, and when its record was written; the successor's record is younger than those objects.
 */
export function takenOver(
  ours: readonly StateBefore[],
  theirs: readonly StateBefore[],
  proof: CreationProof,
): readonly StateBefore[] {
  const found = new Map(ours.map((entry) => [keyOf(entry.reference), entry]));
  const taken = new Set(theirs.map((entry) => keyOf(entry.reference)));
  return [
    ...theirs.map((entry) =>
      entry.presence === 'absent'
        ? withProof(entry, proof)
        : withMoreTaken(entry, found.get(keyOf(entry.reference))),
    ),
    ...ours.filter((entry) => !taken.has(keyOf(entry.reference))),
  ];
}

function withProof(entry: StateBefore, { made, recordedAt }: CreationProof): StateBefore {
  const [uid, since] = [entry.made ?? made.get(keyOf(entry.reference)), entry.absentAt ?? recordedAt];
  return {
    ...entry,
    ...(uid === undefined ? {} : { made: uid }),
    ...(since === undefined ? {} : { absentAt: since }),
  };
}

function withMoreTaken(first: StateBefore, ours: StateBefore | undefined): StateBefore {
  if (first.restore === undefined || ours?.restore === undefined || first.uid !== ours.uid) return first;
  const theirs = withNeighboursOf(first, ours);
  const { fields = {}, ownership = [], restore: base = {} } = theirs;
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
      base,
    ),
    fields: fieldsOf([...membersOf(fields), ...more]),
    ...(brought.length === 0 ? {} : { brought: fieldsOf(brought) }),
    ownership: [...ownership, ...others.filter((entry) => !identities.has(managerKey(entry)))],
  };
}
