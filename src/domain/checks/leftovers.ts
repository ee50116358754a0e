/**
 * Fields that the API server defaulted for an earlier manifest and refuses with the new one: the `rollingUpdate` of a
 * Deployment that becomes `Recreate`, the `emptyDir` of a volume that gets a source. Nobody owns them, so no apply
 * removes them. The server's refusal names the field, for any kind; its dry run of a merge patch proves that nothing
 * else is wrong.
 */
import {
  fieldsOf,
  isWithin,
  type MemberPath,
  memberKey,
  membersOf,
  memberText,
} from '../kubernetes/field-set.ts';
import {
  applyEntryOf,
  clientSideApplyEntriesOf,
  fieldManager,
  isObject,
  isOurs,
  selects,
  unionOf,
} from '../kubernetes/managed-fields.ts';
import type { JsonObject, JsonValue, KubernetesObject, ManagedFieldsEntry } from '../kubernetes/objects.ts';
import type { ApplyConflict } from '../plan/changes.ts';
import { refusedPaths } from './refusal.ts';

/** A refused write to an existing object. */
export interface RefusedWrite {
  readonly desired: KubernetesObject;
  readonly live: KubernetesObject;
  /** Fields that `kubectl apply` owns become ours before the write. */
  readonly adopts: boolean;
  /** With managers that may be taken over. */
  readonly conflicts: readonly ApplyConflict[];
}

/** The leftovers at the fields that the refusal names, without fields of other managers. */
export function leftoversOf(message: string, write: RefusedWrite): readonly MemberPath[] {
  const { desired, live } = write;
  const named = unionOf((live.metadata.managedFields ?? []).map(({ fieldsV1 = {} }) => fieldsV1));
  const found = refusedPaths(message).flatMap((path) => besides(live, desired, named, stepsOf(path), []));
  const unique = [...new Map(found.map((one) => [memberKey(one.path), one])).values()];
  const entries = live.metadata.managedFields ?? [];
  const others = entries.filter((entry) => !isGivenUp(entry, write));
  return unique
    .filter(({ path, isRefused, isMap }) => isRefused || isMap || isOwned(path, entries))
    .map(({ path }) => path)
    .filter((path) => !isOwned(path, others));
}

interface Leftover {
  readonly path: MemberPath;
  /** The refusal names it; else it is beside what the refusal names. */
  readonly isRefused: boolean;
  /** An unowned scalar beside the refused one was defaulted independently. */
  readonly isMap: boolean;
}

/** Those that must become ours so that the write removes them: the others are removed with adopted fields. */
export function claimsOf(leftovers: readonly MemberPath[], live: KubernetesObject): readonly MemberPath[] {
  return leftovers.filter((path) => !isOwned(path, live.metadata.managedFields ?? []));
}

function isGivenUp(entry: ManagedFieldsEntry, { adopts, live }: RefusedWrite): boolean {
  return isOurs(entry) || (adopts && clientSideApplyEntriesOf(live).includes(entry));
}

function isOwned(path: MemberPath, entries: readonly ManagedFieldsEntry[]): boolean {
  return entries.some(({ fieldsV1 }) => membersOf(fieldsV1).some((member) => isWithin(member, path)));
}

/**
 * `spec.volumes[0].emptyDir` → names; a list is one step, since the server's index refers to a list that we do not
 * have.
 */
function stepsOf(path: string): readonly string[] {
  return [...path.matchAll(/([\w-]+)|\[[^\]]*\]/g)].map(([, name]) => name ?? '*');
}

/** Live fields that are not in the overlay: at the path itself; else its siblings and children. */
function besides(
  live: unknown,
  desired: unknown,
  named: JsonObject,
  [first, ...rest]: readonly string[],
  path: MemberPath,
): readonly Leftover[] {
  if (first === undefined) return [];
  if (first === '*') return inItems(live, desired, named, rest, path);
  if (!isObject(live) || !isObject(desired)) return [];
  const below = [...path, `f:${first}`];
  if (rest.length > 0) return besides(live[first], desired[first], childOf(named, `f:${first}`), rest, below);
  if (desired[first] === undefined) {
    return live[first] === undefined ? [] : [{ path: below, isRefused: true, isMap: isObject(live[first]) }];
  }
  return [...onlyIn(live, desired, path), ...onlyIn(live[first], desired[first], below)];
}

