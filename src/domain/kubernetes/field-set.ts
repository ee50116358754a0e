/**
 * Sets of fields as lists of members. A member is a path of FieldsV1 elements (`f:spec`, `k:{"name":"api"}`); a leaf of the
 * tree is one, and a node with `.` in it. Source: sigs.k8s.io/structured-merge-diff `fieldpath`.
 */
import { isObject, itemsNamed, selects } from './managed-fields.ts';
import type { JsonObject, JsonValue, ManagedFieldsEntry } from './objects.ts';

/** From the top of the object to one member, in FieldsV1 elements. */
export type MemberPath = readonly string[];

/** All members of a FieldsV1 tree; empty for undefined. */
export function membersOf(fields: JsonObject | undefined): readonly MemberPath[] {
  return fields === undefined ? [] : below(fields, []);
}

function below(fields: JsonObject, path: MemberPath): readonly MemberPath[] {
  return Object.entries(fields).flatMap(([name, node]) => {
    if (name === '.') return [path];
    const inner = isObject(node) ? node : {};
    return Object.keys(inner).length === 0 ? [[...path, name]] : below(inner, [...path, name]);
  });
}

/** The tree again: a member with others below it is written as `.`. */
export function fieldsOf(members: readonly MemberPath[]): JsonObject {
  const byFirst = new Map<string, MemberPath[]>();
  for (const [first, ...rest] of members) {
    if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), rest]);
  }
  return Object.fromEntries(
    [...byFirst].map(([name, rests]) => {
      const inner = fieldsOf(rests);
      const itself = rests.some((rest) => rest.length === 0);
      return [name, itself && Object.keys(inner).length > 0 ? { '.': {}, ...inner } : inner];
    }),
  );
}

/** A path as the key of a Set or Map: the elements have no NUL character in them. */
export function memberKey(path: MemberPath): string {
  return path.join('\0');
}

/** Whether `path` is `top`, or lies below it. */
export function isWithin(path: MemberPath, top: MemberPath): boolean {
  return top.every((element, index) => path[index] === element);
}

/** The members of a set that are not among these and not below one of them. */
export function withoutMembers(
  members: readonly MemberPath[],
  tops: readonly MemberPath[],
): readonly MemberPath[] {
  return members.filter((path) => !tops.some((top) => isWithin(path, top)));
}

/** As the API server writes it in a conflict: `.spec.ports[port=80,protocol="TCP"].nodePort`. */
export function memberText(path: MemberPath): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('i:')) return `[${rest}]`;
  if (element.startsWith('v:')) return `[=${JSON.stringify(JSON.parse(rest))}]`;
  const keys = Object.entries(JSON.parse(rest) as JsonObject);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}

/** The member that the server calls so, by the ownership of the live object: a conflict is with somebody who owns it. */
export function memberNamed(entries: readonly ManagedFieldsEntry[], text: string): MemberPath | undefined {
  return entries.flatMap((entry) => membersOf(entry.fieldsV1)).find((path) => memberText(path) === text);
}

/** Who owns the member; names without repetition. */
export function ownersOf(entries: readonly ManagedFieldsEntry[], path: MemberPath): readonly string[] {
  const key = memberKey(path);
  const owners = entries.filter((entry) =>
    membersOf(entry.fieldsV1).some((member) => memberKey(member) === key),
  );
  return [...new Set(owners.map(({ manager }) => manager ?? 'unknown'))];
}

/** The value that a member names, `undefined` where there is none. */
export function valueAt(value: unknown, path: MemberPath): JsonValue | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return value as JsonValue | undefined;
  if (first.startsWith('f:')) return isObject(value) ? valueAt(value[first.slice(2)], rest) : undefined;
  const item = itemsNamed(value, first)[0];
  return item === undefined ? undefined : valueAt(item, rest);
}

/** As `valueAt`; where a list has several items for the last key, all of them. */
export function valuesAt(value: unknown, path: MemberPath): readonly JsonValue[] {
  const last = path.at(-1) ?? '';
  const holder = valueAt(value, path.slice(0, -1));
  if (!last.startsWith('f:') && Array.isArray(holder)) return itemsNamed(holder, last);
  const found = valueAt(value, path);
  return found === undefined ? [] : [found];
}

/** The configuration with another value in the place of a field that it has. */
export function withValue(configuration: JsonObject, path: MemberPath, value: JsonValue): JsonObject {
  return changedAt(configuration, path, () => value) as JsonObject;
}

/** The configuration without the field, and without the maps that held nothing else. */
export function withoutField(configuration: JsonObject, path: MemberPath): JsonObject {
  return (changedAt(configuration, path, () => undefined) ?? {}) as JsonObject;
}

function changedAt(
  node: JsonValue,
  [first, ...rest]: MemberPath,
  change: (value: JsonValue) => JsonValue | undefined,
): JsonValue | undefined {
  if (first === undefined) return change(node);
  if (first.startsWith('f:')) {
    const name = first.slice(2);
    const inner = isObject(node) ? node[name] : undefined;
    if (!isObject(node) || inner === undefined) return node;
    const { [name]: _left, ...others } = node;
    const changed = changedAt(inner, rest, change);
    if (changed !== undefined) return { ...node, [name]: changed };
    return Object.keys(others).length === 0 ? undefined : others;
  }
  if (!Array.isArray(node)) return node;
  const items = (node as readonly JsonValue[]).flatMap((item, index): readonly JsonValue[] => {
    if (!selects(first, item, index)) return [item];
    const changed = changedAt(item, rest, change);
    return changed === undefined ? [] : [changed];
  });
  return items.length === 0 ? undefined : items;
}
