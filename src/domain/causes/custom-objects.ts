import { sameValue } from '../kubernetes/fields.ts';
import { titleOf } from '../kubernetes/objects.ts';
import type { Limits, WorkloadRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { observedGenerationOf } from '../status/generic/generic.ts';
import { isFinal } from '../status/generic/status.ts';
import { statusOf } from '../status/table.ts';
import { isRolloutKind } from '../workloads/workloads.ts';
import { type Cause, causeOf, type Fatality, quoted } from './evidence/cause.ts';
import { eventMessage, eventReason, eventsAbout, evidenceOf, freshEvents } from './evidence/evidence.ts';

/** An object without pods, judged by its own status: a failed custom resource, a claim that is not bound. */
export function objectCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const { live, target, groupKind } = view;
  if (live === undefined || !view.written || isRolloutKind(target.reference)) return undefined;
  const status = statusOf(live.object);
  const event = freshEvents(view, live.object, limits)[0];
  const common = { weight: 70, event: event === undefined ? undefined : evidenceOf(event) };
  if (groupKind === 'PersistentVolumeClaim') {
    if (status.word === 'current' || waitsForConsumer(view)) return undefined;
    const since = Math.max(live.firstAt, limits.startedAt);
    const told = event === undefined ? status.message : eventMessage(event);
    return causeOf(view, {
      ...common,
      reason: 'volume-pending',
      fatality:
        status.word === 'failed'
          ? { when: 'now' }
          : { when: 'after', since, allowance: limits.budgets.volume },
      message: `${titleOf(target.reference)} is not bound: ${quoted(told)}.`,
    });
  }
  if (status.word !== 'failed') return undefined;
  const final = isFinal(status);
  return causeOf(view, {
    ...common,
    reason: 'object-failed',
    // A retried failure may recover; if it does not in time, it is the explanation.
    fatality: final ? fatalityOf(live, limits) : { when: 'never' },
    message: `${titleOf(target.reference)} ${final ? 'has failed' : 'fails'}: ${quoted(status.message)}.`,
  });
}

/**
 * A failure with the same message as before this release, of a kind without an observed generation: its controller
 * may not have processed the change yet.
 */
function fatalityOf(live: WorkloadRecord, limits: Limits): Fatality {
  const before = live.firstAt <= limits.startedAt ? live.first : undefined;
  const stale =
    before !== undefined &&
    observedGenerationOf(live.object) === undefined &&
    before.metadata.generation !== live.object.metadata.generation &&
    sameValue(before['status'], live.object['status']);
  return { when: stale ? 'never' : 'now' };
}

/**
 * A claim whose class binds when the first pod uses it (WaitForFirstConsumer). The volume controller reports that at
 * once, and an error later if the binding fails; a pod of this release that needs it reports that itself.
 */
export function waitsForConsumer(view: WorkloadView): boolean {
  const live = view.live?.object;
  if (live === undefined || view.groupKind !== 'PersistentVolumeClaim') return false;
  if (statusOf(live).word !== 'progressing') return false;
  const newest = eventsAbout(view, live)[0];
  return newest !== undefined && eventReason(newest) === 'WaitForFirstConsumer';
}
