import { endsOfRelease } from '../causes/crashes.ts';
import type { PodCounts } from '../kinds/kind.ts';
import { workloadKindOf } from '../kinds/table.ts';
import type { ObjectReference } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { Limits } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { containersOf } from '../status/built-in/containers.ts';
import { imagesOf } from '../workloads/workloads.ts';

/** The state of a workload in reports; `not-started`: the release never came to it. */
export type WorkloadState = 'current' | 'progressing' | 'failed' | 'not-started';

/** How one workload stands, for people and for the result document. */
export interface WorkloadReport {
  readonly reference: ObjectReference;
  readonly state: WorkloadState;
  /** The release changed it. */
  readonly changed: boolean;
  /** True once a rollback has put its configuration before back. */
  readonly restored?: true;
  /** "2 of 3 pods updated". */
  readonly message: string;
  /** Pods; so are `ready`, which counts those of this release only, and `desired`. */
  readonly updated: number;
  readonly ready: number;
  readonly desired: number;
  /** How often containers of this release's pods have ended since it began, together. */
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
  view: WorkloadView,
  limits: Limits,
  state: WorkloadReport['state'],
  message: string,
): WorkloadReport {
  return {
    reference: view.target.reference,
    state,
    changed: view.target.changed,
    message,
    ...countsOf(view, state === 'current'),
    restarts: restartsOf(view, limits),
    images: imageChanges(view, limits),
    ...servesOf(view),
  };
}

/** By the status of its controller, which counts pods of earlier revisions as well. */
function servesOf({ live }: WorkloadView): Pick<WorkloadReport, 'serves'> {
  const kind = live === undefined ? undefined : workloadKindOf(live.object);
  if (live === undefined || kind?.runs !== 'until-deleted' || kind.pods === 'itself') return {};
  return { serves: kind.serves(live.object) };
}

function countsOf(view: WorkloadView, current: boolean): PodCounts {
  const live = view.live?.object;
  return view.kind.counts({
    desired: view.target.desired,
    live,
    seen: view.observed ? live : undefined,
    written: view.written,
    current,
    pods: view.pods.length,
    readyPods: view.pods.filter((pod) => pod.conditionTimes.has(conditionKeys.ready)).length,
  });
}

function restartsOf(view: WorkloadView, limits: Limits): number {
  let restarts = 0;
  for (const pod of view.pods) {
    for (const container of containersOf(pod.object)) restarts += endsOfRelease(pod, container, limits);
  }
  return Math.max(0, restarts);
}

function imageChanges(view: WorkloadView, limits: Limits): WorkloadReport['images'] {
  const live = view.live;
  const known = live !== undefined && live.firstAt <= limits.startedAt;
  const before = new Map(known ? imagesOf(live.first).map((one) => [one.container, one.image]) : []);
  return imagesOf(view.target.desired).map(({ container, image }) => {
    const old = before.get(container);
    return old === undefined || old === image ? { container, image } : { container, image, before: old };
  });
}
