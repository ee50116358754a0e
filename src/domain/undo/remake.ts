/**
 * What can never be written back in place, and may be deleted and created again: a ConfigMap or Secret that the release has made
 * immutable. Neither its data nor the field itself can be changed any more; pods that run keep what they have mounted or read.
 * Source: Kubernetes, "Immutable ConfigMaps".
 */
import {
  isWithin,
  type MemberPath,
  memberKey,
  membersOf,
  ownersOf,
  valueAt,
  withoutField,
} from '../kubernetes/field-set.ts';
import { canonicalJson, isOurs } from '../kubernetes/managed-fields.ts';
import {
  groupKindOf,
  type JsonObject,
  type KubernetesObject,
  type ManagedFieldsEntry,
  type ObjectReference,
  titleOf,
} from '../kubernetes/objects.ts';
import type { Remake } from '../release/record.ts';
import type { Kept, LeftAlone } from './decision.ts';
import { placed } from './placed.ts';

const immutable: MemberPath = ['f:immutable'];

/** The release, and nobody else, has made it immutable, and before it was not. */
export function mustBeRemade(live: KubernetesObject, restore: JsonObject): boolean {
  return (
    ['ConfigMap', 'Secret'].includes(groupKindOf(live)) &&
    live['immutable'] === true &&
    restore['immutable'] !== true &&
    // Whoever waits for the end of it would act on it.
    (live.metadata.finalizers ?? []).length === 0 &&
    othersOf(live).every((entry) => !membersOf(entry.fieldsV1).some((path) => isWithin(path, immutable)))
  );
}

/** What is put back into an object, and who owned what of it. */
interface PutBack {
  readonly restore: JsonObject;
  readonly fields: JsonObject;
  readonly ownership: readonly ManagedFieldsEntry[];
}

/**
 * The object as it has to be written where server-side apply is of no use: what others own of the live one, and of the rest what was
 * there before. Fields that others have changed since are theirs, and named.
 */
export function remakeOf(
  live: KubernetesObject,
  { restore, fields, ownership }: PutBack,
): { readonly remake: Remake; readonly leftAlone: readonly LeftAlone[] } {
  const others = othersOf(live);
  const losers = new Set(ownership.map(({ manager }) => manager));
  const since = others.filter(({ manager }) => !losers.has(manager));
  const back = membersOf(fields);
  const leftAlone = back
    .filter((path) => ownersOf(since, path).length > 0 && !sameAt(path, live, restore))
    .map((path) => ({ path, managers: ownersOf(since, path) }));
  const left = new Set(leftAlone.map(({ path }) => memberKey(path)));
  const theirs = others.flatMap(({ fieldsV1 }) => membersOf(fieldsV1));
  const mine = membersOf((live.metadata.managedFields ?? []).find(isOurs)?.fieldsV1);
  const kept = [...mine, ...back]
    .filter((path) => !theirs.some((other) => isWithin(other, path)))
    .reduce<JsonObject>(withoutField, bodyOf(live));
  const object = back
    .filter((path) => !left.has(memberKey(path)))
    .reduce<JsonObject>((body, path) => placed(body, path, valueAt(restore, path)) as JsonObject, kept);
  return { remake: { object, ownership: [...ownership, ...since] }, leftAlone };
}

function sameAt(path: MemberPath, live: KubernetesObject, restore: JsonObject): boolean {
  return canonicalJson(valueAt(live, path)) === canonicalJson(valueAt(restore, path));
}

/** All that a person could have written of it. */
function bodyOf({ status: _status, ...object }: KubernetesObject): JsonObject {
  const { name, namespace, labels, annotations, ownerReferences, finalizers } = object.metadata;
  const metadata = { name, namespace, labels, annotations, ownerReferences, finalizers };
  return JSON.parse(JSON.stringify({ ...object, metadata })) as JsonObject;
}

function othersOf({ metadata }: KubernetesObject): readonly ManagedFieldsEntry[] {
  return (metadata.managedFields ?? []).filter((entry) => !isOurs(entry));
}

/** What is said of it afterwards. */
export function madeAnew(reference: ObjectReference): Kept {
  return {
    reference,
    message: `${titleOf(reference)} was deleted and recreated as it was before: the release had made it immutable. It has a new UID.`,
    remedy: 'Nothing to do: running pods keep what they have read.',
  };
}
