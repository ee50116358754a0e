/**
 * What undo will do, object by object (DESIGN.md section 3). Pure: the state before, what the cluster shows now, and, where
 * it is known, what the server answered to our writes.
 */
import { applyEntryOf, canonicalJson, fieldManager, isOurs, unionOf } from '../managed-fields.ts';
import {
  groupKindOf,
  type JsonObject,
  type KubernetesObject,
  keyOf,
  type ManagedFieldsEntry,
  type ObjectReference,
  titleOf,
} from '../objects.ts';
import { parseQuantity } from '../quantity.ts';
import type { InventoryEntry, ReleaseBody, StateBefore } from '../release.ts';
import { ownershipClaiming } from './brought.ts';
import {
  type MemberPath,
  memberKey,
  membersOf,
  memberText,
  ownersOf,
  valueAt,
  withoutField,
  withValue,
} from './members.ts';
import { isReordered } from './order.ts';
import { ownershipRestored } from './ownership.ts';

/** A field that somebody changed since the release wrote it. */
export interface LeftAlone {
  readonly path: MemberPath;
  /** Empty when nobody owns the field: it was removed. */
  readonly managers: readonly string[];
}

/** Server-side apply of the configuration before, not forced. */
export interface Restore {
  readonly reference: ObjectReference;
  readonly request: JsonObject;
  /** The names of the fields in it. */
  readonly fields: JsonObject;
  /** What the server added to what the release wrote: made ours before the request, which then removes it. */
  readonly brought: readonly MemberPath[];
  readonly ownership: readonly ManagedFieldsEntry[];
  readonly leftAlone: readonly LeftAlone[];
}

/** The release made it: it goes, if it still is the one with this UID. */
export interface Deletion {
  readonly reference: ObjectReference;
  readonly uid: string;
}

/** What undo does not touch, or cannot take back; both are complete sentences. */
export interface Kept {
  readonly reference: ObjectReference;
  readonly message: string;
  readonly remedy: string;
}

export interface UndoPlan {
  readonly restores: readonly Restore[];
  readonly deletions: readonly Deletion[];
  readonly kept: readonly Kept[];
}

type Step = { readonly restore: Restore } | { readonly deletion: Deletion } | Record<never, never>;
type Decision = Step & { readonly kept?: readonly Kept[] };

/**
 * `live` and `written` are by `keyOf`. `written` is what the server answered to the release's own writes; a process that
 * was not the one who wrote has none, and then a field that somebody removed since comes back.
 */
export function undoPlan(
  body: Pick<ReleaseBody, 'before' | 'inventory'>,
  live: ReadonlyMap<string, KubernetesObject>,
  written: ReadonlyMap<string, KubernetesObject> = new Map(),
): UndoPlan {
  const inventory = new Map(body.inventory.map((entry) => [keyOf(entry.reference), entry]));
  const decisions = body.before.map((before): Decision => {
    const key = keyOf(before.reference);
    const now = live.get(key);
    return before.presence === 'absent'
      ? decideCreated(before.reference, now, uidOf(written.get(key)) ?? inventory.get(key)?.uid)
      : decidePresent(before, now, written.get(key));
  });
  return {
    restores: decisions.flatMap((decision) => ('restore' in decision ? [decision.restore] : [])),
    deletions: decisions.flatMap((decision) => ('deletion' in decision ? [decision.deletion] : [])),
    kept: decisions.flatMap((decision) => decision.kept ?? []),
  };
}

function uidOf(object: KubernetesObject | undefined): InventoryEntry['uid'] {
  return object?.metadata.uid;
}

