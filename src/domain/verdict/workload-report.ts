import { endsOfRelease } from '../causes/crashes.ts';
import type { PodCounts } from '../kinds/kind.ts';
import { workloadKindOf } from '../kinds/table.ts';
import type { ObjectReference } from '../kubernetes/objects.ts';
import { markOf } from '../rollout/condition-times.ts';
import type { Limits } from '../rollout/state.ts';
import type { Scene } from '../rollout/workload-view.ts';
import { containersOf } from '../status/built-in/containers.ts';
import { imagesOf } from '../workloads/workloads.ts';

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
  /** Whether it has an available pod, of any revision; absent where that is not known, or its pods do their work and end. */
  readonly serves?: boolean;
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
    ...countsOf(scene, state === 'current'),
    restarts: restartsOf(scene, limits),
    images: imageChanges(scene, limits),
    ...servesOf(scene),
  };
}

/** By the status of its controller, which counts pods of earlier revisions as well. */
function servesOf({ live }: Scene): Pick<WorkloadReport, 'serves'> {
  const kind = live === undefined ? undefined : workloadKindOf(live.object);
  if (live === undefined || kind?.runs !== 'until-deleted' || kind.pods === 'itself') return {};
  return { serves: kind.serves(live.object) };
}

function countsOf(scene: Scene, current: boolean): PodCounts {
  const live = scene.live?.object;
  return scene.kind.counts({
    desired: scene.target.desired,
    live,
    seen: scene.observed ? live : undefined,
    written: scene.written,
    current,
    pods: scene.pods.length,
    readyPods: scene.pods.filter((pod) => pod.marks.has(markOf.ready)).length,
  });
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