function inItems(
  live: unknown,
  desired: unknown,
  named: JsonObject,
  rest: readonly string[],
  path: MemberPath,
): readonly Leftover[] {
  if (!Array.isArray(live) || !Array.isArray(desired)) return [];
  const item = (items: readonly JsonValue[], key: string) =>
    items.find((one, index) => selects(key, one, index));
  return Object.keys(named)
    .filter((key) => key.startsWith('k:'))
    .flatMap((key) =>
      besides(item(live, key), item(desired, key), childOf(named, key), rest, [...path, key]),
    );
}

function onlyIn(live: unknown, desired: unknown, path: MemberPath): readonly Leftover[] {
  if (!isObject(live) || !isObject(desired)) return [];
  return Object.entries(live)
    .filter(([name]) => desired[name] === undefined)
    .map(([name, value]) => ({ path: [...path, `f:${name}`], isRefused: false, isMap: isObject(value) }));
}

function childOf(fields: JsonObject, name: string): JsonObject {
  const node = fields[name];
  return isObject(node) ? node : {};
}

/**
 * The write as a merge patch: the overlay, without the leftovers and without fields that we own and the overlay no
 * longer has. Lists are replaced by the overlay's, so items of others are not in the result.
 */
export function patchWithout(leftovers: readonly MemberPath[], write: RefusedWrite): JsonObject {
  const entries = write.live.metadata.managedFields ?? [];
  const own = unionOf(
    entries.filter((entry) => isGivenUp(entry, write)).map(({ fieldsV1 = {} }) => fieldsV1),
  );
  const others = unionOf(
    entries.filter((entry) => !isGivenUp(entry, write)).map(({ fieldsV1 = {} }) => fieldsV1),
  );
  const { apiVersion: _version, kind: _kind, metadata, ...body } = write.desired;
  const { labels = {}, annotations = {} } = metadata;
  const desired = { ...body, metadata: { labels, annotations } } as unknown as JsonObject;
  return patchOf(desired, write.live, unionOf([own, fieldsOf(leftovers)]), others);
}

function patchOf(desired: JsonObject, live: unknown, gone: JsonObject, others: JsonObject): JsonObject {
  const there = isObject(live) ? live : {};
  const removed = Object.keys(there).filter(
    (name) =>
      desired[name] === undefined &&
      gone[`f:${name}`] !== undefined &&
      others[`f:${name}`] === undefined &&
      !identity.has(name),
  );
  return {
    ...Object.fromEntries(removed.map((name) => [name, null])),
    ...Object.fromEntries(
      Object.entries(desired).map(([name, value]) => {
        const key = `f:${name}`;
        if (!isObject(value)) return [name, value];
        return [name, patchOf(value, there[name], childOf(gone, key), childOf(others, key))];
      }),
    ),
  };
}

const identity: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/**
 * The object as a dry run of the apply itself would return it: the values of the merge patch, with the ownership that
 * the same manifest gets under a different name.
 */
export function predictedFrom(
  merged: KubernetesObject,
  alone: KubernetesObject,
  write: RefusedWrite,
): KubernetesObject {
  const ours = applyEntryOf(alone, fieldManager);
  const kept = (write.live.metadata.managedFields ?? [])
    .filter((entry) => !isGivenUp(entry, write))
    .map((entry) => withoutTaken(entry, write.conflicts));
  const managedFields = ours === undefined ? kept : [...kept, ours];
  return { ...merged, metadata: { ...merged.metadata, managedFields } };
}

function withoutTaken(entry: ManagedFieldsEntry, conflicts: readonly ApplyConflict[]): ManagedFieldsEntry {
  const taken = new Set(
    conflicts.filter(({ manager }) => manager === entry.manager).map(({ field }) => field),
  );
  if (taken.size === 0) return entry;
  const members = membersOf(entry.fieldsV1).filter((path) => !taken.has(memberText(path)));
  return { ...entry, fieldsV1: fieldsOf(members) };
}

/** managedFields entries in which the claimed fields are ours: an apply without them then removes them. */
export function ownershipWith(
  claims: readonly MemberPath[],
  entries: readonly ManagedFieldsEntry[],
  apiVersion: string,
): readonly ManagedFieldsEntry[] {
  if (claims.length === 0) return entries;
  const ours = entries.find(isOurs) ?? {
    manager: fieldManager,
    operation: 'Apply',
    apiVersion,
    fieldsType: 'FieldsV1',
  };
  const fieldsV1 = fieldsOf([...membersOf(ours.fieldsV1), ...claims]);
  return [...entries.filter((entry) => !isOurs(entry)), { ...ours, fieldsV1 }];
}
