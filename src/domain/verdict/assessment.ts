import { causesOf } from '../causes/causes.ts';
import { waitsForConsumer } from '../causes/custom-objects.ts';
import type { Cause } from '../causes/evidence/cause.ts';
import { workloadKindOf } from '../kinds/table.ts';
import { isCustomResource } from '../kubernetes/custom-resource.ts';
import { conditionOf, listAt, textAt, timeOf } from '../kubernetes/fields.ts';
import { type KubernetesObject, titleOf } from '../kubernetes/objects.ts';
import { conditionKeys } from '../rollout/condition-times.ts';
import type { Limits, PodRecord, RolloutState, RolloutTarget, Stamp } from '../rollout/state.ts';
import { pausedOnPurpose, type WorkloadView, wantedPods, workloadViewOf } from '../rollout/workload-view.ts';
import { containersOf } from '../status/built-in/containers.ts';
import { isReady, podStatus } from '../status/built-in/pod.ts';
import { current, type Status } from '../status/generic/status.ts';
import { statusOf } from '../status/table.ts';
import { awaited } from '../workloads/awaited.ts';
import { isRolloutKind } from '../workloads/workloads.ts';
import type { WorkloadReport } from './workload-report.ts';
import { reportOf } from './workload-report.ts';

/** The part of the verdict on one target that does not depend on the time: cached until something below it changes. */
export interface Assessment {
  readonly target: RolloutTarget;
  readonly report: WorkloadReport;
  /** Done, with its pods observed up; without `settle`. */
  readonly current: boolean;
  /** "Deployment auth: 1 of 3 pods updated", for the list of what is waited for. */
  readonly waitingFor: string;
  /** Since when its pods have been up continuously; absent if there is nothing to settle. */
  readonly steadySince?: number;
  readonly causes: readonly Cause[];
  /** Pods of this release that are not ready, a few of them, as a person would ask about them: "web-1 waits to start". */
  readonly unreadyPods: readonly string[];
  /** Pods of this release, and how many of them must be up. */
  readonly pods: number;
  readonly wanted: number;
  /**
   * Since when others could use it: its first ready pod, a Job's completion; Infinity while nothing of it runs at all; 0 if
   * it runs but is not ready, since it may itself be the one that waits.
   */
  readonly availableFrom: number;
  /** As `availableFrom`, but of one that runs and is not ready: a moment after it began. */
  readonly answersFrom: number;
}

// Derived values of immutable versions: the stamp changes with everything below a target, so nothing here can be stale.
const kept = new WeakMap<Stamp, { limits: Limits; assessment: Assessment | undefined }>();

/** One assessment per target, in their order; those that nobody waits for are left out. */
export function assessmentsOf(state: RolloutState, limits: Limits): readonly Assessment[] {
  const assessments: Assessment[] = [];
  for (const [place, target] of state.targets.entries()) {
    const stamp = state.stamps[place];
    let entry = stamp === undefined ? undefined : kept.get(stamp);
    if (entry === undefined || entry.limits !== limits) {
      entry = {
        limits,
        assessment: awaited(target.desired) ? assess(workloadViewOf(state, target), limits) : undefined,
      };
      if (stamp !== undefined) kept.set(stamp, entry);
    }
    if (entry.assessment !== undefined) assessments.push(entry.assessment);
  }
  return assessments;
}

function assess(view: WorkloadView, limits: Limits): Assessment {
  const causes = causesOf(view, limits);
  const status = statusNow(view, causes);
  const wanted = wantedPods(view);
  const ready = view.pods.filter((pod) => pod.conditionTimes.has(conditionKeys.ready));
  const up = status?.word === 'current' && view.observed && ready.length >= wanted;
  const steady = up ? steadySince(view, ready) : undefined;
  const message = sentence(view, status, ready.length, wanted);
  const dark = isDark(view, status, wanted);
  const serves = servesSince(view, status);
  return {
    target: view.target,
    report: reportOf(view, limits, wordOf(status, up), message),
    current: up,
    waitingFor: `${titleOf(view.target.reference)}: ${up ? 'up, must stay up' : message}`,
    ...(steady === undefined ? {} : { steadySince: steady }),
    causes,
    unreadyPods: unreadyPodsOf(view),
    pods: view.pods.length,
    wanted,
    availableFrom: serves ?? (dark ? Number.POSITIVE_INFINITY : 0),
    answersFrom: serves ?? (dark ? Number.POSITIVE_INFINITY : firstWordFrom(view)),
  };
}

const shownLaggards = 3;

