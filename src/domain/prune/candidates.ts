/** The objects that earlier releases of the app created, according to their records. */
import { keyOf, type ObjectReference, referenceOf } from '../kubernetes/objects.ts';
import type { InventoryEntry, ReleaseBody, ReleaseHead } from '../release/record.ts';

/** An object that records list; whether it is still there and still ours is not known yet. */
export interface Listed {
  readonly reference: ObjectReference;
  /** UIDs under which records list it. */
  readonly uids: readonly string[];
  /** A run died before it could write down what it made: then our ownership alone tells. */
  readonly unrecorded: boolean;
}

/**
 * The records that say it all, of those given newest first: back to the newest deployed one, which carries on what was left
 * of those before it.
 */
export function telling<T extends { readonly head: Pick<ReleaseHead, 'status'> }>(
  releases: readonly T[],
): readonly T[] {
  const deployed = releases.findIndex(({ head }) => head.status === 'deployed');
  return deployed < 0 ? releases : releases.slice(0, deployed + 1);
}

/** What these records list and the overlay no longer has; `rendered` are the overlay's keys. */
export function listedEarlier(
  bodies: readonly ReleaseBody[],
  rendered: ReadonlySet<string>,
): readonly Listed[] {
  const listed = new Map<string, Listed>();
  for (const { reference, uid } of bodies.flatMap(entriesOf)) {
    const key = keyOf(reference);
    if (rendered.has(key)) continue;
    const known = listed.get(key) ?? { reference, uids: [], unrecorded: false };
    listed.set(key, {
      ...known,
      ...(uid === undefined ? { unrecorded: true } : { uids: [...new Set([...known.uids, uid])] }),
    });
  }
  return [...listed.values()];
}

/** The inventory is written after apply: of a run that died in it, the rendered objects and the state before tell. */
function entriesOf({ rendered, before, inventory, earlier = [] }: ReleaseBody): readonly InventoryEntry[] {
  if (inventory.length > 0) return [...inventory, ...earlier];
  const uids = new Map(before.map(({ reference, uid }) => [keyOf(reference), uid]));
  const sent = rendered.map((object): InventoryEntry => {
    const reference = referenceOf(object);
    const uid = uids.get(keyOf(reference));
    return { reference, ...(uid === undefined ? {} : { uid }) };
  });
  return [...sent, ...earlier];
}
