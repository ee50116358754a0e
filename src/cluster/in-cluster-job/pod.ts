/** The pod of the probe's Job: waits until it ends or cannot start. */
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { KubernetesApi } from '../api/api.ts';
import { watchKinds } from '../watch/watch.ts';

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

/** The Job is only a means to send requests: it is given up instead of waiting for a registry, a node or a quota. */
const hopeless = new Set([
  'InvalidImageName',
  'ErrImagePull',
  'ErrImageNeverPull',
  'ImagePullBackOff',
  'CreateContainerError',
]);

/** The pod of a Job. */
interface JobPod {
  readonly namespace: string;
  readonly job: string;
  readonly labelSelector: string;
}

/** How its pod ended, or why it will not start. @throws the signal's reason when `signal` aborts */
export async function podEnd(
  api: KubernetesApi,
  { namespace, job, labelSelector }: JobPod,
  signal: AbortSignal,
): Promise<PodEnd> {
  const pods = { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector };
  // Admission refuses the pod, not the Job: only an event says so.
  const refusals = {
    apiVersion: 'v1',
    kind: 'Event',
    namespace,
    fieldSelector: `involvedObject.name=${job},reason=FailedCreate`,
  };
  const { promise, resolve, reject } = Promise.withResolvers<PodEnd>();
  const look = (pod: KubernetesObject) => {
    const { phase = '', conditions = [], containerStatuses = [] } = (pod['status'] ?? {}) as PodStatus;
    const unschedulable = conditions.find(({ reason }) => reason === 'Unschedulable');
    const { waiting, terminated } = containerStatuses[0]?.state ?? {};
    // The container's end is reported about a second before the pod's.
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
    // Without the permission to read events it is given up at its deadline.
    { api, signal, onLost: (target, error) => (target.kind === 'Event' ? undefined : reject(error)) },
  );
  try {
    return await promise;
  } finally {
    await session.stop();
  }
}
