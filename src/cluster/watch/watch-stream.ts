import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { ApiError } from '../transport/api-error.ts';

type WatchEvent =
  | {
      readonly type: 'applied' | 'deleted';
      readonly object: KubernetesObject;
      readonly resourceVersion: string;
    }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

/**
 * Splits a byte stream into lines. Chunks may split a line or a character, or contain many lines. `onLine` is called
 * at once for each complete line; text after the last line break is buffered.
 */
export function lineSplitter(onLine: (line: string) => void): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const rest = chunk.subarray(start, end);
      const line = held.length === 0 ? rest : Buffer.concat([...held, rest]);
      held = [];
      start = end + 1;
      if (line.length > 0) onLine(line.toString('utf8'));
    }
    if (start < chunk.length) held.push(chunk.subarray(start));
  };
}

/**
 * Reads one line of a watch. Drops `managedFields`, a third of an object's size, unless requested.
 *
 * @throws ApiError for an ERROR event, with the Status it carries (410 when the position is too old)
 */
export function parseWatchEvent(line: string, managedFields = false): WatchEvent | undefined {
  const cut = managedFields ? (object: KubernetesObject) => object : withoutManagedFields;
  const event = JSON.parse(line) as { type?: string; object?: KubernetesObject & { code?: number } };
  const { type, object } = event;
  if (object === undefined) return undefined;
  if (type === 'ERROR') throw new ApiError(object.code ?? 500, object);
  const resourceVersion = object.metadata.resourceVersion ?? '';
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  if (type === 'DELETED') return { type: 'deleted', object: cut(object), resourceVersion };
  if (type === 'ADDED' || type === 'MODIFIED') {
    return { type: 'applied', object: cut(object), resourceVersion };
  }
  return undefined;
}

/** Changes the object in place: it was just parsed and is not shared. */
export function withoutManagedFields(object: KubernetesObject): KubernetesObject {
  delete (object.metadata as { managedFields?: unknown }).managedFields;
  return object;
}
