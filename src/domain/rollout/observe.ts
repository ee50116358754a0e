import { traitsOf } from '../kinds/table.ts';
import { numberAt, sameValue, textAt, timeOf } from '../kubernetes/fields.ts';
import { isStatusOrdinary, ordinaryStatusEntry } from '../kubernetes/managed-fields.ts';
import { groupKindOf, type KubernetesObject, keyOf, referenceOf } from '../kubernetes/objects.ts';
import { claimNamesOf, isEnded, isTerminating } from '../status/built-in/pod.ts';
import { nextTallies } from '../status/built-in/restarts.ts';
import { statusOf } from '../status/table.ts';
import {
  endCounts,
  excusedNow,
  nextConditionTimes,
  nextEnds,
  nextFlaps,
  withLastLine,
} from './condition-times.ts';
import { type Shards, shardAt, shardEntries, withoutShard, withShard } from './persistent-map.ts';
import {
  type EventRecord,
  type LastLine,
  newStamp,
  type ObservedChange,
  type PodRecord,
  type RolloutState,
  type WorkloadRecord,
} from './state.ts';

const replicaSet = 'ReplicaSet.apps';

/**
 * Applies one change to the state. A list replaces all known objects of its kind and namespace: missing ones were
 * deleted (except events, which expire but remain evidence). Older versions of a known object are ignored.
 */
export function observe(state: RolloutState, change: ObservedChange | LastLine): RolloutState {
  if (change.type === 'last-line') return putLastLine(state, change);
  if (change.type === 'applied') return put(state, change.object, change.at, false);
  if (change.type === 'deleted') return remove(state, change.object, change.at);
  let next = state;
  for (const object of absentees(state, change)) next = remove(next, object, change.at);
  for (const object of change.objects) next = put(next, object, change.at, true);
  return next;
}

function absentees(
  state: RolloutState,
  list: ObservedChange & { type: 'listed' },
): readonly KubernetesObject[] {
  if (isEventKind(list.groupKind)) return [];
  const listed = new Set(list.objects.map((object) => keyOf(referenceOf(object))));
  const gone: KubernetesObject[] = [];
  const known: Shards<{ readonly object: KubernetesObject }> =
    list.groupKind === 'Pod' ? state.pods : state.workloads;
  for (const [key, { object }] of shardEntries(known)) {
    if (groupKindOf(object) !== list.groupKind || listed.has(key)) continue;
    if (list.name !== undefined && object.metadata.name !== list.name) continue;
    if (list.namespace === undefined || object.metadata.namespace === list.namespace) gone.push(object);
  }
  return gone;
}

function put(state: RolloutState, object: KubernetesObject, at: number, relisted: boolean): RolloutState {
  const kind = groupKindOf(object);
  if (isEventKind(kind)) return putEvent(state, object, at);
  return kind === 'Pod' ? putPod(state, object, at, relisted) : putWorkload(state, object, at);
}

function isEventKind(groupKind: string): boolean {
  return groupKind === 'Event' || groupKind === 'Event.events.k8s.io';
}

/** Resource versions are documented to be comparable numbers since Kubernetes 1.35, and were in practice before. */
function isOlder(object: KubernetesObject, known: KubernetesObject): boolean {
  if (object.metadata.uid !== known.metadata.uid) return false;
  const [version, knownVersion] = [object.metadata.resourceVersion, known.metadata.resourceVersion];
  return version !== undefined && knownVersion !== undefined && Number(version) < Number(knownVersion);
}

function putWorkload(state: RolloutState, given: KubernetesObject, at: number): RolloutState {
  const key = keyOf(referenceOf(given));
  const known = shardAt(state.workloads, key);
  if (known !== undefined && isOlder(given, known.object)) return state;
  const object = hasMoved(state, key, given, known) ? given : withoutOwners(given);
  const same = known !== undefined && known.object.metadata.uid === object.metadata.uid;
  const sameGeneration = same && isSameGeneration(known.object, object);
  const record = {
    object,
    firstAt: same ? known.firstAt : at,
    first: same ? known.first : object,
    generationAt: sameGeneration ? known.generationAt : at,
  };
  const next = { ...state, workloads: withShard(state.workloads, key, record) };
  // Pods name their group, it does not name them.
  if (object.kind === 'PodGroup') return { ...next, stamps: next.stamps.map(newStamp) };
  return touched(same ? next : adopted(next, object, key), object, key);
}

/** Where a status is an ordinary field, its writes are new generations too, and only those of the spec count. */
function isSameGeneration(known: KubernetesObject, object: KubernetesObject): boolean {
  if (known.metadata.generation === object.metadata.generation) return true;
  return isStatusOrdinary(object) && sameValue(known['spec'], object['spec']);
}

