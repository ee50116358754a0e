import { Fault } from '../../domain/failure/fault.ts';
import type {
  JsonObject,
  JsonValue,
  KubernetesObject,
  ObjectReference,
} from '../../domain/kubernetes/objects.ts';
import { referenceOf } from '../../domain/kubernetes/objects.ts';
import type { ApplyAnswer } from '../../ports/cluster.ts';
import { isApiError } from '../transport/api-error.ts';
import type { Transport, TransportRequest } from '../transport/transport.ts';
import { type Identity, missingPermissions, type Permission, readIdentity } from './access-review.ts';
import { conflictsOf } from './apply-conflicts.ts';
import type { Connection } from './connect.ts';
import { createResourceCatalog, type ResourceCatalog, resourcePath } from './discovery.ts';
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
import type { Resource } from './served-groups.ts';

export interface ApplyOptions {
  readonly fieldManager?: string;
  /** Take over fields of other managers. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** `Strict` (default) refuses unknown and duplicate fields, `Warn` warns about them. */
  readonly fieldValidation?: 'Strict' | 'Warn';
  /** The write is refused if the object has changed since (it is sent as metadata.resourceVersion). */
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal | undefined;
  readonly beforeRepeat?: BeforeRepeat;
}

/** Asked before a write is sent once more, which may be a minute later; what it throws ends the call. */
export type BeforeRepeat = (() => Promise<void>) | undefined;

export interface WriteResult {
  readonly object: KubernetesObject;
  readonly warnings: readonly string[];
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /**
   * May be sent again after an answer that leaves open whether it was done: the caller can tell a conflict with somebody
   * else (409) from one with its own first attempt.
   */
  readonly repeatable?: boolean;
  /** Milliseconds for one attempt. */
  readonly deadline?: number;
  /** As in a transport's request. */
  readonly asUser?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly beforeRepeat?: BeforeRepeat;
}

