/** The cluster as a deployment uses it: one connection, reads and writes by name of what they are for. */

import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../domain/failure/fault.ts';
import type {
  JsonObject,
  JsonValue,
  KubernetesObject,
  ObjectReference,
} from '../domain/kubernetes/objects.ts';
import { groupOf, referenceOf } from '../domain/kubernetes/objects.ts';
import type { ReleaseBody, ReleaseHead } from '../domain/release/record.ts';
import type { Permission } from '../domain/workloads/permissions.ts';
import type { ClusterPort, Repeatable } from '../ports/cluster.ts';
import type { StoredRelease } from '../ports/release-store.ts';
import { missingPermissions, readIdentity } from './api/access-review.ts';
import { createKubernetesApi, type KubernetesApi } from './api/api.ts';
import type { Connection } from './api/connect.ts';
import { servedKinds } from './api/discovery.ts';
import type { ListOptions } from './api/list.ts';
import { namespaceContents } from './api/namespace-contents.ts';
import { callPod, callService, type LogPageOptions, readLogPage, readPodLog } from './api/pods.ts';
import { type ForwardTarget, openPortForward } from './api/port-forward.ts';
import { rewriteOperations } from './api/rewrite.ts';
import type { ApplyOptions, DeleteOptions, JsonPatchOperation } from './api/writes.ts';
import { type ClusterJob, runClusterJob } from './in-cluster-job/job.ts';
import { watchHolderSilence } from './release-store/holder-liveness.ts';
import { acquireLease, readLease } from './release-store/lease.ts';
import type { LeaseFacts } from './release-store/lease-object.ts';
import { createReleaseStore, type HeadPatch, type StoreResult } from './release-store/records.ts';
import { ApiError } from './transport/api-error.ts';
import { systemClock } from './transport/clock.ts';

export function releaseCluster(connection: Connection, api: KubernetesApi = createKubernetesApi(connection)) {
  const { transport } = connection;
  return {
    contextName: connection.context,
    serverVersion: async () => connection.serverVersion,
    identity: async () => (await readIdentity(transport))?.username ?? 'this identity',
    missingPermissions: (permissions: readonly Permission[]) => missingPermissions(transport, permissions),
    async resourceOf({ apiVersion, kind }: Pick<KubernetesObject, 'apiVersion' | 'kind'>) {
      const resource = await api.resources.find(apiVersion, kind);
      if (resource === 'unknown') return undefined;
      return { group: groupOf(apiVersion), plural: resource.plural, namespaced: resource.namespaced };
    },
    async servedVersionOf({ apiVersion, kind }: Pick<KubernetesObject, 'apiVersion' | 'kind'>) {
      const resource = await api.resources.findInGroup(apiVersion, kind);
      return resource === 'unknown' ? undefined : resource.apiVersion;
    },
    servedKinds: (groupKinds: readonly string[]) => servedKinds(transport, api.resources, groupKinds),
    get: (reference: ObjectReference) => api.get(reference),
    list: async (
      apiVersion: string,
      kind: string,
      namespace?: string,
      selection: Omit<ListOptions, 'namespace' | 'signal'> = {},
    ) => (await api.list(apiVersion, kind, { namespace, ...selection })).objects,
    contents: (namespace: string) => namespaceContents(transport, namespace),
    apply: (object: KubernetesObject, options: ApplyOptions) => api.apply(object, options),
    create: async (
      object: KubernetesObject,
      options: { readonly dryRun: boolean; readonly fieldManager: string; readonly asUser?: string },
    ) => (await api.create(object, { ...options, repeatable: true })).object,
    tryMerge: async (reference: ObjectReference, patch: JsonObject) =>
      (await api.mergePatch(reference, patch, { dryRun: true, repeatable: true })).object,
    /** Fails with a conflict when the object has moved since it was read: `test` compares the resourceVersion. */
    async patchManagedFields(
      object: KubernetesObject,
      managedFields: readonly unknown[],
      { beforeRepeat }: Repeatable = {},
    ) {
      const { resourceVersion } = object.metadata;
      const operations: JsonPatchOperation[] = [
        ...(resourceVersion === undefined
          ? []
          : [{ op: 'test' as const, path: '/metadata/resourceVersion', value: resourceVersion }]),
        { op: 'replace', path: '/metadata/managedFields', value: managedFields as JsonValue },
      ];
      try {
        return (await api.jsonPatch(referenceOf(object), operations, { repeatable: true, beforeRepeat }))
          .object;
      } catch (error) {
        // Perhaps our own first attempt came through although its answer did not.
        const current = await api.get(referenceOf(object));
        if (current !== undefined && isSame(current, withManagedFields(object, managedFields)))
          return current;
        throw error;
      }
    },
    async rewrite(live: KubernetesObject, wanted: KubernetesObject, { beforeRepeat }: Repeatable = {}) {
      const operations = rewriteOperations(live, wanted);
      // A repeated one fails at its `test`: the caller reads the object again, and finds it done.
      return (await api.jsonPatch(referenceOf(live), operations, { repeatable: true, beforeRepeat })).object;
    },
    async delete(
      reference: ObjectReference,
      uid: string,
      { beforeRepeat, propagation = 'Background' }: Repeatable & Pick<DeleteOptions, 'propagation'> = {},
    ) {
      await api.delete(reference, { uid, propagation, repeatable: true, beforeRepeat });
    },
    podLog: (
      namespace: string,
      pod: string,
      container: string,
      options: { readonly previous: boolean; readonly tailLines: number; readonly signal?: AbortSignal },
    ) => readPodLog(transport, { namespace, pod, container }, options),
    logPage: (namespace: string, pod: string, container: string, options: LogPageOptions) =>
      readLogPage(transport, { namespace, pod, container }, options),
    callPod: ({ deadline, ...endpoint }: Parameters<typeof callPod>[1] & { readonly deadline: number }) =>
      callPod(transport, endpoint, { deadline }),
    callService: ({
      deadline,
      ...endpoint
    }: Parameters<typeof callService>[1] & { readonly deadline: number }) =>
      callService(transport, endpoint, { deadline }),
    openPortForward: (target: ForwardTarget) => openPortForward(transport, target),
    probeFromWithin: (
      requests: ClusterJob['requests'],
      options: Pick<ClusterJob, 'namespace' | 'image' | 'startLimit' | 'signal'>,
    ) => {
      const [name, token] = [randomBytes(6).toString('hex'), randomBytes(16).toString('hex')];
      return runClusterJob(api, { ...options, requests, name, token });
    },
    refusalOf: (error: unknown) =>
      error instanceof ApiError
        ? { status: error.status, reason: error.reason, message: error.message }
        : undefined,
  } satisfies ClusterPort;
}

function withManagedFields(object: KubernetesObject, managedFields: readonly unknown[]): unknown {
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function isSame(current: KubernetesObject, wanted: unknown): boolean {
  const versionless = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (key, part) => (key === 'resourceVersion' ? undefined : part)));
  return isDeepStrictEqual(versionless(current), versionless(wanted));
}

/** The release records of one app. */
export function releaseRecords(api: KubernetesApi, namespace: string, app: string) {
  const store = createReleaseStore(api, namespace);
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
    'Another run has written the release record first.',
    'Run the job again: it takes over what this one left, by its record.',
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
