/** Objects that existed before the release: what undo sends to restore them. */
import {
  type MemberPath,
  memberKey,
  membersOf,
  ownersOf,
  valueAt,
  valuesAt,
  withoutField,
} from '../kubernetes/field-set.ts';
import {
  applyEntryOf,
  canonicalJson,
  fieldManager,
  isObject,
  isOurs,
  unionOf,
} from '../kubernetes/managed-fields.ts';
import { type JsonObject, type JsonValue, type KubernetesObject, titleOf } from '../kubernetes/objects.ts';
import type { Remake, StateBefore } from '../release/record.ts';
import { boundBy } from './bound.ts';
import { type CreationProof, isProven } from './created.ts';
import type { Kept, LeftAlone, Restore } from './decision.ts';
import { isReordered } from './list-order.ts';
import { ownershipRestored } from './ownership.ts';
import { madeAnew, mustBeRemade, remakeOf } from './remake.ts';
import { regainedOf } from './scaled.ts';
import { ownershipClaiming } from './server-defaults.ts';

interface PresentDecision {
  readonly restore?: Restore;
  readonly kept?: readonly Kept[];
}

/** What is known of an object now. */
interface SeenObject {
  readonly live: KubernetesObject | undefined;
  /** What the server answered to the release's own write. */
  readonly written: KubernetesObject | undefined;
  readonly proof: CreationProof;
}

/** `isRegained`: the release's autoscalers go, or turn to what they targeted before, and its replicas are put back. */
export function decidePresent(
  before: StateBefore,
  { live, written, proof }: SeenObject,
  isRegained: boolean,
): PresentDecision {
  const { reference, restore, remake, uid } = before;
  const title = titleOf(reference);
  const isAnother = live === undefined || (uid !== undefined && live.metadata.uid !== uid);
  if (isAnother && remake !== undefined) return decideRemade(before, remake, live, proof);
  if (isAnother) {
    const since = live === undefined ? 'was deleted' : 'was deleted and recreated';
    const message = `${title} ${since} by somebody else since; it is not changed.`;
    return { kept: [{ reference, message, remedy: 'Check it before the next release.' }] };
  }
  if (restore === undefined) {
    const message = `${title} is not restored: the record does not contain its previous state.`;
    return { kept: [{ reference, message, remedy: 'Deploy the previous commit.' }] };
  }
  const regained = isRegained ? regainedOf(live, before) : [];
  if (isSame(before, restore, live) && regained.length === 0) return {};
  if (mustBeRemade(live, restore)) return remade(before, restore, live);
  return restored(before, restore, live, lostSince(live, written), regained);
}

function isSame(before: StateBefore, restore: JsonObject, live: KubernetesObject): boolean {
  const { fields = {}, neighbours = {}, ownership = [] } = before;
  return (
    differing(fields, restore, live).length === 0 &&
    !hasAppeared(fields, restore, live) &&
    ownershipClaiming(live, membersOf(before.brought)) === undefined &&
    !isReordered(unionOf([fields, neighbours]), restore, live) &&
    ownershipRestored(live.metadata.managedFields ?? [], ownership, []) === undefined
  );
}

function restored(
  before: StateBefore,
  restore: JsonObject,
  live: KubernetesObject,
  lost: readonly LeftAlone[],
  regained: readonly MemberPath[],
): PresentDecision {
  const { reference, fields = {}, neighbours = {}, ownership = [] } = before;
  const taken = new Set(regained.map(memberKey));
  const leftAlone = lost.filter(({ path }) => !isSameAt(path, live, restore) && !taken.has(memberKey(path)));
  const removed = leftAlone.filter(({ path }) => valueAt(live, path) === undefined);
  const bound = boundBy(reference, restore, live);
  const moved = differing(neighbours, restore, live);
  const request = [...removed.map(({ path }) => path), ...itemsOf(moved)].reduce(
    withoutField,
    bound?.request ?? restore,
  );
  const ours = live.metadata.managedFields?.find(isOurs)?.apiVersion;
  return {
    restore: {
      reference,
      request,
      fields: unionOf([fields, neighbours]),
      brought: membersOf(before.brought),
      ownership,
      leftAlone,
      regained,
      ...(ours === undefined || ours === live.apiVersion ? {} : { writtenIn: ours }),
    },
    ...(bound === undefined ? {} : { kept: [bound.kept] }),
  };
}

