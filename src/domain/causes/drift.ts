import { fieldText, pathIn, type TakenField, takenFields, takerOf } from '../kubernetes/field-drift.ts';
import { type ManagedFieldsEntry, titleOf } from '../kubernetes/objects.ts';
import type { Limits } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { isHandOver } from '../workloads/handed-over.ts';
import { isRolloutKind } from '../workloads/workloads.ts';
import { type Cause, causeOf, quoted } from './evidence/cause.ts';

/**
 * Another manager changed a field of ours after our write: what rolls out now is not this release. Checked only once
 * the generation has moved beyond our write's, so fields of others, status and metadata never get here. Scaling does
 * not count, since an autoscaler may own the replicas that we send; nor do fields that the overlay leaves to others.
 */
export function takenCause(view: WorkloadView): Cause | undefined {
  const { target, live } = view;
  const { owned, generation } = target;
  if (live === undefined || owned === undefined || generation === undefined || !view.written)
    return undefined;
  if ((live.object.metadata.generation ?? 0) <= generation) return undefined;
  const taken = takenFields(owned, live.object)
    .map((field) => ({ field, taker: takerOf(live.object, field) }))
    .filter(({ field, taker }) => !isScale(field, taker))
    .filter(({ field: { keys, before, after } }) => !isHandOver(target.desired, keys, before, after));
  const [first] = taken;
  if (first === undefined) return undefined;
  const { field, taker } = first;
  const who = taker?.manager === undefined ? 'somebody else' : `field manager ${quoted(taker.manager)}`;
  const more = taken.length > 1 ? `, and ${taken.length - 1} more of its fields` : '';
  return causeOf(view, {
    reason: 'changed-by-other',
    fatality: { when: 'now' },
    evenIfCurrent: true,
    weight: 99,
    evidenceAt: taker?.time,
    message: `${titleOf(target.reference)} was changed by ${who} while it was rolled out: ${fieldText(field.keys)} ${change(view, field)}${more}.`,
    field: pathIn(target.desired, field.keys),
  });
}

/** It existed, and somebody deleted or recreated it: nothing is left of what we wrote. */
export function goneCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const { target, live, gone } = view;
  if (gone === undefined || target.uid === undefined || gone.uid !== target.uid) return undefined;
  const what = live !== undefined ? 'was deleted and recreated by somebody' : 'was deleted by somebody';
  return causeOf(view, {
    reason: 'changed-by-other',
    // A controller may delete an object that is done, and recreate it.
    fatality: isRolloutKind(target.reference)
      ? { when: 'now' }
      : { when: 'after', since: gone.at, allowance: limits.budgets.creation },
    weight: 99,
    message: `${titleOf(target.reference)} ${what} while it was rolled out.`,
    remedy: 'Find out who deletes it and why, and deploy again.',
  });
}

/** Changed replicas are attributed to a scaler, unless a manager is known to have edited them otherwise. */
function isScale({ keys }: TakenField, taker: ManagedFieldsEntry | undefined): boolean {
  if (taker !== undefined) return taker.subresource === 'scale';
  return keys.join() === 'f:spec,f:replicas';
}

function change({ groupKind }: WorkloadView, { before, after }: TakenField): string {
  if (after === undefined) return 'is gone';
  if (groupKind === 'Secret') return 'has a different value';
  return `is ${shown(after)}, not ${shown(before)}`;
}

function shown(value: unknown): string {
  const text = quoted(JSON.stringify(value));
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
