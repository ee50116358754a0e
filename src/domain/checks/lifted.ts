/**
 * Refusals of pods that the release itself resolves: it raises the exhausted quota, adds the LimitRange that sets
 * what a quota requires, or deletes pods of another workload. A dry run only sees the current state.
 */

import { workloadKindOf } from '../kinds/table.ts';
import { groupKindOf, keyOf, type ObjectReference, titleOf } from '../kubernetes/objects.ts';
import { replicasOf } from '../kubernetes/surge.ts';
import type { PlannedChange } from '../plan/changes.ts';
import type { Refusal } from './refusal.ts';

type Changed = Pick<PlannedChange, 'reference' | 'desired' | 'live' | 'predicted' | 'action'>;

interface Lifting {
  /** Text of the refusal. */
  readonly refusal: RegExp;
  /** Kinds whose change may resolve it. */
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

/** The object of the release that may resolve it, for a sentence; undefined: none. */
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
 * A webhook looks up what the object refers to (KEDA's looks up the scaled Deployment): another object of the release
 * that does not exist yet. For a sentence; undefined: the refusal is about something else.
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

/** Whether the release itself may raise or free the quota that refuses its pods. */
export function widensQuota(changes: readonly Changed[]): boolean {
  return changes.some(
    (one) => one.action !== 'unchanged' && (groupKindOf(one.reference) === 'ResourceQuota' || shrinks(one)),
  );
}

function shrinks({ desired, predicted = desired, live, reference }: Changed): boolean {
  const lasts = workloadKindOf(reference)?.runs === 'until-deleted';
  return live !== undefined && lasts && replicasOf(predicted) < replicasOf(live);
}
