/** Writes of one object: each is one request, by the kind's resource path. */
import type {
  JsonObject,
  JsonValue,
  KubernetesObject,
  ObjectReference,
} from '../../domain/kubernetes/objects.ts';
import { referenceOf } from '../../domain/kubernetes/objects.ts';
import type { ApplyAnswer } from '../../ports/cluster.ts';
import { isApiError } from '../transport/api-error.ts';
import type { TransportRequest } from '../transport/request.ts';
import type { Transport } from '../transport/transport.ts';
import { conflictsOf } from './apply-conflicts.ts';
import { type ResourceCatalog, requireResource, resourcePath } from './discovery.ts';

/** Options of server-side apply. */
export interface ApplyOptions {
  readonly fieldManager?: string;
  /** Take over fields of other managers. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** `Strict` (default) refuses unknown and duplicate fields, `Warn` warns about them. */
  readonly fieldValidation?: 'Strict' | 'Warn';
  /** The write fails if the object has changed since (sent as metadata.resourceVersion). */
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal | undefined;
  readonly beforeRepeat?: BeforeRepeat;
}

/** Called before a write is retried, which may be a minute later; throwing cancels the call. */
type BeforeRepeat = (() => Promise<void>) | undefined;

/** The object as stored by the server. */
export interface WriteResult {
  readonly object: KubernetesObject;
  readonly warnings: readonly string[];
}

/** Options of create, replace and patch. */
export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /**
   * May be retried after a response that leaves open whether it succeeded: the caller can distinguish a conflict with
   * another writer (409) from one with its own first attempt.
   */
  readonly repeatable?: boolean;
  /** Milliseconds for one attempt. */
  readonly deadline?: number;
  /** As in a transport's request. */
  readonly asUser?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly beforeRepeat?: BeforeRepeat;
}

/** Options of a deletion. */
export interface DeleteOptions {
  /** The object is only deleted if it still has this UID. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  /** As for writes; a retried deletion may return false although the first attempt deleted the object. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly beforeRepeat?: BeforeRepeat;
}

/** RFC 6902. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string };

/** The server, and how it serves each kind. */
export interface ApiContext {
  readonly transport: Transport;
  readonly resources: ResourceCatalog;
}

const applyContentType = 'application/apply-patch+yaml';
const defaultManager = 'orion';

/** Server-side apply; conflicts with other field managers are returned, every other refusal is thrown. */
export async function applyObject(
  context: ApiContext,
  object: KubernetesObject | JsonObject,
  options: ApplyOptions = {},
): Promise<ApplyAnswer> {
  const { dryRun, force, fieldValidation = 'Strict', fieldManager = defaultManager } = options;
  const body =
    options.resourceVersion === undefined ? object : withResourceVersion(object, options.resourceVersion);
  const request: TransportRequest = {
    method: 'PATCH',
    path: await pathTo(context, referenceOf(object as KubernetesObject)),
    query: { fieldManager, fieldValidation, force, dryRun: dryRun ? 'All' : undefined },
    contentType: applyContentType,
    body,
    signal: options.signal,
    beforeRepeat: options.beforeRepeat,
  };
  try {
    const { status, body: applied, warnings } = await context.transport.request(request);
    return { type: 'applied', object: applied as KubernetesObject, warnings, created: status === 201 };
  } catch (error) {
    const conflicts = isApiError(error, 409) ? conflictsOf(error) : [];
    if (conflicts.length === 0) throw error;
    return { type: 'conflict', conflicts };
  }
}

/** POST to the collection; an ApiError 409 if the object exists. */
export async function createObject(
  context: ApiContext,
  object: KubernetesObject,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const resource = await requireResource(context.resources, object);
  const path = resourcePath(resource, object.metadata.namespace);
  return write(context, { method: 'POST', path, body: object, asUser: options.asUser }, options);
}

/** PUT; `metadata.resourceVersion` makes it fail with 409 if the object has changed. */
export async function replaceObject(
  context: ApiContext,
  object: KubernetesObject,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const path = await pathTo(context, referenceOf(object));
  return write(context, { method: 'PUT', path, body: object }, options);
}

/** RFC 6902, operation by operation; none is done when one of them fails. */
export async function jsonPatchObject(
  context: ApiContext,
  reference: ObjectReference,
  operations: readonly JsonPatchOperation[],
  options: WriteOptions = {},
): Promise<WriteResult> {
  const path = await pathTo(context, reference);
  const contentType = 'application/json-patch+json';
  return write(context, { method: 'PATCH', path, contentType, body: operations }, options);
}

/** RFC 7396: maps are merged, null removes, lists are replaced. */
export async function mergePatchObject(
  context: ApiContext,
  reference: ObjectReference,
  patch: JsonObject,
  options: WriteOptions = {},
): Promise<WriteResult> {
  const path = await pathTo(context, reference);
  const contentType = 'application/merge-patch+json';
  return write(context, { method: 'PATCH', path, contentType, body: patch }, options);
}

/** False if there was nothing to delete. A different UID is an ApiError 409. */
export async function deleteObject(
  context: ApiContext,
  reference: ObjectReference,
  options: DeleteOptions = {},
): Promise<boolean> {
  const { uid, resourceVersion, propagation = 'Background' } = options;
  const preconditions = { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation, preconditions };
  try {
    await context.transport.request({
      method: 'DELETE',
      path: await pathTo(context, reference),
      body,
      signal: options.signal,
      ...repetition(options),
    });
    return true;
  } catch (error) {
    if (isApiError(error, 404)) return false;
    throw error;
  }
}

async function write(
  { transport }: ApiContext,
  request: TransportRequest,
  options: WriteOptions,
): Promise<WriteResult> {
  const { dryRun, fieldManager = defaultManager, signal } = options;
  const { body, warnings } = await transport.request({
    ...request,
    query: { fieldManager, dryRun: dryRun ? 'All' : undefined },
    signal,
    ...repetition(options),
  });
  return { object: body as KubernetesObject, warnings };
}

async function pathTo({ resources }: ApiContext, reference: ObjectReference): Promise<string> {
  return resourcePath(await requireResource(resources, reference), reference.namespace, reference.name);
}

/** Defaults are decided by the transport, depending on the method. */
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
