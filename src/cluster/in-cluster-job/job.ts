/**
 * Probes from inside the cluster, as its pods see it: a Job with the probe image, which writes the findings to its
 * log.
 */
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import {
  maxWork,
  type ProbeFinding,
  type ProbeOrder,
  type ProbeRequest,
  probeProtocol,
} from '../../domain/smoke/tests/probe.ts';
import type { KubernetesApi } from '../api/api.ts';
import { readProbeLog } from './log.ts';
import { podEnd } from './pod.ts';

/** The work, the names and the time limits of one probe Job. */
export interface ClusterJob {
  readonly namespace: string;
  /** Its entry point is the probe (src/actions/probe/index.ts). */
  readonly image: string;
  readonly requests: readonly ProbeRequest[];
  /** Random letters and digits, used in the names of the objects. */
  readonly name: string;
  /** Unguessable: prefix of each log line of the probe. */
  readonly token: string;
  /** Milliseconds that the pod may take to start, including the image pull. The time for the requests is added. */
  readonly startLimit: number;
  readonly signal: AbortSignal;
  /**
   * When the cluster ends and deletes the Job if we cannot. Default: a minute after everything must have ended, and
   * 30.
   */
  readonly seconds?: { readonly deadline: number; readonly afterwards: number };
}

type ClusterJobOutcome =
  | { readonly type: 'answered'; readonly findings: readonly ProbeFinding[] }
  /** No request was sent, or its result is unknown; `message` ends a sentence and may contain untrusted text. */
  | { readonly type: 'unavailable'; readonly message: string };

/** Maximum bytes of its log that are read. */
const logLimit = 9 * 2 ** 20;

const label = 'orion.dev/smoke-job';

/**
 * Sends all requests from one pod that restricted pod security admits, and cleans up: the Secret with the requests is
 * owned by the Job, which ends and is deleted by itself if we are killed.
 *
 * @throws ApiError when the API server refuses one of the objects
 * @throws the signal's reason when `signal` aborts, after the objects were deleted
 */
export async function runClusterJob(api: KubernetesApi, job: ClusterJob): Promise<ClusterJobOutcome> {
  const { namespace, signal } = job;
  const name = `orion-smoke-${job.name}`;
  const patience = job.startLimit + maxWork(job.requests);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), patience);
  const pod = { namespace, job: name, labelSelector: `${label}=${name}` };
  const ended = podEnd(api, pod, AbortSignal.any([signal, late.signal]));
  // Awaited below, unless the Job is refused.
  ended.catch(() => undefined);
  try {
    const { object } = await api.create(jobObject(name, job, patience), { signal });
    await api.create(orderSecret(object, job), { signal });
    const end = await ended.catch(async (error: unknown) => {
      signal.throwIfAborted();
      if (!late.signal.aborted) throw error;
      return { message: `it did not end within ${Math.round(patience / 1000)} s` };
    });
    if ('message' in end) return { type: 'unavailable', message: end.message };
    const log = { namespace, pod: end.pod, container };
    const lines = await api.podLog(log, { limitBytes: logLimit, signal });
    const said = readProbeLog(lines, job.token, job.requests);
    if ('findings' in said) return { type: 'answered', findings: said.findings };
    return { type: 'unavailable', message: said.unreadable };
  } finally {
    clearTimeout(timer);
    late.abort();
    await remove(api, namespace, name);
  }
}

/** Also runs when the run is stopped; otherwise the cluster deletes the Job. */
async function remove(api: KubernetesApi, namespace: string, name: string): Promise<void> {
  const signal = AbortSignal.timeout(3000);
  const options = { propagation: 'Background', repeatable: true, signal } as const;
  await Promise.allSettled([
    api.delete({ apiVersion: 'batch/v1', kind: 'Job', namespace, name }, options),
    api.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name }, options),
  ]);
}

function orderSecret(owner: KubernetesObject, { token, requests }: ClusterJob): KubernetesObject {
  const { namespace, name, uid } = owner.metadata;
  const order: ProbeOrder = { protocol: probeProtocol, token, requests };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      labels: { [label]: name },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: uid ?? '' }],
    },
    stringData: { order: JSON.stringify(order) },
  } as KubernetesObject;
}

function jobObject(
  name: string,
  { namespace, image, seconds }: ClusterJob,
  patience: number,
): KubernetesObject {
  const { deadline, afterwards } = seconds ?? { deadline: Math.ceil(patience / 1000) + 60, afterwards: 30 };
  // No other labels: no Service, disruption budget or policy of the release may select this pod.
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
        // A service mesh sidecar would keep the pod from ending.
        metadata: {
          labels,
          annotations: { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
        },
        spec: podSpec(name, image),
      },
    },
  } as unknown as KubernetesObject;
}

const container = 'probe';

/** No command: the image's entry point reads the requests, so that a mirror or custom build may place it anywhere. */
function podSpec(secretName: string, image: string) {
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
        name: container,
        image,
        imagePullPolicy: 'IfNotPresent',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        // A throttled probe would measure its own waiting.
        resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
        volumeMounts: [{ name: 'order', mountPath: '/orion', readOnly: true }],
      },
    ],
    volumes: [{ name: 'order', secret: { secretName } }],
  };
}
