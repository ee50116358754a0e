/** Finds the write that carries the evidence. */
import { JSONPath } from 'jsonpath-plus';
import type { WritePattern } from './scenario.ts';
import type { Write } from './writes.ts';

/** The first write that matches any of the patterns, each with its `count` and `objects`. */
export function firstEvidence(
  writes: readonly Write[],
  patterns: readonly WritePattern[],
): Write | undefined {
  return patterns
    .map((pattern) => nthMatch(writes, pattern))
    .filter((write) => write !== undefined)
    .toSorted((one, other) => one.at - other.at)[0];
}

/**
 * The last write of any of the patterns that was needed at or before `until` (milliseconds since the epoch): of each object the one since which
 * it has matched without a break and with the same value, and of these the latest. A status that is written again unchanged
 * was not waited for.
 */
export function lastNeeded(
  writes: readonly Write[],
  patterns: readonly WritePattern[],
  until = Number.POSITIVE_INFINITY,
): Write | undefined {
  return patterns
    .map((pattern) => lastOf(writes, pattern, until))
    .filter((write) => write !== undefined)
    .toSorted((one, other) => other.at - one.at)[0];
}

function lastOf(writes: readonly Write[], pattern: WritePattern, until: number): Write | undefined {
  const since = new Map<string, { readonly write: Write; readonly value: string }>();
  for (const write of writes) {
    if (write.at > until || write.resource !== pattern.resource || write.object === undefined) continue;
    const key = keyOf(write);
    const value = matchedValue(write, pattern);
    if (value === undefined) since.delete(key);
    else if (since.get(key)?.value !== value) since.set(key, { write, value });
  }
  return [...since.values()].map(({ write }) => write).toSorted((one, other) => other.at - one.at)[0];
}

function keyOf({ name, object }: Write): string {
  return `${name}/${object?.metadata.uid ?? ''}`;
}

function nthMatch(writes: readonly Write[], pattern: WritePattern): Write | undefined {
  const { count = 1, objects = 1 } = pattern;
  const values = new Map<string, Set<string>>();
  const complete = new Set<string>();
  for (const write of writes) {
    const value = matchedValue(write, pattern);
    if (value === undefined) continue;
    const key = keyOf(write);
    const known = values.get(key) ?? new Set();
    values.set(key, known.add(value));
    if (known.size >= count) complete.add(key);
    if (complete.size >= objects) return write;
  }
  return undefined;
}

/** What the pattern found in a write, as text; undefined if the write does not match. */
export function matchedValue(write: Write, pattern: WritePattern): string | undefined {
  if (write.resource !== pattern.resource) return undefined;
  if (pattern.subresource !== undefined && write.subresource !== pattern.subresource) return undefined;
  if (pattern.verb !== undefined && write.verb !== pattern.verb) return undefined;
  if (pattern.name !== undefined && !new RegExp(pattern.name).test(write.name)) return undefined;
  if (pattern.code === undefined ? write.code >= 300 : write.code !== pattern.code) return undefined;
  if (pattern.message !== undefined && !new RegExp(pattern.message, 'i').test(write.message))
    return undefined;
  if (pattern.where === undefined) return `${write.at}`;
  if (write.object === undefined) return undefined;
  const found: unknown[] = JSONPath({ path: pattern.where, json: write.object, wrap: true, eval: 'safe' });
  return found.length > 0 ? JSON.stringify(found) : undefined;
}
