/**
 * Refusals of pods that the release itself takes away: it raises the quota that is used up, brings the LimitRange that fills in what a
 * quota asks for, or ends pods of another workload. A dry run is judged by what is there now.
 */

import { workloadKindOf } from '../kinds/table.ts';
import { groupKindOf, keyOf, type ObjectReference, titleOf } from '../kubernetes/objects.ts';
import { replicasOf } from '../kubernetes/surge.ts';
import type { PlannedChange } from '../plan/changes.ts';
import type { Refusal } from './refusal.ts';

type Changed = Pick<PlannedChange, 'reference' | 'desired' | 'live' | 'predicted' | 'action'>;

interface Lifting {
  /** Words of the refusal. */
  readonly refusal: RegExp;
  /** Kinds of which a change may lift it. */
  readonly kinds: readonly string[];
}

/** Sources: the admission plugins ResourceQuota, LimitRanger and PodSecurity of kube-apiserver. */
const liftings: readonly Lifting[] = [
  { refusal: /(?:exceeded|failed) quota/, kinds: ['ResourceQuota'] },
  {
    refusal: /must specify|(?:maximum|minimum) \S+ usage per|max limit to request ratio/,
    kinds: ['LimitRange', 'ResourceQuota'],
  },
  { refusal: /violates PodSecurity/, kinds: ['Namespace'] },
  {
    refusal: /ValidatingAdmissionPolicy|MutatingAdmissionPolicy/,
    kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'].flatMap((kind) => [
      `${kind}.admissionregistration.k8s.io`,
      `${kind.replace('Validating', 'Mutating')}.admissionregistration.k8s.io`,
    ]),
  },
];

/** What of the release may lift it, as a sentence names it; undefined: nothing. */
export function liftedBy(
  { message }: Refusal,
  namespace: string | undefined,
  changes: readonly Changed[],
): string | undefined {
  const changed = changes.filter(({ action }) => action !== 'unchanged');
  const kinds = liftings.filter(({ refusal }) => refusal.test(message)).flatMap((one) => one.kinds);
  const isNear = ({ reference }: Changed) =>
    reference.kind === 'Namespace'
      ? reference.name === namespace
      : reference.namespace === undefined || reference.namespace === namespace;
  const found =
    changed.find((one) => kinds.includes(groupKindOf(one.reference)) && isNear(one)) ??
    (/exceeded quota/.test(message) ? changed.find((one) => shrinks(one) && isNear(one)) : undefined);
  return found && titleOf(found.reference);
}

/**
 * A webhook looks for what the object refers to (KEDA's for the Deployment that is scaled, say): another object of the release, which
 * is not there yet. As a sentence names it; undefined: it is about something else.
 */
export function missesOther(
  { message }: Refusal,
  refused: ObjectReference,
  changes: readonly Changed[],
): string | undefined {
  if (!/admission webhook/.test(message) || !/not found|does ?n[o']t exist|no such/i.test(message))
    return undefined;
  const words = message.split(/[^A-Za-z0-9.-]+/);
  const found = changes.find(
    ({ live, reference }) =>
      live === undefined && keyOf(reference) !== keyOf(refused) && words.includes(reference.name),
  );
  return found && titleOf(found.reference);
}

/** Whether a quota that refuses pods of this release may be wider in a moment, by what the release does itself. */
export function widensQuota(changes: readonly Changed[]): boolean {
  return changes.some(
    (one) => one.action !== 'unchanged' && (groupKindOf(one.reference) === 'ResourceQuota' || shrinks(one)),
  );
}

function shrinks({ desired, predicted = desired, live, reference }: Changed): boolean {
  const lasts = workloadKindOf(reference)?.runs === 'until-deleted';
  return live !== undefined && lasts && replicasOf(predicted) < replicasOf(live);
}
