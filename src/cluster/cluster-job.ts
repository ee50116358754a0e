/** HTTP calls from within the cluster, as its pods make them: a Job with curl, whose log has the answers. */
import type { KubernetesObject } from '../domain/objects.ts';
import type { HttpAnswer } from '../domain/smoke/http-answer.ts';
import type { KubernetesApi } from './api.ts';
import { curlCommand, curlFiles, type InsideCall, readAnswers } from './cluster-job-curl.ts';
import { watchKinds } from './watch.ts';

export interface ClusterJob {
  readonly namespace: string;
  /** Has `sh`, `head` and `curl` 7.83 or newer. */
  readonly image: string;
  readonly calls: readonly InsideCall[];
  /** Unguessable, letters and digits: names the objects, and parts the log. */
  readonly token: string;
  /** Milliseconds until it is given up. */
  readonly patience: number;
  readonly signal: AbortSignal;
  /** When the cluster ends and deletes it although we are gone. Default 90 and 30. */
  readonly seconds?: { readonly deadline: number; readonly afterwards: number };
}

export type ClusterJobOutcome =
  | { readonly type: 'answered'; readonly answers: readonly HttpAnswer[] }
  /** Nothing was called, or nothing is known of it; `message` is one sentence, in part foreign. */
  | { readonly type: 'unavailable'; readonly message: string };

const label = 'orion.dev/smoke-job';

/**
 * Makes every call in parallel from one pod that restricted pod security admits, and leaves nothing behind: the Secret with the
 * calls belongs to the Job, which ends and goes by itself if we are killed.
 *
 * @throws ApiError when the API server refuses one of the objects
 * @throws the signal's reason when `signal` aborts, after the objects were deleted
 */
export async function runClusterJob(api: KubernetesApi, job: ClusterJob): Promise<ClusterJobOutcome> {
  const { namespace, token, signal, patience } = job;
  const name = `orion-smoke-${token.slice(0, 12).toLowerCase()}`;
  const files = curlFiles(job.calls, token);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience);
  const ended = podEnd(api, { namespace, name, signal: AbortSignal.any([signal, late.signal]) });
  // It is awaited below, unless the Job is refused.
  ended.catch(() => undefined);
  try {
    const { object } = await api.create(jobObject(name, job), { signal });
    await api.create(callsSecret(object, files), { signal });
    const end = await ended.catch(async (error: unknown) => {
      signal.throwIfAborted();
      if (!late.signal.aborted) throw error;
      return { message: `it did not end within ${patience / 1000} s` };
    });
    if ('message' in end) return { type: 'unavailable', message: end.message };
    const lines = await api.podLog({ namespace, pod: end.pod, container: 'curl' }, { signal });
    const answers = readAnswers(lines.join('\n'), token, job.calls.length);
    if (answers !== undefined) return { type: 'answered', answers };
    const message = `the pod ${end.pod} ended (${end.phase}) and its log is not whole: ${lines.slice(-3).join(' ')}`;
    return { type: 'unavailable', message };
  } finally {
    clearTimeout(timer);
    late.abort();
    await remove(api, namespace, name);
  }
}

type PodEnd = { readonly pod: string; readonly phase: string } | { readonly message: string };

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { readonly reason?: string; readonly message?: string }[];
  readonly containerStatuses?: readonly {
    readonly state?: {
      readonly waiting?: { readonly reason?: string; readonly message?: string };
      readonly terminated?: object;
    };
  }[];
}

/** It is only a way to call: nobody waits for a registry to come to its senses, nor for a node or a quota to have room. */
const hopeless = new Set([
  'InvalidImageName',
  'ErrImagePull',
  'ErrImageNeverPull',
  'ImagePullBackOff',
  'CreateContainerError',
]);

async function podEnd(
  api: KubernetesApi,
  {
    namespace,
    name,
    signal,
  }: { readonly namespace: string; readonly name: string; readonly signal: AbortSignal },
): Promise<PodEnd> {
  const pods = { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: `${label}=${name}` };
  // Admission refuses the pod, not the Job: only an event says so.
  const refusals = {
    apiVersion: 'v1',
    kind: 'Event',
    namespace,
    fieldSelector: `involvedObject.name=${name},reason=FailedCreate`,
  };
  const { promise, resolve, reject } = Promise.withResolvers<PodEnd>();
  const look = (pod: KubernetesObject) => {
    const { phase = '', conditions = [], containerStatuses = [] } = (pod['status'] ?? {}) as PodStatus;
    const unschedulable = conditions.find(({ reason }) => reason === 'Unschedulable');
    const { waiting, terminated } = containerStatuses[0]?.state ?? {};
    // The container's end is told about a second before the pod's.
    if (terminated !== undefined || phase === 'Succeeded' || phase === 'Failed')
      resolve({ pod: pod.metadata.name, phase });
    else if (waiting !== undefined && hopeless.has(waiting.reason ?? '')) {
      resolve({ message: `its pod does not start: ${waiting.reason} ${waiting.message ?? ''}` });
    } else if (unschedulable !== undefined) {
      resolve({ message: `its pod does not start: ${unschedulable.message ?? unschedulable.reason}` });
    }
  };
  const refused = (event: KubernetesObject) =>
    resolve({ message: `its pod is refused: ${String(event['message'])}` });
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  const session = await watchKinds(
    [pods, refusals],
    (change) => {
      const objects = change.type === 'listed' ? change.objects : [change.object];
      for (const object of objects) {
        if (object.kind === 'Event') refused(object);
        else if (change.type === 'deleted') resolve({ message: 'its pod was deleted' });
        else look(object);
      }
    },
    // Without the right to see events it is given up in the end.
    { api, signal, onLost: (target, error) => (target.kind === 'Event' ? undefined : reject(error)) },
  );
  try {
    return await promise;
  } finally {
    await session.stop();
  }
}

/** Also when the run is stopped; what this does not reach is deleted by the cluster. */
async function remove(api: KubernetesApi, namespace: string, name: string): Promise<void> {
  const signal = AbortSignal.timeout(3000);
  const options = { propagation: 'Background', repeatable: true, signal } as const;
  await Promise.allSettled([
    api.delete({ apiVersion: 'batch/v1', kind: 'Job', namespace, name }, options),
    api.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name }, options),
  ]);
}

function callsSecret(
  owner: KubernetesObject,
  stringData: Readonly<Record<string, string>>,
): KubernetesObject {
  const { namespace, name, uid } = owner.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: { [label]: name },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: uid ?? '' }],
    },
    stringData,
  } as KubernetesObject;
}

function jobObject(name: string, { namespace, image, token, seconds }: ClusterJob): KubernetesObject {
  const { deadline, afterwards } = seconds ?? { deadline: 90, afterwards: 30 };
  // No other labels: no Service, budget or policy of the release may take the pod for one of its own.
  const labels = { [label]: name };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: deadline,
      ttlSecondsAfterFinished: afterwards,
      template: {
        // A service mesh's container would keep the pod from ending.
        metadata: {
          labels,
          annotations: { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
        },
        spec: podSpec(name, image, token),
      },
    },
  } as unknown as KubernetesObject;
}

function podSpec(secretName: string, image: string, token: string) {
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'curl',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: curlCommand(token),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
        volumeMounts: [
          { name: 'calls', mountPath: '/orion', readOnly: true },
          { name: 'answers', mountPath: '/answers' },
        ],
      },
    ],
    volumes: [
      { name: 'calls', secret: { secretName } },
      { name: 'answers', emptyDir: { sizeLimit: '256Mi' } },
    ],
  };
}
