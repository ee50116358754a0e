/** Implements the cluster port: one connection, reads and writes named by their purpose. */

import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../domain/failure/fault.ts';
import type { JsonValue, KubernetesObject, ObjectReference } from '../domain/kubernetes/objects.ts';
import { groupOf, referenceOf } from '../domain/kubernetes/objects.ts';
import type { ReleaseBody, ReleaseHead } from '../domain/release/record.ts';
import type {
  ClusterPort,
  DeletionOptions,
  ListSelection,
  RefusedRequest,
  Repeatable,
} from '../ports/cluster.ts';
import type { StoredRelease } from '../ports/release-store.ts';
import { missingPermissions, readIdentity } from './api/access-review.ts';
import { createKubernetesApi, type KubernetesApi } from './api/api.ts';
import type { Connection } from './api/connect.ts';
import { namespaceContents } from './api/namespace-contents.ts';
import { callPod, callService, readLogPage, readPodLog } from './api/pods.ts';
import { openPortForward } from './api/port-forward.ts';
import { rewriteOperations } from './api/rewrite.ts';
import type { JsonPatchOperation } from './api/writes.ts';
import { type ClusterJob, runClusterJob } from './in-cluster-job/job.ts';
import { watchHolderSilence } from './release-store/holder-liveness.ts';
import { acquireLease, readLease } from './release-store/lease.ts';
import type { LeaseFacts } from './release-store/lease-object.ts';
import { createReleaseStore, type HeadPatch, type StoreResult } from './release-store/records.ts';
import { ApiError } from './transport/api-error.ts';
import { systemClock } from './transport/clock.ts';

/** The port of one cluster; `api` is what it reads and writes objects by. */
export function releaseCluster(connection: Connection, api: KubernetesApi = createKubernetesApi(connection)) {
  const { transport } = connection;
  return {
    contextName: connection.context,
    serverVersion: async () => connection.serverVersion,
    identity: async () => (await readIdentity(transport))?.username ?? 'this identity',
    missingPermissions: (permissions) => missingPermissions(transport, permissions),
    resourceOf: (kind) => resourceOf(api, kind),
    servedVersionOf: (kind) => servedVersionOf(api, kind),
    servedKinds: (groupKinds) => api.resources.servedKinds(groupKinds),
    get: (reference) => api.get(reference),
    list: async (apiVersion, kind, namespace?: string, selection: ListSelection = {}) =>
      (await api.list(apiVersion, kind, { namespace, ...selection })).objects,
    contents: (namespace) => namespaceContents(transport, namespace),
    apply: (object, options) => api.apply(object, options),
    create: async (object, options) => (await api.create(object, { ...options, repeatable: true })).object,
    tryMerge: async (reference, patch) =>
      (await api.mergePatch(reference, patch, { dryRun: true, repeatable: true })).object,
    patchManagedFields: (object, managedFields, options?: Repeatable) =>
      patchManagedFields(api, object, managedFields, options),
    rewrite: (live, wanted, options?: Repeatable) => rewrite(api, live, wanted, options),
    delete: (reference, uid, options?: DeletionOptions) => deleteByUid(api, reference, uid, options),
    podLog: (namespace, pod, container, options) =>
      readPodLog(transport, { namespace, pod, container }, options),
    logPage: (namespace, pod, container, options) =>
      readLogPage(transport, { namespace, pod, container }, options),
    callPod: ({ deadline, ...endpoint }) => callPod(transport, endpoint, { deadline }),
    callService: ({ deadline, ...endpoint }) => callService(transport, endpoint, { deadline }),
    openPortForward: (target) => openPortForward(transport, target),
    probeFromWithin: (requests, options) => probeFromWithin(api, requests, options),
    refusalOf,
  } satisfies ClusterPort;
}

type Kind = Pick<KubernetesObject, 'apiVersion' | 'kind'>;

async function resourceOf(api: KubernetesApi, { apiVersion, kind }: Kind) {
  const resource = await api.resources.find(apiVersion, kind);
  if (resource === 'unknown') return undefined;
  return { group: groupOf(apiVersion), plural: resource.plural, namespaced: resource.namespaced };
}

async function servedVersionOf(api: KubernetesApi, { apiVersion, kind }: Kind) {
  const resource = await api.resources.findInGroup(apiVersion, kind);
  return resource === 'unknown' ? undefined : resource.apiVersion;
}

