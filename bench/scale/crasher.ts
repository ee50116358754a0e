/** Hollow pods do not crash by themselves: this writes one pod's status as a kubelet would whose container ends at each start. */
import { setTimeout as delay } from 'node:timers/promises';
import { createKubernetesApi } from '../../src/cluster/api/api.ts';
import { connect } from '../../src/cluster/api/connect.ts';
import { type WatchTarget, watchKinds } from '../../src/cluster/watch/watch.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';

const exitCode = 3;
/** Milliseconds before the second and the third end, as the kubelet's back-off has them. */
const pauses = [1000, 11_000];

export interface Crash {
  /** When the write of the third end was answered, milliseconds since the epoch. */
  readonly thirdEndAt: number;
  readonly pod: string;
}

/**
 * Ends the container of one of the victim's pods as soon as it runs, and twice more when every other Deployment of the
 * namespace is available: then the whole crowd has been watched before the verdict can be known.
 */
export async function crash(
  kubeconfig: string,
  place: { readonly namespace: string; readonly victim: string; readonly others: number },
  signal: AbortSignal,
): Promise<Crash> {
  const { namespace, victim } = place;
  const connection = await connect({ kubeconfig, env: {}, home: '', version: 'crasher' });
  const api = createKubernetesApi(connection);
  try {
    const pod = await firstRunning(api, namespace, victim, signal);
    await writeStatus(api, pod, 0);
    await othersAvailable(api, place, signal);
    for (const [index, pause] of pauses.entries()) {
      await delay(pause, undefined, { signal });
      await writeStatus(api, pod, index + 1);
    }
    return { thirdEndAt: performance.timeOrigin + performance.now(), pod: pod.metadata.name };
  } finally {
    await connection.close();
  }
}

type Api = ReturnType<typeof createKubernetesApi>;

async function firstRunning(
  api: Api,
  namespace: string,
  victim: string,
  signal: AbortSignal,
): Promise<KubernetesObject> {
  const labelSelector = `app.kubernetes.io/name=${victim}`;
  const target = { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector };
  return watched(api, target, signal, (pod) => {
    const { phase } = (pod['status'] ?? {}) as { readonly phase?: string };
    return phase === 'Running' ? pod : undefined;
  });
}

async function othersAvailable(
  api: Api,
  {
    namespace,
    victim,
    others,
  }: { readonly namespace: string; readonly victim: string; readonly others: number },
  signal: AbortSignal,
): Promise<void> {
  const available = new Set<string>();
  await watched(api, { apiVersion: 'apps/v1', kind: 'Deployment', namespace }, signal, (deployment) => {
    const { replicas, availableReplicas } = (deployment['status'] ?? {}) as Readonly<Record<string, number>>;
    const done = replicas !== undefined && replicas > 0 && availableReplicas === replicas;
    if (done && deployment.metadata.name !== victim) available.add(deployment.metadata.name);
    return available.size === others ? true : undefined;
  });
}

/** Watches until `find` finds something. */
async function watched<Found>(
  api: Api,
  target: WatchTarget,
  signal: AbortSignal,
  find: (object: KubernetesObject) => Found | undefined,
): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  signal.addEventListener('abort', () => reject(signal.reason));
  const session = await watchKinds(
    [target],
    (change) => {
      for (const object of change.type === 'listed' ? change.objects : [change.object]) {
        const found = find(object);
        if (found !== undefined) resolve(found);
      }
    },
    { api, signal },
  );
  try {
    return await promise;
  } finally {
    await session.stop();
  }
}

async function writeStatus(api: Api, pod: KubernetesObject, run: number): Promise<void> {
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const terminated = { exitCode, reason: 'Error', startedAt: time, finishedAt: time };
  const { namespace = '', name } = pod.metadata;
  const condition = (type: string) => ({ type, status: 'False', lastTransitionTime: time });
  await api.transport.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      status: {
        conditions: [condition('Ready'), condition('ContainersReady')],
        containerStatuses: [
          {
            name: 'service',
            image: 'registry.example/bench/service:1',
            imageID: '',
            ready: false,
            started: false,
            restartCount: run,
            state: { terminated, running: null },
            ...(run === 0 ? {} : { lastState: { terminated } }),
          },
        ],
      },
    },
  });
}
