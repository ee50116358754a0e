/**
 * Objects that were absent when the release was recorded. Undo deletes one only if it is proven that this release
 * created it; an object that could not be read, or that somebody else created between preview and apply, is kept.
 */
import { workloadKindOf } from '../kinds/table.ts';
import { applyEntryOf, fieldManager, isOurs } from '../kubernetes/managed-fields.ts';
import { type KubernetesObject, keyOf, type ObjectReference, titleOf } from '../kubernetes/objects.ts';
import type { InventoryEntry, StateBefore } from '../release/record.ts';
import type { Deletion, Kept, Restore } from './decision.ts';

/** Evidence of the creation besides the live object. */
export interface CreationProof {
  /** By `keyOf`, the UIDs of objects whose write the API server answered with 201 Created. */
  readonly made: ReadonlyMap<string, string>;
  /** When the record that says "absent" was written: RFC 3339, by the clock of the API server. */
  readonly recordedAt: string | undefined;
}

/** What an inventory says of it. */
export function madeOf(inventory: readonly InventoryEntry[]): ReadonlyMap<string, string> {
  return new Map(
    inventory.flatMap(({ reference, uid, made }): [string, string][] =>
      made === true && uid !== undefined ? [[keyOf(reference), uid]] : [],
    ),
  );
}

interface CreatedDecision {
  readonly deletion?: Deletion;
  /** Reverts what the release wrote to an object of another owner. */
  readonly restore?: Restore;
  readonly kept?: readonly Kept[];
}

/** Deletes, or keeps with the reason; neither where the object is gone already. */
export function decideCreated(
  before: StateBefore,
  live: KubernetesObject | undefined,
  proof: CreationProof,
): CreatedDecision {
  const { reference } = before;
  const uid = live?.metadata.uid;
  if (live === undefined || uid === undefined) return {};
  if (!isProven(live, before, proof)) return unproven(reference, live);
  const title = titleOf(reference);
  if (reference.namespace === undefined || reference.kind === 'PersistentVolumeClaim') {
    const why = reference.namespace === undefined ? 'it is cluster-scoped' : 'it may contain data';
    const message = `${title}, which this release created, is kept: ${why}.`;
    const asks = reference.kind.endsWith('WebhookConfiguration');
    const remedy = asks
      ? `Delete it at once: its webhook no longer responds, so the requests that it matches are refused: \`kubectl delete ${reference.kind.toLowerCase()} ${reference.name}\`.`
      : 'Delete it manually if it is not needed.';
    return { kept: [{ reference, message, remedy }] };
  }
  if (workloadKindOf(reference)?.leavesTraces !== true) return { deletion: { reference, uid } };
  const message = `${title} ran: it is deleted, but its effects cannot be reverted.`;
  return {
    deletion: { reference, uid },
    kept: [{ reference, message, remedy: 'Check what it has changed.' }],
  };
}

/**
 * We have applied it (or it has no field that anybody could own); and the API server answered our write with this UID, or it was created
 * after the record was written and nobody else wrote a field of its body who might have created it. A UID in a record is no proof by
 * itself: others may have written it there.
 */
export function isProven(
  live: KubernetesObject,
  { reference, made, absentAt }: StateBefore,
  proof: CreationProof,
): boolean {
  const { uid, creationTimestamp } = live.metadata;
  const written = applyEntryOf(live, fieldManager) !== undefined || isBare(live);
  const answered = proof.made.get(keyOf(reference)) ?? made;
  if (answered !== undefined) return answered === uid && written;
  const since = absentAt ?? proof.recordedAt;
  // Both are the API server's words, in whole seconds.
  if (since === undefined || creationTimestamp === undefined || creationTimestamp < since) return false;
  return written && !hasOtherWriter(live);
}

/** Labels and finalizers are put on objects by many who do not create them; status and scale are subresources. */
function hasOtherWriter(live: KubernetesObject): boolean {
  return (live.metadata.managedFields ?? []).some(
    (entry) =>
      !isOurs(entry) &&
      (entry.subresource ?? '') === '' &&
      Object.keys(entry.fieldsV1 ?? {}).some((name) => name !== 'f:metadata'),
  );
}

/** No fields but its name, as a ServiceAccount often is: the API server notes no manager for it, not even the one who made it. */
function isBare({
  apiVersion: _version,
  kind: _kind,
  metadata,
  status: _status,
  ...body
}: KubernetesObject): boolean {
  const { labels, annotations, managedFields = [] } = metadata;
  return (
    managedFields.length === 0 &&
    labels === undefined &&
    annotations === undefined &&
    Object.values(body).every((value) => value === undefined || value === null)
  );
}

/**
 * It stays. Our write was not forced, so it changed nothing that others own: an apply of nothing but the name takes back what it
 * added. Where nobody else has written anything, the object might not be valid without it, and it is only named.
 */
function unproven(reference: ObjectReference, live: KubernetesObject): CreatedDecision {
  const { apiVersion } = live;
  const { kind, name, namespace } = reference;
  const shared = applyEntryOf(live, fieldManager) !== undefined && hasOtherWriter(live);
  const what = shared
    ? ' What this release wrote to it is reverted, unless it would be invalid without it.'
    : '';
  const kept = {
    reference,
    message: `${titleOf(reference)} is kept: it is not proven that this release created it, so it may have existed before.${what}`,
    remedy: 'Check it, and delete it manually if it should not exist.',
  };
  if (!shared) return { kept: [kept] };
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const restore: Restore = {
    reference,
    request: { apiVersion, kind, metadata },
    fields: {},
    brought: [],
    ownership: [],
    leftAlone: [],
    isOptional: true,
  };
  return { restore, kept: [kept] };
}
