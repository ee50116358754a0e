/**
 * A write that the server refuses because of a field that it has defaulted itself: would it be accepted without that
 * field?
 */
import {
  claimsOf,
  leftoversOf,
  patchWithout,
  predictedFrom,
  type RefusedWrite,
} from '../../domain/checks/leftovers.ts';
import type { Refusal } from '../../domain/checks/refusal.ts';
import type { MemberPath } from '../../domain/kubernetes/field-set.ts';
import { type KubernetesObject, referenceOf } from '../../domain/kubernetes/objects.ts';
import type { ClusterPort } from '../../ports/cluster.ts';

/** No object has this name: the overlay's manifest is dry-run as if nothing existed. */
const otherName = 'orion-dry-run';

/** Undefined if the refusal is about the overlay itself. */
export async function askWithoutLeftovers(
  cluster: ClusterPort,
  write: RefusedWrite,
  refusal: Refusal,
): Promise<{ readonly predicted: KubernetesObject; readonly claims: readonly MemberPath[] } | undefined> {
  const leftovers = refusal.status === 422 ? leftoversOf(refusal.message, write) : [];
  if (leftovers.length === 0) return undefined;
  const { desired, live } = write;
  try {
    const renamed = { ...desired, metadata: { ...desired.metadata, name: otherName } };
    const alone = await cluster.apply(renamed, { force: false, dryRun: true });
    if (alone.type !== 'applied') return undefined;
    const merged = await cluster.tryMerge(referenceOf(live), patchWithout(leftovers, write));
    return { predicted: predictedFrom(merged, alone.object, write), claims: claimsOf(leftovers, live) };
  } catch (error) {
    const second = cluster.refusalOf(error);
    if (second === undefined || second.status === 0 || second.status === 401) throw error;
    return undefined;
  }
}
