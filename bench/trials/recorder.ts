/** A bare list and watch per kind beside the tool: what objects looked like after each write, and the least time in which anybody could know. */
import { setTimeout as delay } from 'node:timers/promises';
import { connectTo, type KubernetesApi } from '../../testbed/node/kubernetes-api.ts';
import type { KubernetesObject, SeenObject } from '../judge/writes.ts';
import { now } from '../scale/watched-process.ts';

const groups: Readonly<Record<string, string>> = {
  pods: 'v1',
  events: 'v1',
  services: 'v1',
  persistentvolumeclaims: 'v1',
  configmaps: 'v1',
  secrets: 'v1',
  namespaces: 'v1',
  nodes: 'v1',
  deployments: 'apps/v1',
  replicasets: 'apps/v1',
  statefulsets: 'apps/v1',
  daemonsets: 'apps/v1',
  jobs: 'batch/v1',
  cronjobs: 'batch/v1',
  endpointslices: 'discovery.k8s.io/v1',
  horizontalpodautoscalers: 'autoscaling/v2',
  poddisruptionbudgets: 'policy/v1',
  ingresses: 'networking.k8s.io/v1',
};
const clusterWide = new Set(['nodes', 'namespaces', 'customresourcedefinitions']);

export interface WatchedKind {
  readonly resource: string;
  readonly apiVersion?: string | undefined;
}

export interface Recorder extends AsyncDisposable {
  readonly seen: readonly SeenObject[];
}

/** Resolves once every kind that exists has been listed; a kind that does not exist yet is tried again and again. */
export async function startRecorder(
  kubeconfig: string,
  namespace: string,
  kinds: readonly WatchedKind[],
): Promise<Recorder> {
  const api = await connectTo(kubeconfig);
  const seen: SeenObject[] = [];
  const stopped = new AbortController();
  const listed = kinds.map(({ resource, ...kind }) => {
    const ready = Promise.withResolvers<void>();
    const path = pathOf({ resource, ...kind }, namespace);
    follow({ api, path, resource, seen, stopped: stopped.signal }, ready.resolve).catch(ready.reject);
    return ready.promise;
  });
  await Promise.all(listed);
  return {
    seen,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await api.close();
    },
  };
}

function pathOf({ resource, apiVersion = groups[resource] ?? 'v1' }: WatchedKind, namespace: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return clusterWide.has(resource) ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`;
}

interface Following {
  readonly api: KubernetesApi;
  readonly path: string;
  readonly resource: string;
  readonly seen: SeenObject[];
  readonly stopped: AbortSignal;
}

/** Lists, then watches from there; whatever breaks is begun again from the last version seen. */
async function follow(following: Following, ready: () => void): Promise<void> {
  let version: string | undefined;
  let listed = false;
  // Of a kind that did not exist when all began, every object is new: one made before the list would never be seen else.
  let isNewKind = false;
  while (!following.stopped.aborted) {
    try {
      version ??= await listVersion(following, isNewKind && !listed);
      listed = true;
      ready();
      version = await watchFrom(following, version);
    } catch {
      isNewKind ||= !listed;
      version = undefined;
      ready();
      await delay(200);
    }
  }
}

async function listVersion({ api, path, resource, seen }: Following, record: boolean): Promise<string> {
  const body = await api.request('GET', record ? path : `${path}?limit=1`);
  const arrivedAt = now();
  const { metadata, items } = (await body.json()) as {
    metadata: { resourceVersion: string };
    items: readonly KubernetesObject[];
  };
  if (record) seen.push(...items.map((object) => ({ resource, event: 'ADDED' as const, object, arrivedAt })));
  return metadata.resourceVersion;
}

async function watchFrom({ api, path, resource, seen }: Following, from: string): Promise<string> {
  let version = from;
  let held = '';
  const body = await api.request(
    'GET',
    `${path}?watch=true&resourceVersion=${from}&allowWatchBookmarks=true`,
  );
  body.setEncoding('utf8');
  for await (const text of body) {
    const arrivedAt = now();
    const lines = (held + String(text)).split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) {
      const { type: event, object } = JSON.parse(line) as { type: string; object: KubernetesObject };
      if (event === 'ERROR') throw new Error('the version is too old');
      version = String(object.metadata['resourceVersion']);
      if (event === 'ADDED' || event === 'MODIFIED' || event === 'DELETED')
        seen.push({ resource, event, object, arrivedAt });
    }
  }
  return version;
}