/** Beyond our write, or while that is pending, beyond the previous generation. */
function hasMoved(
  state: RolloutState,
  key: string,
  { metadata }: KubernetesObject,
  known: WorkloadRecord | undefined,
): boolean {
  const target = state.targets[state.places.get(key) ?? -1];
  const ours = target === undefined ? known?.first.metadata.generation : target.generation;
  return ours !== undefined && metadata.generation !== undefined && metadata.generation > ours;
}

/** `managedFields` are a third of an object, and asked for only to name who has changed it. */
function withoutOwners(object: KubernetesObject): KubernetesObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  const kept = isStatusOrdinary(object) ? { managedFields: [ordinaryStatusEntry] } : {};
  return { ...object, metadata: { ...metadata, ...kept } };
}

function putPod(state: RolloutState, object: KubernetesObject, at: number, relisted: boolean): RolloutState {
  const key = keyOf(referenceOf(object));
  const known = shardAt(state.pods, key);
  if (known !== undefined && isOlder(object, known.object)) return state;
  const same = known?.object.metadata.uid === object.metadata.uid ? known : undefined;
  const tallies = nextTallies(same, object);
  const record: PodRecord = {
    object,
    firstAt: same?.firstAt ?? at,
    flaps: nextFlaps(same, object, at),
    endsAtFirst: same?.endsAtFirst ?? endCounts(object),
    tallies,
    conditionTimes: nextConditionTimes(same?.conditionTimes, object, at, relisted),
    ends: nextEnds(same?.ends, object, at, excusedNow(same?.tallies, tallies)),
  };
  const hasEnded = same !== undefined && !isEnded(same.object) && isEnded(object);
  const next = {
    ...state,
    pods: withShard(state.pods, key, record),
    departing: departingWith(state, object, key, at),
    departedAt: hasEnded ? at : state.departedAt,
  };
  return touched(same === undefined ? adopted(next, object, key) : next, object, key);
}

/** A pod may have been replaced by one of the same name by the time the line is read. */
function putLastLine(state: RolloutState, { namespace, pod, uid, ...told }: LastLine): RolloutState {
  const key = keyOf({ apiVersion: 'v1', kind: 'Pod', namespace, name: pod });
  const known = shardAt(state.pods, key);
  if (known === undefined || known.object.metadata.uid !== uid) return state;
  const ends = withLastLine(known.ends, told.container, told.run, told.line ?? '');
  if (ends === known.ends) return state;
  const pods = withShard(state.pods, key, { ...known, ends });
  return touched({ ...state, pods }, known.object, key);
}

/** The API server sets deletionTimestamp to the end of the grace period, not to when deletion was asked for. */
function departingWith(state: RolloutState, pod: KubernetesObject, key: string, at: number) {
  if (!isTerminating(pod)) return state.departing;
  return new Map(state.departing).set(key, timeOf(pod.metadata.deletionTimestamp) ?? at);
}

function remove(state: RolloutState, object: KubernetesObject, at: number): RolloutState {
  const key = keyOf(referenceOf(object));
  const kind = groupKindOf(object);
  const known = kind === 'Pod' ? shardAt(state.pods, key) : shardAt(state.workloads, key);
  // A pod of a StatefulSet comes back under its name: the end of the old one is not the end of the new one.
  if (known === undefined || known.object.metadata.uid !== object.metadata.uid) return state;
  // With ttlSecondsAfterFinished or the like it is removed once it is over; how it ended stays true.
  if (runsToCompletion(kind) && ['complete', 'failed'].includes(statusOf(object).code)) {
    return putWorkload(state, object, at);
  }
  const next = { ...orphaned(state, known.object, key), gone: withGone(state, object, key, at) };
  if (kind !== 'Pod') {
    return touched({ ...next, workloads: withoutShard(next.workloads, key) }, known.object, key);
  }
  const departing = new Map(next.departing);
  departing.delete(key);
  // A terminated pod no longer used capacity.
  const departedAt = isEnded(known.object) ? next.departedAt : at;
  return touched({ ...next, pods: withoutShard(next.pods, key), departing, departedAt }, known.object, key);
}

function runsToCompletion(groupKind: string): boolean {
  return traitsOf(groupKind).runs === 'to-completion' || groupKind === 'Workflow.argoproj.io';
}

function withGone(
  state: RolloutState,
  { metadata: { uid } }: KubernetesObject,
  key: string,
  at: number,
): RolloutState['gone'] {
  return state.places.has(key) ? new Map(state.gone).set(key, { uid, at }) : state.gone;
}