function decideCreated(
  reference: ObjectReference,
  live: KubernetesObject | undefined,
  created: string | undefined,
): Decision {
  const uid = uidOf(live);
  if (live === undefined || uid === undefined) return {};
  const ours =
    created === undefined ? applyEntryOf(live, fieldManager) !== undefined || isBare(live) : created === uid;
  const title = titleOf(reference);
  if (!ours) {
    return {
      kept: [
        kept(
          reference,
          `${title} stays: what is there now was made by somebody else since.`,
          'Look at it, and delete it by hand if it should not be there.',
        ),
      ],
    };
  }
  if (reference.namespace === undefined || reference.kind === 'PersistentVolumeClaim') {
    const why = reference.namespace === undefined ? 'it belongs to the whole cluster' : 'it may hold data';
    return {
      kept: [
        kept(
          reference,
          `${title}, which this release made, stays: ${why}.`,
          'Delete it by hand if nobody needs it.',
        ),
      ],
    };
  }
  const ran = groupKindOf(reference) === 'Job.batch' || reference.kind === 'Pod';
  return {
    deletion: { reference, uid },
    ...(ran
      ? {
          kept: [
            kept(
              reference,
              `${title} ran: it is deleted, but what it did cannot be taken back.`,
              'Look at what it has changed.',
            ),
          ],
        }
      : {}),
  };
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

function kept(reference: ObjectReference, message: string, remedy: string): Kept {
  return { reference, message, remedy };
}

function decidePresent(
  before: StateBefore,
  live: KubernetesObject | undefined,
  written: KubernetesObject | undefined,
): Decision {
  const { reference, restore, fields = {}, neighbours = {}, ownership = [] } = before;
  const brought = membersOf(before.brought);
  const title = titleOf(reference);
  if (live === undefined || (before.uid !== undefined && uidOf(live) !== before.uid)) {
    const since = live === undefined ? 'was deleted' : 'was deleted and made anew';
    return {
      kept: [
        kept(
          reference,
          `${title} ${since} by somebody else since; it is left as it is.`,
          'Look at it before the next release.',
        ),
      ],
    };
  }
  if (restore === undefined) {
    return {
      kept: [
        kept(
          reference,
          `${title} is not restored: the record does not say what was there before.`,
          'Deploy the commit before.',
        ),
      ],
    };
  }
  const entries = live.metadata.managedFields ?? [];
  const named = unionOf([fields, neighbours]);
  const same =
    differing(fields, restore, live).length === 0 &&
    !hasAppeared(fields, restore, live) &&
    ownershipClaiming(live, brought) === undefined &&
    !isReordered(named, restore, live);
  if (same && ownershipRestored(entries, ownership, []) === undefined) return {};
  const leftAlone = lostSince(live, written).filter(({ path }) => !isSameAt(path, live, restore));
  const removed = leftAlone.filter(({ path }) => valueAt(live, path) === undefined);
  const grown = grownClaim(reference, restore, live);
  const moved = differing(neighbours, restore, live);
  const request = [...removed.map(({ path }) => path), ...itemsOf(moved)].reduce(
    withoutField,
    grown?.request ?? restore,
  );
  return {
    restore: { reference, request, fields, brought, ownership, leftAlone },
    ...(grown === undefined ? {} : { kept: [grown.kept] }),
  };
}

/** The fields that have another value now than before; `request` holds the values before. */
export function differing(
  fields: JsonObject,
  request: JsonObject,
  now: KubernetesObject,
): readonly MemberPath[] {
  const members = membersOf(fields);
  const containers = new Set(members.map((path) => memberKey(path.slice(0, -1))));
  return members.filter((path) => {
    const wanted = valueAt(request, path);
    // What holds other fields is compared by them.
    if (wanted === undefined || containers.has(memberKey(path))) return false;
    return canonicalJson(wanted) !== canonicalJson(valueAt(now, path));
  });
}

/** A field that we owned without a value (an empty list, that the server does not keep), and that has one now. */
function hasAppeared(fields: JsonObject, restore: JsonObject, live: KubernetesObject): boolean {
  return membersOf(fields).some(
    (path) => valueAt(restore, path) === undefined && valueAt(live, path) !== undefined,
  );
}

/** A list item of somebody else that is not what it was is not sent at all. */
function itemsOf(members: readonly MemberPath[]): readonly MemberPath[] {
  return members.map((path) => path.slice(0, path.findLastIndex((element) => element.startsWith('k:')) + 1));
}

function isSameAt(path: MemberPath, live: KubernetesObject, restore: JsonObject): boolean {
  return canonicalJson(valueAt(live, path)) === canonicalJson(valueAt(restore, path));
}

/** Fields that our write left to us and that are not ours any more. */
function lostSince(live: KubernetesObject, written: KubernetesObject | undefined): readonly LeftAlone[] {
  if (written === undefined) return [];
  const entries = live.metadata.managedFields ?? [];
  const ours = new Set(membersOf(entries.find(isOurs)?.fieldsV1).map(memberKey));
  return membersOf(applyEntryOf(written, fieldManager)?.fieldsV1)
    .filter((path) => !ours.has(memberKey(path)))
    .map((path) => ({ path, managers: ownersOf(entries, path) }));
}

const claimSize: MemberPath = ['f:spec', 'f:resources', 'f:requests', 'f:storage'];

/** A claim can grow, and never shrink. */
function grownClaim(
  reference: ObjectReference,
  restore: JsonObject,
  live: KubernetesObject,
): { readonly request: JsonObject; readonly kept: Kept } | undefined {
  if (reference.kind !== 'PersistentVolumeClaim') return undefined;
  const [before, now] = [valueAt(restore, claimSize), valueAt(live, claimSize)];
  if (typeof before !== 'string' || typeof now !== 'string') return undefined;
  if ((parseQuantity(now) ?? 0) <= (parseQuantity(before) ?? 0)) return undefined;
  return {
    request: withValue(restore, claimSize, now),
    kept: kept(
      reference,
      `${titleOf(reference)} keeps its new size of ${now}: a claim of ${before} that has grown cannot shrink.`,
      'Ask for the new size in the overlay from now on.',
    ),
  };
}

/** For people: `.spec.replicas, changed since by kubectl-edit`. */
export function leftAloneText({ path, managers }: LeftAlone): string {
  const who = managers.length === 0 ? 'removed since' : `changed since by ${managers.join(', ')}`;
  return `${memberText(path)}, ${who}`;
}
