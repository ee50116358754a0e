import { fieldAt, flagAt, numberAt, sameValue, textAt } from '../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject, keyOf } from '../kubernetes/objects.ts';
import { isRolloutKind } from '../kubernetes/workloads.ts';
import { isEnded, isTerminating, phaseOf } from '../status/built-in/pod.ts';
import { observedGenerationOf } from '../status/generic/generic.ts';
import { isOfNewestTemplate } from './daemon-pods.ts';
import { shardAt } from './persistent-map.ts';
import type {
  Departure,
  EventRecord,
  PodRecord,
  RolloutState,
  RolloutTarget,
  WorkloadRecord,
} from './state.ts';

/** Everything that belongs to one target at one moment. */
export interface Scene {
  readonly target: RolloutTarget;
  readonly groupKind: string;
  readonly live?: WorkloadRecord;
  /** What somebody deleted under its name. */
  readonly gone?: Departure;
  /** The live object is there, is the one we wrote, and is at least as new as our write. */
  readonly written: boolean;
  /** Its controller has seen our write. */
  readonly observed: boolean;
  /** Deployment: the ReplicaSet of the live template, once the controller has made it. */
  readonly replicaSet?: WorkloadRecord;
  /** Pods of this release that are to stay: not on their way out, not evicted, nor at their end where they are to run on. */
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

export function sceneOf(state: RolloutState, target: RolloutTarget): Scene {
  const key = keyOf(target.reference);
  const groupKind = groupKindOf(target.reference);
  const live = liveRecord(state, key, groupKind);
  const written = live !== undefined && isWritten(live.object, target);
  const gone = state.gone.get(key);
  const replicaSets =
    groupKind === 'Deployment.apps' ? childrenOf(state, key).map((one) => shardAt(state.workloads, one)) : [];
  const replicaSet =
    live === undefined
      ? undefined
      : replicaSets.find((one) => one !== undefined && isNewest(one.object, live.object));
  const runsOn = reporting.has(groupKind) || groupKind === 'ReplicationController';
  const isLost = ({ object }: PodRecord) => (runsOn ? isEnded(object) : phaseOf(object) === 'Failed');
  const allPods = podsBelow(state, target, key, groupKind, live?.object);
  const current =
    live === undefined || !written
      ? []
      : allPods.filter(
          currentPods(live.object, replicaSet?.object, isObserved(live.object, groupKind), allPods),
        );
  return {
    target,
    groupKind,
    ...(live === undefined ? {} : { live }),
    ...(gone === undefined ? {} : { gone }),
    written,
    observed: written && isObserved(live.object, groupKind),
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

function liveRecord(state: RolloutState, key: string, groupKind: string): WorkloadRecord | undefined {
  if (groupKind !== 'Pod') return shardAt(state.workloads, key);
  const pod = shardAt(state.pods, key);
  if (pod === undefined) return undefined;
  const { object, firstAt } = pod;
  return { object, firstAt, first: object, generationAt: firstAt };
}

function isWritten(live: KubernetesObject, target: RolloutTarget): boolean {
  if (target.uid !== undefined && live.metadata.uid !== target.uid) return false;
  return (live.metadata.generation ?? 0) >= (target.generation ?? 0);
}

/** Their controllers always report an observedGeneration; of other kinds without one, what is written is what counts. */
const reporting: ReadonlySet<string> = new Set([
  'Deployment.apps',
  'ReplicaSet.apps',
  'StatefulSet.apps',
  'DaemonSet.apps',
]);

function isObserved(live: KubernetesObject, groupKind: string): boolean {
  const observed = observedGenerationOf(live);
  if (observed === undefined) return !reporting.has(groupKind);
  return observed >= (live.metadata.generation ?? 0);
}

function childrenOf(state: RolloutState, key: string): readonly string[] {
  return [...(shardAt(state.children, key) ?? [])];
}

function podsBelow(
  state: RolloutState,
  target: RolloutTarget,
  key: string,
  groupKind: string,
  live: KubernetesObject | undefined,
): readonly PodRecord[] {
  const keys =
    groupKind === 'Pod'
      ? [keyOf(target.reference)]
      : groupKind === 'Deployment.apps'
        ? childrenOf(state, key).flatMap((replicaSet) => childrenOf(state, replicaSet))
        : childrenOf(state, key);
  const pods = keys.map((one) => shardAt(state.pods, one)).filter((pod) => pod !== undefined);
  // An object of the same name may have been deleted and made anew: its children are told apart by the owner's UID.
  if (groupKind === 'Deployment.apps' || groupKind === 'Pod' || live === undefined) return pods;
  return pods.filter((pod) => ownerUid(pod.object) === live.metadata.uid);
}

function ownerUid(object: KubernetesObject): string | undefined {
  return object.metadata.ownerReferences?.find((one) => one.controller === true)?.uid;
}

const hashLabel = 'pod-template-hash';

/**
 * The Deployment controller's own test for its newest ReplicaSet: owned by it, and the same template but for the hash
 * label (kubectl and the controller call it EqualIgnoreHash). The revision annotation lags behind, the template does not.
 */
function isNewest(replicaSet: KubernetesObject, deployment: KubernetesObject): boolean {
  if (ownerUid(replicaSet) !== deployment.metadata.uid) return false;
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

/** Which pods are of the revision that this release asks for. Pods of earlier revisions never count. */
function currentPods(
  live: KubernetesObject,
  replicaSet: KubernetesObject | undefined,
  observed: boolean,
  all: readonly PodRecord[],
): (pod: PodRecord) => boolean {
  switch (groupKindOf(live)) {
    case 'Deployment.apps':
      return ({ object }) => replicaSet !== undefined && ownerUid(object) === replicaSet.metadata.uid;
    case 'StatefulSet.apps': {
      const revision = textAt(live, 'status', 'updateRevision');
      const isKnown = observed && revision !== undefined;
      return ({ object }) => isKnown && label(object, 'controller-revision-hash') === revision;
    }
    case 'DaemonSet.apps': {
      const isNewest = isOfNewestTemplate(
        live,
        observed,
        all.map(({ object }) => object),
      );
      return ({ object }) => isNewest(object);
    }
    default:
      return () => true;
  }
}

function label(pod: KubernetesObject, name: string): string | undefined {
  return pod.metadata.labels?.[name];
}

/** The pre-check lets a paused Deployment through only where `allow-paused` says so; one that somebody else paused is not ours. */
export function pausedOnPurpose(scene: Scene): boolean {
  return scene.groupKind === 'Deployment.apps' && flagAt(scene.target.desired, 'spec', 'paused') === true;
}

/** How many pods of this release must be up before the target can be done. */
export function wantedPods(scene: Scene): number {
  const live = scene.live?.object;
  if (live === undefined) return isRolloutKind(scene.target.reference) ? 1 : 0;
  if (pausedOnPurpose(scene)) return 0;
  const replicas = numberAt(live, 'spec', 'replicas') ?? 1;
  switch (scene.groupKind) {
    case 'DaemonSet.apps':
      return byHand(live) ? scene.pods.length : (numberAt(live, 'status', 'desiredNumberScheduled') ?? 0);
    case 'StatefulSet.apps': {
      if (byHand(live)) return scene.pods.length;
      const partition = numberAt(live, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
      return Math.max(0, replicas - partition);
    }
    case 'Pod':
      return phaseOf(live) === 'Succeeded' ? 0 : 1;
    case 'Deployment.apps':
    case 'ReplicaSet.apps':
    case 'ReplicationController':
      return replicas;
    default:
      return 0;
  }
}

function byHand(live: KubernetesObject): boolean {
  return textAt(live, 'spec', 'updateStrategy', 'type') === 'OnDelete';
}
