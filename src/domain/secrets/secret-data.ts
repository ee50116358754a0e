import { isObject } from '../kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';

/**
 * A Secret whose `stringData` has become `data`, as the server will store it. Server-side apply keeps track of `data` only for
 * what was sent as such: a key sent as `stringData` is owned by nobody, and stays when the overlay drops it.
 */
export function withSecretData(object: KubernetesObject): KubernetesObject {
  const { stringData, data, ...rest } = object;
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1' || !isObject(stringData)) return object;
  // A value that is no text is left for the server to refuse.
  if (Object.values(stringData).some((value) => typeof value !== 'string')) return object;
  const encoded = Object.entries(stringData).map(([key, value]): [string, string] => [
    key,
    base64(String(value)),
  ]);
  return {
    ...rest,
    data: { ...(isObject(data) ? data : {}), ...Object.fromEntries(encoded) },
  } as KubernetesObject;
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