/** It is as the release left it, and no write can restore it. */
function remade(before: StateBefore, restore: JsonObject, live: KubernetesObject): PresentDecision {
  const { fields = {}, ownership = [] } = before;
  const { remake, leftAlone } = remakeOf(live, { restore, fields, ownership });
  const { uid } = live.metadata;
  return {
    restore: {
      ...asRemake(before, remake),
      leftAlone,
      remake: uid === undefined ? remake : { ...remake, uid },
    },
  };
}

/**
 * An earlier undo has deleted it, and may have recreated it: its ownership may still have to be restored. If a
 * release in between made it immutable again, that object has to be deleted as well.
 */
function decideRemade(
  before: StateBefore,
  remake: Remake,
  live: KubernetesObject | undefined,
  proof: CreationProof,
): PresentDecision {
  const { fields = {}, restore = {} } = before;
  const entries = live?.metadata.managedFields ?? [];
  const isDone =
    live !== undefined &&
    differing(fields, restore, live).length === 0 &&
    ownershipRestored(entries, remake.ownership, []) === undefined;
  if (isDone) return { kept: [madeAnew(before.reference)] };
  const uid = live?.metadata.uid;
  const goes = live !== undefined && mustBeRemade(live, remake.object) && isProven(live, before, proof);
  return {
    restore: { ...asRemake(before, remake), remake: goes && uid !== undefined ? { ...remake, uid } : remake },
  };
}

function asRemake({ reference, fields = {} }: StateBefore, { object, ownership }: Remake): Restore {
  return { reference, request: object, fields, brought: [], ownership, leftAlone: [] };
}

/** The fields that have another value now than before; `request` holds the values before. */
export function differing(
  fields: JsonObject,
  request: JsonObject,
  now: KubernetesObject,
): readonly MemberPath[] {
  const members = membersOf(fields);
  const containers = new Set(members.map((path) => memberKey(path.slice(0, -1))));
  return members.filter((path) => {
    const wanted = valuesAt(request, path);
    // What holds other fields is compared by them.
    if (wanted.length === 0 || containers.has(memberKey(path))) return false;
    const found = valuesAt(now, path);
    if (wanted.length === found.length && wanted.every((item) => isItsKey(item, path))) return false;
    return canonicalJson(wanted) !== canonicalJson(found);
  });
}

/** Of an item whose fields others own, only that it is there is ours: it is sent as nothing but its key. */
function isItsKey(item: JsonValue, path: MemberPath): boolean {
  const name = path.at(-1) ?? '';
  if (!name.startsWith('k:') || !isObject(item)) return false;
  const key = JSON.parse(name.slice(2)) as JsonObject;
  return Object.keys(item).every((field) => field in key);
}

/** A field that we owned without a value (an empty list, that the server does not keep), and that has one now. */
function hasAppeared(fields: JsonObject, restore: JsonObject, live: KubernetesObject): boolean {
  return membersOf(fields).some(
    (path) => valueAt(restore, path) === undefined && valueAt(live, path) !== undefined,
  );
}

/** A list item of somebody else that is not what it was is not sent at all. */
function itemsOf(members: readonly MemberPath[]): readonly MemberPath[] {
  return members.map((path) => path.slice(0, path.findLastIndex((element) => element.startsWith('k:')) + 1));
}

function isSameAt(path: MemberPath, live: KubernetesObject, restore: JsonObject): boolean {
  return canonicalJson(valueAt(live, path)) === canonicalJson(valueAt(restore, path));
}

/** Fields that our write left to us and that are not ours any more. */
function lostSince(live: KubernetesObject, written: KubernetesObject | undefined): readonly LeftAlone[] {
  if (written === undefined) return [];
  const entries = live.metadata.managedFields ?? [];
  const ours = new Set(membersOf(entries.find(isOurs)?.fieldsV1).map(memberKey));
  return membersOf(applyEntryOf(written, fieldManager)?.fieldsV1)
    .filter((path) => !ours.has(memberKey(path)))
    .map((path) => ({ path, managers: ownersOf(entries, path) }));
}
