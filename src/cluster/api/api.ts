import type { JsonObject, KubernetesObject, ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { ApplyAnswer } from '../../ports/cluster.ts';
import { isApiError } from '../transport/api-error.ts';
import { type Identity, missingPermissions, type Permission, readIdentity } from './access-review.ts';
import type { Connection } from './connect.ts';
import { createResourceCatalog, requireResource, resourcePath } from './discovery.ts';
import { type ListOptions, type ListResult, listAll } from './list.ts';
import {
  type CallOptions,
  type ContainerTarget,
  callPod,
  type LogOptions,
  type PodEndpoint,
  type ProxyAnswer,
  readPodLog,
} from './pods.ts';
import {
  type ApiContext,
  type ApplyOptions,
  applyObject,
  createObject,
  type DeleteOptions,
  deleteObject,
  type JsonPatchOperation,
  jsonPatchObject,
  mergePatchObject,
  replaceObject,
  type WriteOptions,
  type WriteResult,
} from './writes.ts';

/**
 * Objects of one cluster as raw JSON: no field is dropped in either direction. Errors of the server are thrown as
 * ApiError; a kind that the server does not serve is a Fault `object-invalid`.
 */
export interface KubernetesApi extends ApiContext {
  /** `v1.36.3`; empty if the server does not say. */
  readonly serverVersion: string;
  identity(signal?: AbortSignal): Promise<Identity | undefined>;
  missingPermissions(permissions: readonly Permission[], signal?: AbortSignal): Promise<Permission[]>;
  /** Undefined if the object does not exist, or the server does not serve its kind. */
  get(reference: ObjectReference, signal?: AbortSignal): Promise<KubernetesObject | undefined>;
  list(apiVersion: string, kind: string, options?: ListOptions): Promise<ListResult>;
  /** Server-side apply; conflicts with other field managers are returned. */
  apply(object: KubernetesObject | JsonObject, options?: ApplyOptions): Promise<ApplyAnswer>;
  create(object: KubernetesObject, options?: WriteOptions): Promise<WriteResult>;
  /** PUT; `metadata.resourceVersion` makes it fail with 409 if the object has changed. */
  replace(object: KubernetesObject, options?: WriteOptions): Promise<WriteResult>;
  jsonPatch(
    reference: ObjectReference,
    operations: readonly JsonPatchOperation[],
    options?: WriteOptions,
  ): Promise<WriteResult>;
  /** RFC 7396: maps are merged, null removes, lists are replaced. */
  mergePatch(reference: ObjectReference, patch: JsonObject, options?: WriteOptions): Promise<WriteResult>;
  /** False if there was nothing to delete. A different UID is an ApiError 409. */
  delete(reference: ObjectReference, options?: DeleteOptions): Promise<boolean>;
  /** The end of a container's log, as lines; empty when there is none. */
  podLog(target: ContainerTarget, options?: LogOptions): Promise<string[]>;
  /** Calls a pod's HTTP server through the API server; 4xx and 5xx are results. */
  callPod(target: PodEndpoint, options: CallOptions): Promise<ProxyAnswer>;
}

/** Discovery is cached for the lifetime of the API object; there is no request before the first call. */
export function createKubernetesApi({
  transport,
  serverVersion,
}: Pick<Connection, 'transport' | 'serverVersion'>): KubernetesApi {
  const context: ApiContext = { transport, resources: createResourceCatalog(transport) };
  return {
    ...context,
    serverVersion,
    identity: (signal) => readIdentity(transport, signal),
    missingPermissions: (permissions, signal) => missingPermissions(transport, permissions, signal),
    podLog: (target, options) => readPodLog(transport, target, options),
    callPod: (target, options) => callPod(transport, target, options),
    get: (reference, signal) => getObject(context, reference, signal),
    list: (apiVersion, kind, options) => listKind(context, { apiVersion, kind }, options),
    apply: (object, options) => applyObject(context, object, options),
    create: (object, options) => createObject(context, object, options),
    replace: (object, options) => replaceObject(context, object, options),
    jsonPatch: (reference, operations, options) => jsonPatchObject(context, reference, operations, options),
    mergePatch: (reference, patch, options) => mergePatchObject(context, reference, patch, options),
    delete: (reference, options) => deleteObject(context, reference, options),
  };
}

async function getObject(
  { transport, resources }: ApiContext,
  reference: ObjectReference,
  signal?: AbortSignal,
): Promise<KubernetesObject | undefined> {
  const resource = await resources.find(reference.apiVersion, reference.kind);
  if (resource === 'unknown') return undefined;
  try {
    const path = resourcePath(resource, reference.namespace, reference.name);
    return (await transport.request({ method: 'GET', path, signal })).body as KubernetesObject;
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}

async function listKind(
  { transport, resources }: ApiContext,
  kind: Pick<KubernetesObject, 'apiVersion' | 'kind'>,
  options: ListOptions = {},
): Promise<ListResult> {
  return listAll(transport, await requireResource(resources, kind), options);
}
