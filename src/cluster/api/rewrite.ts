/** The user-writable part of an object, as a JSON patch that fails if the object has changed. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonValue, KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { JsonPatchOperation } from './writes.ts';

/** All other metadata is managed by the server. */
const metadataFields = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** The operations that turn `live` into `wanted`; whole fields are replaced. Status is left out. */
export function rewriteOperations(
  live: KubernetesObject,
  wanted: KubernetesObject,
): readonly JsonPatchOperation[] {
  const { apiVersion: _version, kind: _kind, metadata, status: _status, ...body } = wanted;
  const { apiVersion: _v, kind: _k, metadata: liveMetadata, status: _s, ...liveBody } = live;
  const { resourceVersion } = liveMetadata;
  const names = [...new Set([...Object.keys(body), ...Object.keys(liveBody)])];
  return [
    ...(resourceVersion === undefined
      ? []
      : [{ op: 'test' as const, path: '/metadata/resourceVersion', value: resourceVersion }]),
    ...metadataFields.flatMap((name) => change(`/metadata/${name}`, liveMetadata[name], metadata[name])),
    ...names.flatMap((name) => change(`/${escaped(name)}`, liveBody[name], body[name])),
  ];
}

function change(path: string, before: unknown, after: unknown): readonly JsonPatchOperation[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (after === undefined) return [{ op: 'remove', path }];
  return [{ op: 'add', path, value: after as JsonValue }];
}

/** RFC 6901. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
