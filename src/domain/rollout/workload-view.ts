import type { KindTraits } from '../kinds/kind.ts';
import { traitsOf } from '../kinds/table.ts';
import { fieldAt, flagAt, sameValue } from '../kubernetes/fields.ts';
import { controllerUidOf, groupKindOf, type KubernetesObject, keyOf } from '../kubernetes/objects.ts';
import { isEnded, isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { observedGenerationOf } from '../status/generic/generic.ts';
import { isRolloutKind } from '../workloads/workloads.ts';
import { shardAt } from './persistent-map.ts';
import type {
  Departure,
  EventRecord,
  PodRecord,
  RolloutState,
  RolloutTarget,
  WorkloadRecord,
} from './state.ts';

/** Everything that belongs to one target at one time. */
export interface WorkloadView {
  readonly target: RolloutTarget;
  readonly groupKind: string;
  /** What holds for its kind. */
  readonly kind: KindTraits;
  readonly live?: WorkloadRecord;
  /** What somebody deleted under its name. */
  readonly gone?: Departure;
  /** The live object is there, is the one we wrote, and is at least as new as our write. */
  readonly written: boolean;
  /** Its controller has seen our write. */
  readonly observed: boolean;
  /** Deployment: the ReplicaSet of the live template, once the controller has made it. */
  readonly replicaSet?: WorkloadRecord;
  /**
   * Pods of this release that remain: not terminating, not evicted, and not terminated unless they run to completion.
   */
  readonly pods: readonly PodRecord[];
  /** Pods of this release that ended in failure, a Job's evidence; of workloads whose pods are to run on, those that ended at all. */
  readonly failedPods: readonly PodRecord[];
  /** All pods below the target, old ones and leaving ones too. */
  readonly allPods: readonly PodRecord[];
  readonly events: (object: KubernetesObject) => readonly EventRecord[];
  /** The PodGroups of this name, of whatever scheduler, that the release brings. */
  readonly podGroups: (name: string) => readonly KubernetesObject[];
  /** Those about a PersistentVolumeClaim of the target's namespace; it need not be a target itself. */
  readonly claimEvents: (name: string) => readonly EventRecord[];
}

const podGroupKinds = ['scheduling.k8s.io/v1', 'scheduling.x-k8s.io/v1', 'scheduling.volcano.sh/v1'].map(
  (apiVersion) => ({ apiVersion, kind: 'PodGroup' }),
);

/** Puts a target's view together; without a live object it has no pods. */
export function workloadViewOf(state: RolloutState, target: RolloutTarget): WorkloadView {
  const key = keyOf(target.reference);
  const groupKind = groupKindOf(target.reference);
  const kind = traitsOf(groupKind);
  const live = liveRecord(state, key, kind);
  const written = live !== undefined && isWritten(live.object, target);
  const gone = state.gone.get(key);
  const replicaSets =
    kind.pods === 'owned-by-replica-sets'
      ? childrenOf(state, key).map((one) => shardAt(state.workloads, one))
      : [];
  const replicaSet =
    live === undefined
      ? undefined
      : replicaSets.find((one) => one !== undefined && isNewest(one.object, live.object));
  const isLost = ({ object }: PodRecord) =>
    kind.endedPods === 'replaced' ? isEnded(object) : phaseOf(object) === 'Failed';
  const allPods = podsBelow(state, key, kind, live?.object);
  const observed = written && isObserved(live.object, kind);
  const isCurrent =
    live === undefined || !written
      ? () => false
      : kind.currentPods(live.object, { observed, pods: allPods, replicaSet: replicaSet?.object });
  // Pods of earlier revisions never count.
  const current = allPods.filter(({ object }) => isCurrent(object));
  return {
    target,
    groupKind,
    kind,
    ...(live === undefined ? {} : { live }),
    ...(gone === undefined ? {} : { gone }),
    written,
    observed,
    ...(replicaSet === undefined ? {} : { replicaSet }),
    pods: current.filter((pod) => !isTerminating(pod.object) && !isLost(pod)),
    failedPods: current.filter(isLost),
    allPods,
    podGroups: (name) =>
      podGroupKinds.flatMap((kind) => {
        const { namespace } = target.reference;
        const group = { ...kind, name, ...(namespace === undefined ? {} : { namespace }) };
        return shardAt(state.workloads, keyOf(group))?.object ?? [];
      }),
    claimEvents: (name) => {
      const { namespace } = target.reference;
      const claim = keyOf({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name,
        ...(namespace === undefined ? {} : { namespace }),
      });
      return [...(shardAt(state.events, claim)?.values() ?? [])];
    },
    events: (object) => [...(shardAt(state.events, object.metadata.uid ?? '')?.values() ?? [])],
  };
}

function liveRecord(state: RolloutState, key: string, kind: KindTraits): WorkloadRecord | undefined {
  if (kind.pods !== 'itself') return shardAt(state.workloads, key);
  const pod = shardAt(state.pods, key);
  if (pod === undefined) return undefined;
  const { object, firstAt } = pod;
  return { object, firstAt, first: object, generationAt: firstAt };
}

function isWritten(live: KubernetesObject, target: RolloutTarget): boolean {
  if (target.uid !== undefined && live.metadata.uid !== target.uid) return false;
  return (live.metadata.generation ?? 0) >= (target.generation ?? 0);
}

/** Of kinds without an observedGeneration, what is written is what counts. */
function isObserved(live: KubernetesObject, kind: KindTraits): boolean {
  const observed = observedGenerationOf(live);
  if (observed === undefined) return !kind.reportsGeneration;
  return observed >= (live.metadata.generation ?? 0);
}

function childrenOf(state: RolloutState, key: string): readonly string[] {
  return [...(shardAt(state.children, key) ?? [])];
}

function podsBelow(
  state: RolloutState,
  key: string,
  kind: KindTraits,
  live: KubernetesObject | undefined,
): readonly PodRecord[] {
  switch (kind.pods) {
    case 'itself':
      return podsAt(state, [key]);
    case 'owned-by-replica-sets':
      return podsAt(
        state,
        childrenOf(state, key).flatMap((replicaSet) => childrenOf(state, replicaSet)),
      );
    case 'owned': {
      const pods = podsAt(state, childrenOf(state, key));
      // An object may have been deleted and recreated under the same name: its children are identified by the owner's
      // UID.
      return live === undefined
        ? pods
        : pods.filter(({ object }) => controllerUidOf(object) === live.metadata.uid);
    }
  }
}

function podsAt(state: RolloutState, keys: readonly string[]): readonly PodRecord[] {
  return keys.map((key) => shardAt(state.pods, key)).filter((pod) => pod !== undefined);
}

const hashLabel = 'pod-template-hash';

/**
 * The Deployment controller's own test for its newest ReplicaSet: owned by it, and the same template but for the hash
 * label (kubectl and the controller call it EqualIgnoreHash). The revision annotation lags behind, the template does not.
 */
function isNewest(replicaSet: KubernetesObject, deployment: KubernetesObject): boolean {
  if (controllerUidOf(replicaSet) !== deployment.metadata.uid) return false;
  const [mine, wanted] = [fieldAt(replicaSet, 'spec', 'template'), fieldAt(deployment, 'spec', 'template')];
  if (!sameValue(fieldAt(mine, 'spec'), fieldAt(wanted, 'spec'))) return false;
  const { [hashLabel]: _, ...labels } = (fieldAt(mine, 'metadata', 'labels') ?? {}) as Record<
    string,
    unknown
  >;
  return (
    sameValue(labels, fieldAt(wanted, 'metadata', 'labels') ?? {}) &&
    sameValue(
      fieldAt(mine, 'metadata', 'annotations') ?? {},
      fieldAt(wanted, 'metadata', 'annotations') ?? {},
    )
  );
}

/** The pre-check lets a paused workload through only where `allow-paused` says so; one that somebody else paused is not ours. */
export function pausedOnPurpose({ kind, target }: WorkloadView): boolean {
  return kind.pause !== undefined && flagAt(target.desired, ...kind.pause.field) === true;
}

/** How many pods of this release must be up before the target can be done. */
export function wantedPods(view: WorkloadView): number {
  const live = view.live?.object;
  if (live === undefined) return isRolloutKind(view.target.reference) ? 1 : 0;
  return pausedOnPurpose(view) ? 0 : view.kind.wantedPods(live, view.pods.length);
}
