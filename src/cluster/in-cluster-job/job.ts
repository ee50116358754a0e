/** Probes from within the cluster, as its pods reach things: a Job with the probe image, whose log has the findings. */
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
  /** Letters and digits, different each time: names the objects. */
  readonly name: string;
  /** Unguessable: begins each line of the log that is the probe's. */
  readonly token: string;
  /** Milliseconds that the pod may take to come up, its image included. The work comes on top of it. */
  readonly startLimit: number;
  readonly signal: AbortSignal;
  /** When the cluster ends and deletes it although we are gone. Default: a minute after all must be over, and 30. */
  readonly seconds?: { readonly deadline: number; readonly afterwards: number };
}

type ClusterJobOutcome =
  | { readonly type: 'answered'; readonly findings: readonly ProbeFinding[] }
  /** Nothing was asked, or nothing is known of it; `message` ends a sentence, in part untrusted. */
  | { readonly type: 'unavailable'; readonly message: string };

/** Bytes of its log that are read at the most. */
const logLimit = 9 * 2 ** 20;

const label = 'orion.dev/smoke-job';

/**
 * Asks everything from one pod that restricted pod security admits, and leaves nothing behind: the Secret with the order
 * belongs to the Job, which ends and goes by itself if we are killed.
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
  // It is awaited below, unless the Job is refused.
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

/** Also when the run is stopped; what this does not reach is deleted by the cluster. */
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
        spec: podSpec(name, image),
      },
    },
  } as unknown as KubernetesObject;
}

const container = 'probe';

/** No command: the image's own entry point reads the order, so that a mirror or a build of one's own may have it anywhere. */
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
