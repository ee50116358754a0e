/** Hollow pods do not crash by themselves: this writes one pod's status as a kubelet would whose container ends at each start. */
import { setTimeout as delay } from 'node:timers/promises';
import { createKubernetesApi } from '../../src/cluster/api.ts';
import { connect } from '../../src/cluster/connection.ts';
import { watchKinds } from '../../src/cluster/watch.ts';
import type { KubernetesObject } from '../../src/domain/objects.ts';

const exitCode = 3;
/** Milliseconds between the ends, as the kubelet's back-off has them: at 0, 1 and 12 s. */
const pauses = [0, 1000, 11_000];

export interface Crash {
  /** When the write of the third end was answered, milliseconds since the epoch. */
  readonly thirdEndAt: number;
  readonly pod: string;
}

/** Waits until every other Deployment of the namespace is available, then ends the container of one of the victim's pods three times. */
export async function crash(
  kubeconfig: string,
  place: { readonly namespace: string; readonly victim: string; readonly others: number },
  signal: AbortSignal,
): Promise<Crash> {
  const { namespace, victim, others } = place;
  const connection = await connect({ kubeconfig, env: {}, home: '', version: 'crasher' });
  const api = createKubernetesApi(connection);
  try {
    const available = new Set<string>();
    const all = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => all.reject(signal.reason));
    const look = (object: KubernetesObject): void => {
      const { replicas, availableReplicas } = (object['status'] ?? {}) as Readonly<Record<string, number>>;
      const done = replicas !== undefined && replicas > 0 && availableReplicas === replicas;
      if (done && object.metadata.name !== victim) available.add(object.metadata.name);
      if (available.size === others) all.resolve();
    };
    const kind = { apiVersion: 'apps/v1', kind: 'Deployment', namespace };
    const session = await watchKinds(
      [kind],
      (change) => (change.type === 'listed' ? change.objects : [change.object]).forEach(look),
      { api, signal },
    );
    await all.promise;
    await session.stop();
    const labelSelector = `app.kubernetes.io/name=${victim}`;
    const pods = await api.list('v1', 'Pod', { namespace, labelSelector, signal });
    const pod = pods.objects[0];
    if (pod === undefined) throw new Error(`${victim} has no pod`);
    for (const [run, pause] of pauses.entries()) {
      await delay(pause, undefined, { signal });
      await writeStatus(api, pod, run);
    }
    return { thirdEndAt: performance.timeOrigin + performance.now(), pod: pod.metadata.name };
  } finally {
    await connection.close();
  }
}

type Api = ReturnType<typeof createKubernetesApi>;

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
