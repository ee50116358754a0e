/**
 * The plan of an undo, object by object. Pure: computed from the previous state, the live objects and, if known, the
 * server's responses to our writes.
 */
import { type KubernetesObject, keyOf } from '../kubernetes/objects.ts';
import type { ReleaseBody, StateBefore } from '../release/record.ts';
import { retiredBy } from './bound.ts';
import { type CreationProof, decideCreated, madeOf } from './created.ts';
import type { Deletion, Kept, Restore } from './decision.ts';
import { decidePresent } from './present.ts';

/** What undo does with each object of the record, and what it leaves with the reason. */
export interface UndoPlan {
  readonly restores: readonly Restore[];
  readonly deletions: readonly Deletion[];
  readonly kept: readonly Kept[];
  /** Keys of autoscalers that come first: what they have scaled since is put back, and they must not do it again. */
  readonly autoscalers: ReadonlySet<string>;
}

interface Decision {
  readonly restore?: Restore;
  readonly deletion?: Deletion;
  readonly kept?: readonly Kept[];
}

/**
 * `live` and `written` are by `keyOf`. `written` is what the server answered to the release's own writes; a process that
 * was not the one who wrote has none, and then a field that somebody removed since comes back. `proof`: which objects this process
 * is known to have created, and when the record was written.
 */
export function undoPlan(
  body: Pick<ReleaseBody, 'before' | 'inventory'>,
  live: ReadonlyMap<string, KubernetesObject>,
  written: ReadonlyMap<string, KubernetesObject> = new Map(),
  { made = new Map(), recordedAt }: Partial<CreationProof> = {},
): UndoPlan {
  const proof = { made: new Map([...madeOf(body.inventory), ...made]), recordedAt };
  const created = new Map(
    body.before
      .filter(({ presence }) => presence === 'absent')
      .map((before) => {
        const key = keyOf(before.reference);
        return [key, decideCreated(before, live.get(key), proof)];
      }),
  );
  const present = new Set(body.before.map(({ reference }) => keyOf(reference)));
  /** Gone before, deleted now, or changed back: then it scales no longer what it scales since the release. */
  const goes = (autoscaler: string): boolean => {
    const made = created.get(autoscaler);
    if (made === undefined) return present.has(autoscaler);
    return made.deletion !== undefined || !live.has(autoscaler);
  };
  const isRegained = ({ scaledBy = [] }: StateBefore): boolean => scaledBy.length > 0 && scaledBy.every(goes);
  const decisions = body.before.map((before): Decision => {
    const key = keyOf(before.reference);
    const seen = { live: live.get(key), written: written.get(key), proof };
    return created.get(key) ?? decidePresent(before, seen, isRegained(before));
  });
  const restores = decisions.flatMap(({ restore }) => restore ?? []);
  const retired = new Set(
    restores.flatMap(({ reference, request }) => retiredBy(request, live.get(keyOf(reference)))),
  );
  return {
    restores: restores.map((restore) =>
      retired.has(restore.writtenIn ?? '') ? { ...restore, retires: true } : restore,
    ),
    deletions: decisions.flatMap(({ deletion }) => deletion ?? []),
    kept: decisions.flatMap(({ kept = [] }) => kept),
    autoscalers: new Set(body.before.filter(isRegained).flatMap(({ scaledBy = [] }) => scaledBy)),
  };
}
