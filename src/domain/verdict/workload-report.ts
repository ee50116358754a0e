import { endsOfRelease } from '../causes/crashes.ts';
import { numberAt } from '../kubernetes/fields.ts';
import type { ObjectReference } from '../kubernetes/objects.ts';
import { imagesOf } from '../kubernetes/workloads.ts';
import { markOf } from '../rollout/condition-times.ts';
import type { Limits } from '../rollout/state.ts';
import type { Scene } from '../rollout/workload-view.ts';
import { containersOf } from '../status/built-in/containers.ts';
import { daemonSetCounts } from '../status/built-in/daemonset.ts';
import { deploymentCounts } from '../status/built-in/deployment.ts';
import { statefulSetCounts } from '../status/built-in/statefulset.ts';

export type WorkloadState = 'current' | 'progressing' | 'failed' | 'not-started';

export interface WorkloadReport {
  readonly reference: ObjectReference;
  readonly state: WorkloadState;
  readonly changed: boolean;
  /** True once a rollback has put its configuration before back. */
  readonly restored?: true;
  /** "2 of 3 pods updated". */
  readonly message: string;
  readonly updated: number;
  readonly ready: number;
  readonly desired: number;
  readonly restarts: number;
  /** One entry per container: name, image now, image before (absent when new or unchanged). */
  readonly images: readonly {
    readonly container: string;
    readonly image: string;
    readonly before?: string;
  }[];
}

/** The row of the workloads' table. `state` and `message` are what the assessment found. */
export function reportOf(
  scene: Scene,
  limits: Limits,
  state: WorkloadReport['state'],
  message: string,
): WorkloadReport {
  return {
    reference: scene.target.reference,
    state,
    changed: scene.target.changed,
    message,
    ...counts(scene, state === 'current'),
    restarts: restartsOf(scene, limits),
    images: imageChanges(scene, limits),
  };
}

/** `ready` counts pods of this release only; `updated` is the controller's word once it has seen the change. */
function counts(scene: Scene, current: boolean): { updated: number; ready: number; desired: number } {
  const ready = scene.pods.filter((pod) => pod.marks.has(markOf.ready)).length;
  const live = scene.live?.object;
  const seen = scene.observed && live !== undefined ? live : undefined;
  const desired = numberAt(live ?? scene.target.desired, 'spec', 'replicas') ?? 1;
  switch (scene.groupKind) {
    case 'Deployment.apps':
      return { updated: seen === undefined ? 0 : deploymentCounts(seen).updated, ready, desired };
    case 'StatefulSet.apps':
      return { updated: seen === undefined ? 0 : statefulSetCounts(seen).updated, ready, desired };
    case 'DaemonSet.apps': {
      const daemonSet = seen === undefined ? undefined : daemonSetCounts(seen);
      return { updated: daemonSet?.updated ?? 0, ready, desired: daemonSet?.desired ?? 0 };
    }
    case 'Job.batch': {
      const done = numberAt(seen, 'status', 'succeeded') ?? 0;
      return { updated: done, ready: done, desired: numberAt(live, 'spec', 'completions') ?? 1 };
    }
    case 'Pod':
    case 'ReplicaSet.apps':
    case 'ReplicationController':
      return { updated: scene.pods.length, ready, desired };
    default:
      // An object without pods of its own is one thing that is there or not.
      return { updated: scene.written ? 1 : 0, ready: current ? 1 : 0, desired: 1 };
  }
}

function restartsOf(scene: Scene, limits: Limits): number {
  let restarts = 0;
  for (const pod of scene.pods) {
    for (const container of containersOf(pod.object)) restarts += endsOfRelease(pod, container, limits);
  }
  return Math.max(0, restarts);
}

function imageChanges(scene: Scene, limits: Limits): WorkloadReport['images'] {
  const live = scene.live;
  const known = live !== undefined && live.firstAt <= limits.startedAt;
  const before = new Map(known ? imagesOf(live.first).map((one) => [one.container, one.image]) : []);
  return imagesOf(scene.target.desired).map(({ container, image }) => {
    const old = before.get(container);
    return old === undefined || old === image ? { container, image } : { container, image, before: old };
  });
}
