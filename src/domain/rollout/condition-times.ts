import { conditionOf, timeOf } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import {
  type ContainerView,
  containersOf,
  endsOf,
  isBetweenTries,
  isHeldBack,
  type Termination,
} from '../status/built-in/containers.ts';
import { isEnded, isReady, isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { restartRuleOf, type Tally } from '../status/built-in/restarts.ts';

/**
 * Conditions of a pod, each with the time since which it has held continuously. Budgets and `settle` are counted from
 * these times: by our own clock where the change was watched, so that the cluster's clock may be off.
 */
export type ConditionTimes = ReadonlyMap<string, number>;

/** The run of a container is part of the mark: a restart begins a new one, however short it was. */
export const conditionKeys = {
  ready: 'ready',
  unschedulable: 'unschedulable',
  /** It has a scheduling gate: the scheduler ignores it. */
  held: 'held',
  /** The scheduler ignores it until something else exists (Kubernetes 1.37, KEP 5501). */
  notReady: 'not-ready',
  /** No scheduler has said anything (it may wait for a volume on a node it has picked), nor the kubelet of a node that the pod names itself. */
  unseen: 'unseen',
  /** Ended as a whole: evicted, rejected by its node, or by its containers' own restart policies. */
  failed: 'failed',
  gated: 'gated',
  mounting: 'mounting',
  pulling: (container: string) => `pulling/${container}`,
  running: (container: ContainerView) => `running/${container.name}#${container.restartCount}`,
  unready: (container: ContainerView) => `unready/${container.name}#${container.restartCount}`,
  /** A terminated container in back-off. */
  ended: (container: ContainerView) => `ended/${container.name}#${container.restartCount}`,
} as const;

/** Waiting reasons that the kubelet gives while an image cannot be had. */
export const pullReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** By the reason of the condition PodScheduled. */
const unscheduledKeys: Readonly<Record<string, string>> = {
  SchedulingGated: conditionKeys.held,
  NotReadyForScheduling: conditionKeys.notReady,
};

/** The current conditions, with the cluster's own time if the object contains one. */
type Holding = Map<string, number | undefined>;

function holding(pod: KubernetesObject): Holding {
  const found: Holding = new Map();
  if (isTerminating(pod)) return found;
  addReadiness(found, pod);
  addScheduling(found, pod);
  if (isEnded(pod)) found.set(conditionKeys.failed, undefined);
  for (const container of containersOf(pod)) addContainer(found, pod, container);
  return found;
}

function addReadiness(found: Holding, pod: KubernetesObject): void {
  if (isReady(pod)) {
    found.set(conditionKeys.ready, timeOf(conditionOf(pod, 'Ready')?.lastTransitionTime));
    return;
  }
  const containersReady = conditionOf(pod, 'ContainersReady');
  if (containersReady?.status === 'True') {
    found.set(conditionKeys.gated, timeOf(containersReady.lastTransitionTime));
  }
}

/** From its creation until the kubelet has begun with its volumes and images. */
function addScheduling(found: Holding, pod: KubernetesObject): void {
  const scheduled = conditionOf(pod, 'PodScheduled');
  const pending = phaseOf(pod) === 'Pending';
  if (scheduled === undefined) {
    if (pending) found.set(conditionKeys.unseen, timeOf(pod.metadata.creationTimestamp));
    return;
  }
  const since = timeOf(scheduled.lastTransitionTime);
  if (scheduled.status === 'False') {
    found.set(unscheduledKeys[scheduled.reason] ?? conditionKeys.unschedulable, since);
  }
  if (scheduled.status === 'True' && pending) found.set(conditionKeys.mounting, since);
}

function addContainer(found: Holding, pod: KubernetesObject, container: ContainerView): void {
  if (pullReasons.has(container.waiting?.reason ?? ''))
    found.set(conditionKeys.pulling(container.name), undefined);
  if (isBetweenTries(container)) {
    const ended = container.terminated ?? container.previous;
    found.set(conditionKeys.ended(container), timeOf(ended?.finishedAt));
  }
  if (container.runningSince === undefined) return;
  const startedAt = timeOf(container.runningSince);
  found.set(conditionKeys.running(container), startedAt);
  if (container.started && !container.ready) {
    const notReadySince = timeOf(conditionOf(pod, 'Ready')?.lastTransitionTime);
    found.set(conditionKeys.unready(container), latest(startedAt, notReadySince));
  }
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : Math.max(one, other);
}

/**
 * The conditionTimes after a change. `relisted` says that the change came by a list: then it may have been so for long, and the
 * object's own time counts where it is earlier than ours.
 */
export function nextConditionTimes(
  before: ConditionTimes | undefined,
  pod: KubernetesObject,
  at: number,
  relisted: boolean,
): ConditionTimes {
  const conditionTimes = new Map<string, number>();
  for (const [mark, ownTime] of holding(pod)) {
    const since = before?.get(mark);
    const fresh = relisted && ownTime !== undefined ? Math.min(at, ownTime) : at;
    conditionTimes.set(mark, since ?? fresh);
  }
  return conditionTimes;
}

/** The readiness flaps of one pod: since when, our clock in milliseconds, and how many. */
export interface ReadinessFlaps {
  readonly since: number;
  readonly count: number;
}

/** A pod that has been ready for this long has not flapped; later flaps are counted from zero. Milliseconds. */
const lasting = 60_000;

/** A pod that is ready and then is not, while all its containers go on running, has lapsed. */
export function nextFlaps(
  before:
    | {
        readonly object: KubernetesObject;
        readonly conditionTimes: ConditionTimes;
        readonly flaps?: ReadinessFlaps | undefined;
      }
    | undefined,
  pod: KubernetesObject,
  at: number,
): ReadinessFlaps | undefined {
  if (before === undefined) return undefined;
  const lapsed = isReady(before.object) && !isReady(pod) && !isTerminating(pod) && runsOn(before.object, pod);
  if (!lapsed) return before.flaps;
  const known =
    at - (before.conditionTimes.get(conditionKeys.ready) ?? at) < lasting ? before.flaps : undefined;
  return { since: known?.since ?? at, count: (known?.count ?? 0) + 1 };
}

function runsOn(before: KubernetesObject, pod: KubernetesObject): boolean {
  const runs = (object: KubernetesObject) =>
    containersOf(object)
      .filter(({ runningSince }) => runningSince !== undefined)
      .map(conditionKeys.running)
      .join();
  return runs(before) === runs(pod);
}

/** One end of one run (the first run is 0) of a container. */
export interface End {
  readonly run: number;
  readonly termination: Termination;
  /** Our own clock when the end was first seen. */
  readonly seenAt: number;
  /** The last line of its log, see `LastLine`; empty: not available; absent: not known yet. */
  readonly line?: string;
  /** Nothing against its program: a rule asks to restart it after this exit code, or the kubelet ended it for another's sake. */
  readonly excused?: true;
}

/** The known ends by container, oldest first, at most five of each. */
export type Ends = ReadonlyMap<string, readonly End[]>;

const keptEnds = 5;

type Visible = Pick<End, 'run' | 'termination'>;

/** The containers whose newest end was excused by this change. */
export function excusedNow(
  before: ReadonlyMap<string, Tally> | undefined,
  now: ReadonlyMap<string, Tally>,
): ReadonlySet<string> {
  const names = [...now].filter(([name, { excused }]) => excused > (before?.get(name)?.excused ?? 0));
  return new Set(names.map(([name]) => name));
}

/** The runs whose end can be read off a container now: the one that is over, and the one before it. */
function visibleEnds(container: ContainerView): readonly Visible[] {
  const { restartCount, previous, terminated } = container;
  const ends: Visible[] = [];
  // In back-off the kubelet moves the end of the latest run to lastState: it is that run's, not the one's before.
  const previousRun = isHeldBack(container) ? restartCount : restartCount - 1;
  if (previous !== undefined && previousRun >= 0) ends.push({ run: previousRun, termination: previous });
  if (terminated !== undefined) ends.push({ run: restartCount, termination: terminated });
  return ends;
}

/** The known ends of each container, oldest first, the newest five; a watch that was cut leaves gaps. */
export function nextEnds(
  before: Ends | undefined,
  pod: KubernetesObject,
  at: number,
  excused: ReadonlySet<string> = new Set(),
): Ends {
  const result = new Map<string, readonly End[]>();
  for (const container of containersOf(pod)) {
    const known = before?.get(container.name) ?? [];
    const visible = visibleEnds(container).map((end) => {
      const before = known.find((one) => one.run === end.run);
      // A container that is removed to be recreated loses its exit code: lastState says 137.
      if (before?.excused === true) return before;
      return { ...(before ?? firstSight(container, end, at, excused)), ...end };
    });
    const merged = [...known.filter((end) => !visible.some((one) => one.run === end.run)), ...visible];
    if (merged.length > 0) {
      result.set(container.name, merged.sort((one, other) => one.run - other.run).slice(-keptEnds));
    }
  }
  return result;
}

function firstSight(
  { name, spec }: ContainerView,
  { termination }: Visible,
  seenAt: number,
  excused: ReadonlySet<string>,
): Pick<End, 'seenAt' | 'excused'> {
  const isExcused = excused.has(name) || restartRuleOf(spec, termination.exitCode) !== undefined;
  return isExcused ? { seenAt, excused: true } : { seenAt };
}

/** The ends with the last line of one of them; the same ends if that one is not known, or has its line already. */
export function withLastLine(ends: Ends, container: string, run: number, line: string): Ends {
  const known = ends.get(container) ?? [];
  const index = known.findIndex((end) => end.run === run);
  const end = known[index];
  if (end === undefined || end.line !== undefined) return ends;
  return new Map(ends).set(container, known.with(index, { ...end, line }));
}

/** How often each container had ended when the pod was first seen. */
export function endCounts(pod: KubernetesObject): ReadonlyMap<string, number> {
  return new Map(containersOf(pod).map((container) => [container.name, endsOf(container)]));
}
