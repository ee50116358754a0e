import type { OwnedFields } from '../kubernetes/field-drift.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/objects.ts';
import { keyOf } from '../kubernetes/objects.ts';
import type { Expectation } from '../producers/expectations.ts';
import type { Tally } from '../status/built-in/restarts.ts';
import type { ConditionTimes, Ends, ReadinessFlaps } from './condition-times.ts';
import { noShards, type Shards } from './persistent-map.ts';

/** One object whose rollout is watched, as it was sent and as the API server returned it. */
export interface RolloutTarget {
  readonly reference: ObjectReference;
  /** Unchanged workloads are reported; only changed ones judge. */
  readonly changed: boolean;
  readonly uid?: string;
  /** `metadata.generation` after our apply. */
  readonly generation?: number;
  /** What we owned after our apply: a different value there changes this release. */
  readonly owned?: OwnedFields;
  /** What was sent: paths of a failure's field point into it. */
  readonly desired: KubernetesObject;
}

/** `at` is our own clock, milliseconds since the epoch, when the change reached us. */
export type ObservedChange =
  | {
      readonly type: 'listed';
      /** `Deployment.apps`, `Pod`: as `groupKindOf`. */
      readonly groupKind: string;
      /** Absent: the list is of all namespaces. */
      readonly namespace?: string | undefined;
      /** Absent: the list is of all objects, else of those with this name. */
      readonly name?: string;
      readonly objects: readonly KubernetesObject[];
      readonly at: number;
    }
  | { readonly type: 'applied'; readonly object: KubernetesObject; readonly at: number }
  | { readonly type: 'deleted'; readonly object: KubernetesObject; readonly at: number };

/** The last log line of one run of a container: read separately from the watches, since no object contains it. */
export interface LastLine {
  readonly type: 'last-line';
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  /** The first run is 0. */
  readonly run: number;
  /** A digest of `comparableLine` of it, since a log may say secrets. Undefined: not available. */
  readonly line: string | undefined;
  readonly at: number;
}

/** Allowances for problems that often resolve by themselves, milliseconds. */
export interface Budgets {
  /** Registry answers 429 or 5xx, times out, or its name is not found. */
  readonly pull: number;
  readonly scheduling: number;
  /** Pods that wait for their whole group, for their queue, or for another precondition of the scheduler. */
  readonly group: number;
  /** Volumes that do not bind or mount. */
  readonly volume: number;
  /** A volume that is still attached to a node where it is no longer used. */
  readonly detach: number;
  /** Pods that the API server does not let a controller create, where something may still change that. */
  readonly creation: number;
  /** A producer of a Secret or ConfigMap that reports an error and tries again (ADR 0016). */
  readonly producer: number;
  /** The least time a container may run unready, whatever its probe says (see causes/probes.ts). */
  readonly readiness: number;
  /** A pod whose containers are ready may wait for its readiness gates. */
  readonly gate: number;
}

export const defaultBudgets: Budgets = {
  pull: 60_000,
  scheduling: 30_000,
  group: 300_000,
  volume: 30_000,
  detach: 360_000,
  creation: 30_000,
  producer: 60_000,
  readiness: 60_000,
  gate: 300_000,
};

/** Durations are milliseconds. */
export interface Limits {
  readonly timeout: number;
  readonly settle: number;
  readonly maxRestarts: number;
  /** Our own clock when apply began: what was observed until then existed before this release. */
  readonly startedAt: number;
  readonly budgets: Budgets;
  /** Secrets and ConfigMaps that other controllers will create: pods may wait for them. */
  readonly expectations?: readonly Expectation[];
  /** What provisions nodes on demand, for a sentence: a new node takes longer than capacity on an existing one. */
  readonly nodeMaker?: string;
  /** The release itself may free quota: pods refused at first may be admitted later. */
  readonly widensQuota?: boolean;
  /** An undo: the restored revision existed before, so pods of the failed revision have nothing to wait for. */
  readonly restoring?: boolean;
}

