/** The part of a live object that a rendered one names: what can be compared when the server could not be asked. */
import type { JsonObject, JsonValue } from './objects.ts';

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Keys that tell the items of Kubernetes lists apart (containers, env, ports, volumes, mounts).
const identities = ['name', 'key', 'containerPort', 'port', 'mountPath', 'ip', 'type'];

function counterpart(item: JsonObject, live: readonly JsonValue[], at: number): JsonValue | undefined {
  const identity = identities.find((field) => item[field] !== undefined);
  if (identity === undefined) return live[at];
  return live.find((candidate) => isObject(candidate) && candidate[identity] === item[identity]);
}

function projectList(live: readonly JsonValue[], desired: readonly JsonValue[]): JsonValue[] {
  if (!desired.every(isObject)) return [...live];
  return desired.flatMap((item, at) => {
    const found = counterpart(item, live, at);
    return found === undefined ? [] : [projectValue(found, item)];
  });
}

function projectValue(live: JsonValue, desired: JsonValue): JsonValue {
  if (Array.isArray(live) && Array.isArray(desired)) return projectList(live, desired);
  return isObject(live) && isObject(desired) ? projectOnto(live, desired) : live;
}

/** The fields of `live` that `desired` names too, with live values. List items are matched by their name, port or path. */
export function projectOnto(live: JsonObject, desired: JsonObject): JsonObject {
  const named = Object.entries(live).flatMap(([field, value]) => {
    const wanted = desired[field];
    return wanted === undefined ? [] : [[field, projectValue(value, wanted)] as const];
  });
  return Object.fromEntries(named);
}
