/**
 * What finish deletes: objects that Orion's earlier records of this app list and the overlay no longer has. Pure.
 * When in doubt an object is kept: the next release finds it again.
 */
import { hasGeneratedName } from '../kubernetes/generated-name.ts';
import { applyEntryOf, fieldManager } from '../kubernetes/managed-fields.ts';
import { groupKindOf, type KubernetesObject, keyOf, type ObjectReference } from '../kubernetes/objects.ts';
import { otherToolOf } from '../plan/changes.ts';
import type { InventoryEntry } from '../release/record.ts';
import type { Listed } from './candidates.ts';
import { type ConfigurationUsers, userOf } from './references.ts';

/** An object that earlier releases made and the overlay no longer has. */
export interface PruneReport {
  readonly reference: ObjectReference;
  readonly state: 'to-prune' | 'pruned' | 'spared' | 'not-pruned';
  /** Why it is kept; empty if it is deleted. */
  readonly message: string;
}

/**
 * The release does not need it, and it is still the object that Orion created: it is deleted, with its UID as
 * precondition.
 */
export interface Prune {
  readonly reference: ObjectReference;
  readonly uid: string;
  /** A ConfigMap or Secret whose name has a generator's hash: each release leaves one behind. */
  readonly generated: boolean;
}

/** It is no longer in the overlay, but is kept. */
interface Spared {
  readonly reference: ObjectReference;
  readonly uid: string;
  /** Part of a sentence: "it may contain data". */
  readonly why: string;
}

/** What finish deletes, and what the overlay no longer has but stays, each with the reason. */
export interface PrunePlan {
  readonly prunes: readonly Prune[];
  readonly spared: readonly Spared[];
}

export const nothingToPrune: PrunePlan = { prunes: [], spared: [] };

/** All that the plan is made of. */
export interface PruneFacts {
  /** The namespace of the release; nothing is deleted outside of it. */
  readonly namespace: string;
  readonly listed: readonly Listed[];
  /** The live objects among them, by `keyOf`. */
  readonly live: ReadonlyMap<string, KubernetesObject>;
  /** Keys of what other apps of the namespace have, by their newest records; undefined when those cannot be read. */
  readonly ofOthers: ReadonlySet<string> | undefined;
  readonly users: ConfigurationUsers;
}

/** Whatever is not live, or not provably ours any more, is in neither list. */
export function prunePlan(facts: PruneFacts): PrunePlan {
  const found = facts.listed.flatMap((listed) => {
    const live = facts.live.get(keyOf(listed.reference));
    const uid = live?.metadata.uid;
    if (live === undefined || uid === undefined || !isStillOurs(listed, live, facts)) return [];
    return [{ reference: listed.reference, uid, live }];
  });
  const spared: Spared[] = [];
  const free = found.filter(({ reference, uid, live }) => {
    const why = whySpared(live, facts);
    if (why !== undefined) spared.push({ reference, uid, why });
    return why === undefined;
  });
  // What uses a configuration and goes with it does not keep it.
  const going = new Set(free.map(({ uid }) => uid));
  const prunes = free.flatMap(({ reference, uid }): readonly Prune[] => {
    const user = userOf(reference, facts.users, going);
    if (user === undefined) return [{ reference, uid, generated: hasGeneratedName(reference) }];
    spared.push({ reference, uid, why: user });
    return [];
  });
  return { prunes, spared };
}

/** The one that a record lists, not yet on its way out, with fields that Orion applied, and nobody else's release has it. */
function isStillOurs(listed: Listed, live: KubernetesObject, { ofOthers }: PruneFacts): boolean {
  const { uid = '', deletionTimestamp } = live.metadata;
  return (
    deletionTimestamp === undefined &&
    (listed.uids.includes(uid) || listed.unrecorded) &&
    applyEntryOf(live, fieldManager) !== undefined &&
    ofOthers?.has(keyOf(listed.reference)) !== true
  );
}

function whySpared(live: KubernetesObject, { namespace, ofOthers }: PruneFacts): string | undefined {
  const kind = groupKindOf(live);
  if (live.metadata.namespace === undefined) return 'it is cluster-scoped';
  if (live.metadata.namespace !== namespace) return `it is in namespace ${live.metadata.namespace}`;
  if (kind === 'PersistentVolumeClaim') return 'it may contain data';
  if (ofOthers === undefined) return 'the records of another app in this namespace cannot be read';
  const tool = otherToolOf(live);
  if (tool !== undefined) return `${tool} also manages it`;
  const other = (live.metadata.managedFields ?? []).find(
    ({ manager, operation, subresource = '' }) =>
      operation === 'Apply' && subresource === '' && manager !== fieldManager,
  );
  return other === undefined ? undefined : `${other.manager ?? 'another manager'} also applies it`;
}

/** What the next release has to know of: all that earlier ones have left in the cluster. */
export function leftInCluster({ prunes, spared }: PrunePlan): readonly InventoryEntry[] {
  return [...prunes, ...spared].map(({ reference, uid }) => ({ reference, uid }));
}

/** Whether the plan alone is reason enough for a release. What generators left behind waits for the next one. */
export function isWorthRelease({ prunes }: PrunePlan): boolean {
  return prunes.some(({ generated }) => !generated);
}

/**
 * For the plan digest. Without generated names: which of them are live, and who still refers to them, depends on secrets that a
 * preview may not have.
 */
export function pruneDigestText({ prunes }: PrunePlan): string {
  return prunes
    .filter(({ generated }) => !generated)
    .map(({ reference }) => `\nprune ${keyOf(reference)}`)
    .sort()
    .join('');
}

/**
 * What finish may delete: of the plan that was shown what still holds, and generated configurations that the release has
 * freed since (the retained ReplicaSet that kept them is gone).
 */
export function approvedPrunes(shown: readonly ObjectReference[], now: PrunePlan): readonly Prune[] {
  const approved = new Set(shown.map(keyOf));
  return now.prunes.filter(({ reference, generated }) => generated || approved.has(keyOf(reference)));
}