/** The key of the object that controls this one. */
export function controllerKey(object: KubernetesObject): string | undefined {
  const owner = object.metadata.ownerReferences?.find((one) => one.controller === true);
  if (owner === undefined) return undefined;
  return `${groupKindOf(owner)}/${object.metadata.namespace ?? ''}/${owner.name}`;
}

function adopted(state: RolloutState, object: KubernetesObject, key: string): RolloutState {
  const owner = controllerKey(object);
  if (owner === undefined) return state;
  const keys = new Set(shardAt(state.children, owner)).add(key);
  return { ...state, children: withShard(state.children, owner, keys) };
}

function orphaned(state: RolloutState, object: KubernetesObject, key: string): RolloutState {
  const owner = controllerKey(object);
  const keys = owner === undefined ? undefined : new Set(shardAt(state.children, owner));
  if (owner === undefined || keys?.delete(key) !== true) return state;
  return { ...state, children: withShard(state.children, owner, keys) };
}

/** A new stamp for the targets among the object and what controls it, as far as that is known yet. */
function touched(state: RolloutState, object: KubernetesObject, key: string): RolloutState {
  const owner = controllerKey(object);
  const above = owner?.startsWith(replicaSet) === true ? shardAt(state.workloads, owner) : undefined;
  const root = above === undefined ? undefined : controllerKey(above.object);
  let stamps = state.stamps;
  for (const one of [key, owner, root]) {
    const index = one === undefined ? undefined : state.places.get(one);
    if (index !== undefined) stamps = stamps.with(index, newStamp());
  }
  return stamps === state.stamps ? state : { ...state, stamps };
}

/**
 * Normal events that decide something: a kill by a probe, a node on its way for the pod, why a claim is not bound, and that
 * an image is being pulled, before which all volumes have been mounted.
 */
const tellingReasons: ReadonlySet<string> = new Set([
  'Killing',
  'Pulling',
  'TriggeredScaleUp',
  'Nominated',
  'FailedBinding',
  'WaitForFirstConsumer',
  'WaitForPodScheduled',
  'ExternalProvisioning',
  'Provisioning',
  'ProvisioningSucceeded',
  'SucceededDaemonPod',
]);

function putEvent(state: RolloutState, object: KubernetesObject, at: number): RolloutState {
  const uid = textAt(object, 'involvedObject', 'uid') ?? textAt(object, 'regarding', 'uid');
  const telling = textAt(object, 'type') === 'Warning' || tellingReasons.has(textAt(object, 'reason') ?? '');
  if (uid === undefined || !telling) return state;
  const name = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const about = aboutOf(object);
  const known = shardAt(state.events, uid)?.get(name);
  if (known !== undefined && isOlder(object, known.object)) return state;
  const record: EventRecord = {
    object,
    firstAt: known?.firstAt ?? at,
    countAtFirst: known?.countAtFirst ?? eventCount(object),
  };
  let { events } = state;
  for (const key of about.kind === 'PersistentVolumeClaim' ? [uid, keyOf(about)] : [uid]) {
    events = withShard(events, key, new Map(shardAt(events, key)).set(name, record));
  }
  const next = touchedByEvent({ ...state, events }, about);
  // Said again and again, every 15 s of each claim: what is derived from it depends on whether it was repeated at all.
  const isNews = known === undefined || eventCount(known.object) === known.countAtFirst;
  return isNews && about.kind === 'PersistentVolumeClaim' ? touchedByClaim(next, about) : next;
}

/** Repeats are counted in `count` by the old recorder, in `series.count` by the new one. */
export function eventCount(event: KubernetesObject): number {
  return numberAt(event, 'count') ?? numberAt(event, 'series', 'count') ?? 1;
}

function aboutOf(event: KubernetesObject) {
  const field = event['involvedObject'] === undefined ? 'regarding' : 'involvedObject';
  return {
    apiVersion: textAt(event, field, 'apiVersion') ?? '',
    kind: textAt(event, field, 'kind') ?? '',
    name: textAt(event, field, 'name') ?? '',
    namespace: textAt(event, field, 'namespace') ?? event.metadata.namespace ?? '',
  };
}

function touchedByEvent(state: RolloutState, about: ReturnType<typeof aboutOf>): RolloutState {
  const key = keyOf(about);
  const known = shardAt(state.pods, key) ?? shardAt(state.workloads, key);
  return known === undefined ? state : touched(state, known.object, key);
}

function touchedByClaim(state: RolloutState, about: ReturnType<typeof aboutOf>): RolloutState {
  let next = state;
  for (const [podKey, { object: pod }] of shardEntries(state.pods)) {
    const isUsed = pod.metadata.namespace === about.namespace && claimNamesOf(pod).includes(about.name);
    if (isUsed) next = touched(next, pod, podKey);
  }
  return next;
}