export interface DeleteOptions {
  /** The object is only deleted if it still is the one with this UID. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  /** As for writes; a repeated one answers false although something was deleted. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly beforeRepeat?: BeforeRepeat;
}

/** RFC 6902. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string };

/**
 * Objects of one cluster as raw JSON: nothing is dropped on the way in or out. Errors of the server are thrown as
 * ApiError; a kind that the server does not serve is a Fault `object-invalid`.
 */
export interface KubernetesApi {
  readonly transport: Transport;
  readonly resources: ResourceCatalog;
  /** `v1.36.3`; empty where the server does not tell. */
  readonly serverVersion: string;
  identity(signal?: AbortSignal): Promise<Identity | undefined>;
  missingPermissions(permissions: readonly Permission[], signal?: AbortSignal): Promise<Permission[]>;
  get(reference: ObjectReference, signal?: AbortSignal): Promise<KubernetesObject | undefined>;
  list(apiVersion: string, kind: string, options?: ListOptions): Promise<ListResult>;
  apply(object: KubernetesObject | JsonObject, options?: ApplyOptions): Promise<ApplyAnswer>;
  create(object: KubernetesObject, options?: WriteOptions): Promise<WriteResult>;
  /** PUT; `metadata.resourceVersion` makes it fail with 409 if somebody else was faster. */
  replace(object: KubernetesObject, options?: WriteOptions): Promise<WriteResult>;
  jsonPatch(
    reference: ObjectReference,
    operations: readonly JsonPatchOperation[],
    options?: WriteOptions,
  ): Promise<WriteResult>;
  /** RFC 7396: maps are merged, null removes, lists are replaced. */
  mergePatch(reference: ObjectReference, patch: JsonObject, options?: WriteOptions): Promise<WriteResult>;
  /** False when there was nothing to delete. A UID that is not the object's is an ApiError 409. */
  delete(reference: ObjectReference, options?: DeleteOptions): Promise<boolean>;
  /** The end of a container's log, as lines; empty when there is none. */
  podLog(target: ContainerTarget, options?: LogOptions): Promise<string[]>;
  /** Calls a pod's HTTP server through the API server; 4xx and 5xx are results. */
  callPod(target: PodEndpoint, options: CallOptions): Promise<ProxyAnswer>;
}

const applyContentType = 'application/apply-patch+yaml';
const defaultManager = 'orion';

export function createKubernetesApi(
  connection: Pick<Connection, 'transport' | 'serverVersion'>,
): KubernetesApi {
  const { transport } = connection;
  const resources = createResourceCatalog(transport);
  const pathTo = async (reference: ObjectReference) =>
    resourcePath(await requireResource(resources, reference), reference.namespace, reference.name);

  const write = async (request: TransportRequest): Promise<WriteResult> => {
    const { body, warnings } = await transport.request(request);
    return { object: body as KubernetesObject, warnings };
  };

  return {
    transport,
    resources,
    serverVersion: connection.serverVersion,
    identity: (signal) => readIdentity(transport, signal),
    missingPermissions: (permissions, signal) => missingPermissions(transport, permissions, signal),
    podLog: (target, options) => readPodLog(transport, target, options),
    callPod: (target, options) => callPod(transport, target, options),

    async get(reference, signal) {
      const resource = await resources.find(reference.apiVersion, reference.kind);
      if (resource === 'unknown') return undefined;
      try {
        const path = resourcePath(resource, reference.namespace, reference.name);
        return (await transport.request({ method: 'GET', path, signal })).body as KubernetesObject;
      } catch (error) {
        if (isApiError(error, 404)) return undefined;
        throw error;
      }
    },

    async list(apiVersion, kind, options = {}) {
      return listAll(transport, await requireResource(resources, { apiVersion, kind }), options);
    },

    async apply(object, options = {}) {
      const { dryRun, force, fieldValidation = 'Strict', fieldManager = defaultManager } = options;
      const body =
        options.resourceVersion === undefined ? object : withResourceVersion(object, options.resourceVersion);
      const request: TransportRequest = {
        method: 'PATCH',
        path: await pathTo(referenceOf(object as KubernetesObject)),
        query: { fieldManager, fieldValidation, force, dryRun: dryRun ? 'All' : undefined },
        contentType: applyContentType,
        body,
        signal: options.signal,
        beforeRepeat: options.beforeRepeat,
      };
      try {
        const { status, body: applied, warnings } = await transport.request(request);
        return { type: 'applied', object: applied as KubernetesObject, warnings, created: status === 201 };
      } catch (error) {
        const conflicts = isApiError(error, 409) ? conflictsOf(error) : [];
        if (conflicts.length === 0) throw error;
        return { type: 'conflict', conflicts };
      }
    },

    async create(object, options = {}) {
      const resource = await requireResource(resources, object);
      const path = resourcePath(resource, object.metadata.namespace);
      return write({
        method: 'POST',
        path,
        query: writeQuery(options),
        body: object,
        asUser: options.asUser,
        signal: options.signal,
        ...repetition(options),
      });
    },

    async mergePatch(reference, patch, options = {}) {
      return write({
        method: 'PATCH',
        path: await pathTo(reference),
        query: writeQuery(options),
        contentType: 'application/merge-patch+json',
        body: patch,
        signal: options.signal,
        ...repetition(options),
      });
    },

    async replace(object, options = {}) {
      const path = await pathTo(referenceOf(object));
      return write({
        method: 'PUT',
        path,
        query: writeQuery(options),
        body: object,
        signal: options.signal,
        ...repetition(options),
      });
    },

    async jsonPatch(reference, operations, options = {}) {
      return write({
        method: 'PATCH',
        path: await pathTo(reference),
        query: writeQuery(options),
        contentType: 'application/json-patch+json',
        body: operations,
        signal: options.signal,
        ...repetition(options),
      });
    },

    async delete(reference, options = {}) {
      const { uid, resourceVersion, propagation = 'Background' } = options;
      const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation, preconditions };
      try {
        await transport.request({
          method: 'DELETE',
          path: await pathTo(reference),
          body,
          signal: options.signal,
          ...repetition(options),
        });
        return true;
      } catch (error) {
        if (isApiError(error, 404)) return false;
        throw error;
      }
    },
  };
}

async function requireResource(
  resources: ResourceCatalog,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): Promise<Resource> {
  const resource = await resources.find(apiVersion, kind);
  if (resource !== 'unknown') return resource;
  throw new Fault(
    'object-invalid',
    `The cluster does not know the kind ${kind} in ${apiVersion}.`,
    'Install its CustomResourceDefinition first, or correct apiVersion and kind.',
  );
}

function writeQuery({ dryRun, fieldManager = defaultManager }: WriteOptions) {
  return { fieldManager, dryRun: dryRun ? 'All' : undefined };
}

/** What is left out, the transport decides by the kind of call. */
function repetition({
  repeatable,
  deadline,
  beforeRepeat,
}: Pick<WriteOptions, 'repeatable' | 'deadline' | 'beforeRepeat'>) {
  return {
    beforeRepeat,
    ...(repeatable === undefined ? {} : { idempotent: repeatable }),
    ...(deadline === undefined ? {} : { deadline }),
  };
}

function withResourceVersion(object: KubernetesObject | JsonObject, resourceVersion: string) {
  const metadata = object['metadata'] as Readonly<Record<string, unknown>>;
  return { ...object, metadata: { ...metadata, resourceVersion } };
}