/** Fails with a conflict if the object has changed since it was read: `test` compares the resourceVersion. */
async function patchManagedFields(
  api: KubernetesApi,
  object: KubernetesObject,
  managedFields: readonly unknown[],
  { beforeRepeat }: Repeatable = {},
): Promise<KubernetesObject> {
  const { resourceVersion } = object.metadata;
  const operations: JsonPatchOperation[] = [
    ...(resourceVersion === undefined
      ? []
      : [{ op: 'test' as const, path: '/metadata/resourceVersion', value: resourceVersion }]),
    { op: 'replace', path: '/metadata/managedFields', value: managedFields as JsonValue },
  ];
  try {
    return (await api.jsonPatch(referenceOf(object), operations, { repeatable: true, beforeRepeat })).object;
  } catch (error) {
    // Our own first attempt may have succeeded although its response was lost.
    const current = await api.get(referenceOf(object));
    if (current !== undefined && isSame(current, withManagedFields(object, managedFields))) return current;
    throw error;
  }
}

/** A retried patch fails at its `test`: the caller reads the object again and finds it patched. */
async function rewrite(
  api: KubernetesApi,
  live: KubernetesObject,
  wanted: KubernetesObject,
  { beforeRepeat }: Repeatable = {},
): Promise<KubernetesObject> {
  const operations = rewriteOperations(live, wanted);
  return (await api.jsonPatch(referenceOf(live), operations, { repeatable: true, beforeRepeat })).object;
}

async function deleteByUid(
  api: KubernetesApi,
  reference: ObjectReference,
  uid: string,
  { beforeRepeat, propagation = 'Background' }: DeletionOptions = {},
): Promise<void> {
  await api.delete(reference, { uid, propagation, repeatable: true, beforeRepeat });
}

/** The name and the token of the Job are random, so it cannot be confused with another Job. */
function probeFromWithin(
  api: KubernetesApi,
  requests: ClusterJob['requests'],
  options: Pick<ClusterJob, 'namespace' | 'image' | 'startLimit' | 'signal'>,
) {
  const [name, token] = [randomBytes(6).toString('hex'), randomBytes(16).toString('hex')];
  return runClusterJob(api, { ...options, requests, name, token });
}

function refusalOf(error: unknown): RefusedRequest | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return { status: error.status, reason: error.reason, message: error.message };
}

function withManagedFields(object: KubernetesObject, managedFields: readonly unknown[]): unknown {
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function isSame(current: KubernetesObject, wanted: unknown): boolean {
  const versionless = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (key, part) => (key === 'resourceVersion' ? undefined : part)));
  return isDeepStrictEqual(versionless(current), versionless(wanted));
}

/** The release records of one app; with a key they are signed, and only signed ones are used. */
export function releaseRecords(api: KubernetesApi, namespace: string, app: string, key?: string) {
  const store = createReleaseStore(api, namespace, key);
  return {
    list: () => store.list(app),
    neighbours: () => store.neighbours(app),
    readBody: (release: StoredRelease) => store.readBody(release),
    create: async (head: Omit<ReleaseHead, 'body'>, body: ReleaseBody) =>
      stored(await store.create(head, body)),
    update: async (release: StoredRelease, change: HeadPatch) => stored(await store.update(release, change)),
    replaceBody: async (release: StoredRelease, body: ReleaseBody) =>
      stored(await store.replaceBody(release, body)),
    trim: async (release: StoredRelease) => void stored(await store.trim(release)),
    remove: (release: StoredRelease) => store.remove(release),
  };
}

function stored(result: StoreResult): StoredRelease {
  if (result.type === 'stored') return result.release;
  throw new Fault(
    'lock-lost',
    'Another run has changed the release record.',
    'Run the job again: it takes over from this one by its record.',
  );
}

/** The lock of one app. */
export function releaseLease(api: KubernetesApi, namespace: string, app: string, holder: string) {
  const place = { api, namespace, name: `orion-${app}`, clock: systemClock };
  return {
    read: () => readLease(api, namespace, place.name),
    acquire: (dead?: LeaseFacts) =>
      acquireLease({ ...place, holder, ...(dead === undefined ? {} : { dead }) }),
    watchSilence: (signal: AbortSignal) => watchHolderSilence({ ...place, signal }),
  };
}
