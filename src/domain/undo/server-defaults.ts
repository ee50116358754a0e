/**
 * Fields that the API server adds to what a release writes, such as the template's labels on a Job without labels.
 * Nobody owns them, so no apply removes them: undo makes them ours first.
 */
import { workloadKindOf } from '../kinds/table.ts';
import { fieldsOf, isWithin, type MemberPath, membersOf, valueAt } from '../kubernetes/field-set.ts';
import { isObject, isOurs, unionOf } from '../kubernetes/managed-fields.ts';
import type { JsonObject, KubernetesObject, ManagedFieldsEntry } from '../kubernetes/objects.ts';

/** The outermost fields that will be there, are not there now, and that nobody will own, in what is there already. */
export function broughtBy(
  predicted: KubernetesObject,
  live: KubernetesObject,
  desired: KubernetesObject,
): readonly MemberPath[] {
  const owned = unionOf((predicted.metadata.managedFields ?? []).map(({ fieldsV1 = {} }) => fieldsV1));
  const { status: _status, metadata, ...body } = predicted;
  const { labels, annotations } = metadata;
  return broughtInto(live, { ...body, metadata: { labels, annotations } }, desired, owned, []);
}

/** The labels that the server copies from the template to an object (a Job) that has none left itself. */
export function templateLabels(live: KubernetesObject): readonly MemberPath[] {
  if (workloadKindOf(live)?.labelledByTemplate !== true) return [];
  const labels = valueAt(live, ['f:spec', 'f:template', 'f:metadata', 'f:labels']);
  const { labels: own = {} } = live.metadata;
  return Object.keys(isObject(labels) ? labels : {})
    .filter((name) => own[name] === undefined)
    .map((name) => ['f:metadata', 'f:labels', `f:${name}`]);
}

/** `owned`: what all managers own at this place, undefined where nobody owns anything. */
function broughtInto(
  live: unknown,
  predicted: unknown,
  desired: unknown,
  owned: JsonObject | undefined,
  path: MemberPath,
): readonly MemberPath[] {
  return namesIn(predicted, isEmptyMap(desired) ? undefined : owned).flatMap(
    (name): readonly MemberPath[] => {
      const [before, after, ours] = [live, predicted, desired].map((value) => valueAt(value, [name]));
      const [inner, below] = [asSet(owned?.[name]), [...path, name]];
      if (after === undefined) return [];
      if (before === undefined) return inner === undefined ? [below] : [];
      return broughtInto(before, after, ours, inner, below);
    },
  );
}

/**
 * Fields of a map, and the items of a list that ownership tells apart. What is owned as a whole has none; a map that is applied
 * empty (`labels: {}`) is ours by its name, and yet what the server puts into it is nobody's.
 */
function namesIn(value: unknown, owned: JsonObject | undefined): readonly string[] {
  if (isObject(value)) {
    const whole = owned !== undefined && Object.keys(owned).length === 0;
    return whole ? [] : Object.keys(value).map((name) => `f:${name}`);
  }
  return Object.keys(owned ?? {}).filter((name) => name.startsWith('k:'));
}

function isEmptyMap(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

function asSet(node: unknown): JsonObject | undefined {
  return isObject(node) ? node : undefined;
}

/**
 * The entries in which those of these fields that are there, and still nobody's, are ours: an apply without them then removes
 * them. Undefined where there are none, or where we own nothing any more.
 */
export function ownershipClaiming(
  object: KubernetesObject,
  brought: readonly MemberPath[],
): readonly ManagedFieldsEntry[] | undefined {
  const entries = object.metadata.managedFields ?? [];
  const owned = entries.flatMap(({ fieldsV1 }) => membersOf(fieldsV1));
  const claimed = brought.filter(
    (path) => valueAt(object, path) !== undefined && !owned.some((member) => isWithin(member, path)),
  );
  if (claimed.length === 0 || !entries.some(isOurs)) return undefined;
  return entries.map((entry) =>
    isOurs(entry) ? { ...entry, fieldsV1: fieldsOf([...membersOf(entry.fieldsV1), ...claimed]) } : entry,
  );
}
