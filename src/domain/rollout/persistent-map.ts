/**
 * A map that is never changed, only replaced, and shares all but one small part with the one it came from: a fold over ten
 * thousand changes of three thousand pods must not copy three thousand entries per change.
 */
export interface Shards<Value> {
  readonly size: number;
  readonly parts: readonly (ReadonlyMap<string, Value> | undefined)[];
}

const width = 256;

/** The empty map. */
export function noShards<Value>(): Shards<Value> {
  return { size: 0, parts: new Array<undefined>(width).fill(undefined) };
}

/** FNV-1a, cut to the number of parts. */
function partOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % width;
}

/** The value of a key; undefined where there is none. */
export function shardAt<Value>(shards: Shards<Value>, key: string): Value | undefined {
  return shards.parts[partOf(key)]?.get(key);
}

/** The map with one entry added or replaced. */
export function withShard<Value>(shards: Shards<Value>, key: string, value: Value): Shards<Value> {
  const index = partOf(key);
  const part = new Map(shards.parts[index]);
  const size = shards.size + (part.has(key) ? 0 : 1);
  part.set(key, value);
  return { size, parts: shards.parts.with(index, part) };
}

/** The map without a key; the same one where it has no such key. */
export function withoutShard<Value>(shards: Shards<Value>, key: string): Shards<Value> {
  const index = partOf(key);
  if (shards.parts[index]?.has(key) !== true) return shards;
  const part = new Map(shards.parts[index]);
  part.delete(key);
  return { size: shards.size - 1, parts: shards.parts.with(index, part) };
}

/** All entries, in no order that means anything. */
export function* shardEntries<Value>(shards: Shards<Value>): Iterable<readonly [string, Value]> {
  for (const part of shards.parts) {
    if (part !== undefined) yield* part;
  }
}