/** A pod as last seen, and what its earlier sights add. Times are our own clock, milliseconds since the epoch. */
export interface PodRecord {
  readonly object: KubernetesObject;
  /** When it was first seen. */
  readonly firstAt: number;
  /** That it stopped being ready although no container of it ended: since when, our clock, and how often. */
  readonly flaps?: ReadinessFlaps | undefined;
  /** How often each container had ended by then: only later ends count against the release. */
  readonly endsAtFirst: ReadonlyMap<string, number>;
  /** By container. */
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly conditionTimes: ConditionTimes;
  readonly ends: Ends;
}

/** A workload as last seen; times are our own clock, milliseconds since the epoch. */
export interface WorkloadRecord {
  readonly object: KubernetesObject;
  readonly firstAt: number;
  /** As it was when first seen: the images and conditions before the release. */
  readonly first: KubernetesObject;
  /** When this generation of it was first seen. */
  readonly generationAt: number;
}

/** An Event as last seen. One that was there when first seen counts only for what it has repeated since. */
export interface EventRecord {
  readonly object: KubernetesObject;
  /** Our own clock, milliseconds since the epoch. */
  readonly firstAt: number;
  readonly countAtFirst: number;
}

/** That an object was deleted: its UID where known, and when, by our own clock. */
export interface Departure {
  readonly uid: string | undefined;
  readonly at: number;
}

/** The identity of everything below one target at one moment; an empty object. */
export type Stamp = Readonly<Record<never, never>>;

/** A stamp that equals no other, compared by identity. */
export function newStamp(): Stamp {
  return {};
}

/** Everything observed so far. Immutable; keys are those of `keyOf`. */
export interface RolloutState {
  readonly openedAt: number;
  /** How many targets will be registered; nothing passes before. */
  readonly expected: number;
  readonly targets: readonly RolloutTarget[];
  /** The place in `targets` and `stamps` by the target's key. */
  readonly places: ReadonlyMap<string, number>;
  /** A new stamp per target whenever anything below it changed: what was derived from it may be kept until then. */
  readonly stamps: readonly Stamp[];
  /** Every object but pods and events: workloads, what they make, and whatever else is a target. */
  readonly workloads: Shards<WorkloadRecord>;
  readonly pods: Shards<PodRecord>;
  /** Keys of what an object controls. */
  readonly children: Shards<ReadonlySet<string>>;
  /** Events by the UID of the object they are about, then by their own name; of claims by their key too, since a pod knows no UIDs of its claims. */
  readonly events: Shards<ReadonlyMap<string, EventRecord>>;
  /** Terminating pods, with the time (cluster's clock) by which they will be deleted. */
  readonly departing: ReadonlyMap<string, number>;
  /** When a pod was last deleted or terminated: freed capacity restarts the budgets that wait for capacity. */
  readonly departedAt: number;
  /** Targets that existed and have been deleted since, by key. */
  readonly gone: ReadonlyMap<string, Departure>;
}

/**
 * A rollout about to begin. `now` is when watching began. `expected` is how many targets will be registered with
 * `withTarget`: until then a failing release fails, but none passes. It defaults to the targets given.
 */
export function startRollout(
  targets: readonly RolloutTarget[],
  now: number,
  expected: number = targets.length,
): RolloutState {
  const empty: RolloutState = {
    openedAt: now,
    expected,
    targets: [],
    places: new Map(),
    stamps: [],
    workloads: noShards(),
    pods: noShards(),
    children: noShards(),
    events: noShards(),
    departing: new Map(),
    departedAt: 0,
    gone: new Map(),
  };
  return targets.reduce(withTarget, empty);
}

/** Registers a target as its write returns; again for the same object, it replaces the one before. */
export function withTarget(state: RolloutState, target: RolloutTarget): RolloutState {
  const key = keyOf(target.reference);
  const place = state.places.get(key);
  if (place !== undefined) {
    return {
      ...state,
      targets: state.targets.with(place, target),
      stamps: state.stamps.with(place, newStamp()),
    };
  }
  return {
    ...state,
    targets: [...state.targets, target],
    places: new Map(state.places).set(key, state.targets.length),
    stamps: [...state.stamps, newStamp()],
  };
}
