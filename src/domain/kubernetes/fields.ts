/**
 * Typed readers for the `unknown` fields of Kubernetes objects. A field that is missing or of another type reads as absent:
 * an object of a later API version must never stop a verdict.
 */
export type Path = readonly (string | number)[];

/** The value at a path, `undefined` where the path ends early. */
export function fieldAt(value: unknown, ...path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (current === null || typeof current !== 'object') return undefined;
    current = (current as Readonly<Record<string | number, unknown>>)[key];
  }
  return current;
}

/** The string at a path. */
export function textAt(value: unknown, ...path: Path): string | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The number at a path; a number that is written as text (`"80"`) is absent. */
export function numberAt(value: unknown, ...path: Path): number | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The boolean at a path. */
export function flagAt(value: unknown, ...path: Path): boolean | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'boolean' ? found : undefined;
}

/** The list at a path, empty where there is none. */
export function listAt(value: unknown, ...path: Path): readonly unknown[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** An RFC 3339 time in milliseconds since the epoch. */
export function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** One entry of `status.conditions`; texts are empty where it has none. Times are RFC 3339. */
export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime?: string;
  /** Only Deployments have it. */
  readonly lastUpdateTime?: string;
  /** The generation that it speaks of; few kinds say. */
  readonly observedGeneration?: number;
}

/** The entry of `status.conditions` of this type. */
export function conditionOf(object: unknown, type: string): Condition | undefined {
  const entry = listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === type);
  if (entry === undefined) return undefined;
  const lastTransitionTime = textAt(entry, 'lastTransitionTime');
  const lastUpdateTime = textAt(entry, 'lastUpdateTime');
  const observedGeneration = numberAt(entry, 'observedGeneration');
  return {
    status: textAt(entry, 'status') ?? flagWord(flagAt(entry, 'status')),
    reason: textAt(entry, 'reason') ?? '',
    message: textAt(entry, 'message') ?? '',
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
    ...(lastUpdateTime === undefined ? {} : { lastUpdateTime }),
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  };
}

/** Some write it as a boolean. */
function flagWord(flag: boolean | undefined): string {
  if (flag === undefined) return 'Unknown';
  return flag ? 'True' : 'False';
}

/** Same JSON value, whatever the order of fields. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && sameValue(fieldAt(left, key), fieldAt(right, key)));
}