function unreadyPodsOf({ pods }: WorkloadView): readonly string[] {
  const words: string[] = [];
  for (const { object } of pods) {
    if (words.length === shownLaggards) break;
    if (!isReady(object)) words.push(`${object.metadata.name} ${podStatus(object).message}`);
  }
  return words;
}

/** A progress deadline that no cause speaks of is an earlier release's. */
function statusNow(view: WorkloadView, causes: readonly Cause[]): Status | undefined {
  const live = view.live?.object;
  if (live === undefined || !view.written) return undefined;
  if (pausedOnPurpose(view)) return current('paused, as its overlay asks: not waited for', 'paused');
  if (waitsForConsumer(view)) return current('bound when a pod uses it');
  const status = statusOf(live);
  const stale = !causes.some((cause) => cause.failure.reason === 'progress-deadline-exceeded');
  return status.code === 'deadline-exceeded' && stale
    ? (workloadKindOf(live)?.status(live, false) ?? status)
    : status;
}

function wordOf(status: Status | undefined, up: boolean): WorkloadReport['state'] {
  if (status === undefined) return 'not-started';
  if (status.word === 'failed') return 'failed';
  return up ? 'current' : 'progressing';
}

function sentence(view: WorkloadView, status: Status | undefined, ready: number, wanted: number): string {
  if (status === undefined) {
    return view.live === undefined ? 'not there yet' : 'the change has not been seen yet';
  }
  if (status.word === 'current' && ready < wanted) return `${ready} of ${wanted} pods seen ready`;
  return status.message;
}

/**
 * The last moment at which a pod became ready or one of its containers (re)started. A container that crashes and comes back
 * is ready for a moment each time, so the start of its newest run decides, not the word Ready. A minReadySeconds
 * that has passed since is part of the wait.
 */
function steadySince(view: WorkloadView, ready: readonly PodRecord[]): number | undefined {
  if (view.kind.runs === 'to-completion') return undefined;
  // A controller that has not processed the change leaves the old status, or none: it gets as long as pods get for `settle`.
  if (speaksForItself(view.target.desired)) return view.live?.generationAt;
  let latest: number | undefined;
  for (const { conditionTimes } of ready) {
    for (const [mark, since] of conditionTimes) {
      if (mark !== conditionKeys.ready && !mark.startsWith('running/')) continue;
      if (latest === undefined || since > latest) latest = since;
    }
  }
  return latest;
}

/** A custom resource whose pods are unknown: only its controller's status counts. */
function speaksForItself(object: KubernetesObject): boolean {
  return isCustomResource(object) && !isRolloutKind(object);
}

function servesSince(view: WorkloadView, status: Status | undefined): number | undefined {
  if (view.kind.runs === 'to-completion') {
    const complete = status?.code === 'complete' ? conditionOf(view.live?.object, 'Complete') : undefined;
    return timeOf(complete?.lastTransitionTime);
  }
  const live = view.live?.object;
  if (live !== undefined && speaksForItself(live)) {
    // A database of an operator: its pods are unknown, so its status counts.
    return status?.word === 'current' ? newestTransition(live) : undefined;
  }
  const times = view.allPods.flatMap((pod) => pod.conditionTimes.get(conditionKeys.ready) ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

function newestTransition(object: KubernetesObject): number {
  const conditions = listAt(object, 'status', 'conditions');
  return Math.max(0, ...conditions.map((one) => timeOf(textAt(one, 'lastTransitionTime')) ?? 0));
}

/** How long a running program may take until it serves others, if it has no probe; milliseconds. */
const firstWord = 5_000;

function firstWordFrom(view: WorkloadView): number {
  const starts = view.allPods.flatMap(({ conditionTimes }) =>
    [...conditionTimes].flatMap(([mark, since]) => (mark.startsWith('running/') ? [since] : [])),
  );
  return starts.length === 0 ? 0 : Math.min(...starts) + firstWord;
}

/** Nothing of it has begun: pods of other workloads may well wait for it, and their probes say so. */
function isDark(view: WorkloadView, status: Status | undefined, wanted: number): boolean {
  if (view.kind.runs === 'to-completion') return status?.word !== 'current' && status?.word !== 'failed';
  if (speaksForItself(view.target.desired)) return status?.word !== 'current' && status?.word !== 'failed';
  if (wanted === 0) return false;
  // One whose init container runs, or that has ended already, may itself be the one that waits.
  const hasBegun = (pod: PodRecord) =>
    containersOf(pod.object).some(
      (one) => one.runningSince !== undefined || one.terminated !== undefined || one.previous !== undefined,
    );
  return !view.allPods.some(hasBegun);
}
