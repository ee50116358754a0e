/** Objects that are to make a Secret or ConfigMap for pods: their own failure is the cause, not that of the pods that wait. */
import { keyOf, titleOf } from '../kubernetes/objects.ts';
import type { Expectation } from '../producers/expectations.ts';
import { troubleOf } from '../producers/trouble.ts';
import type { Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type Cause, causeOf, type Fatality, quoted, spoken } from './evidence/cause.ts';

/** A producer that reports an error and tries again by itself: it has its allowance. What is final, `objectCause` tells. */
export function producerCause(view: WorkloadView, limits: Limits): Cause | undefined {
  const { live, target, written } = view;
  if (live === undefined || !written) return undefined;
  const key = keyOf(target.reference);
  const expectation = limits.expectations?.find(
    ({ producer }) => producer !== undefined && keyOf(producer) === key,
  );
  const trouble = expectation === undefined ? undefined : troubleOf(live.object);
  if (expectation === undefined || trouble === undefined) return undefined;
  const said = trouble.reason === '' ? '' : ` (${quoted(trouble.reason)})`;
  const since = Math.max(limits.startedAt, live.generationAt, trouble.since ?? 0);
  return causeOf(view, {
    reason: 'object-failed',
    fatality: { when: 'after', since, allowance: limits.budgets.producer },
    weight: 96,
    message: `${titleOf(target.reference)}: ${quoted(trouble.message)}${said}; ${expectation.kind} ${expectation.name}, which pods need, is not made.`,
    remedy: `Correct what it complains about; \`kubectl describe ${target.reference.kind.toLowerCase()} ${target.reference.name}\` shows all its conditions and events.`,
  });
}

/** Who is to make an object that a pod lacks; undefined: nobody. */
export function expectationFor(
  limits: Limits,
  pod: PodRecord,
  wanted: { readonly kind: string; readonly name: string },
): Expectation | undefined {
  const { namespace } = pod.object.metadata;
  return limits.expectations?.find(
    (one) =>
      one.kind === wanted.kind &&
      one.name === wanted.name &&
      (one.namespace === undefined || one.namespace === namespace),
  );
}

/**
 * How long pods may wait for it: as long as the rollout, since only its producer knows when it will be there. Where nobody could see
 * whether there is a producer at all, no longer than for anything else that a controller has not made yet.
 */
export function fatalityOfExpected({ certainty }: Expectation, pod: PodRecord, limits: Limits): Fatality {
  return certainty === 'unseen'
    ? { when: 'after', since: pod.firstAt, allowance: limits.budgets.creation }
    : { when: 'after', since: limits.startedAt, allowance: limits.timeout };
}

/** The rest of a sentence that says what is missing: `, and ExternalSecret shop-db has not made it within 5 min`. */
export function lateness({ by, certainty }: Expectation, limits: Limits): string {
  const within = certainty === 'unseen' ? '' : ` within ${spoken(limits.timeout)}`;
  return `, and ${by} ${certainty === 'sure' ? 'has' : 'may be to make it and has'} not made it${within}`;
}

/** What to do when the Secret or ConfigMap that somebody is to make does not come. */
export function remedyOfExpected({ by, kind, name, producer }: Expectation): string {
  return producer === undefined
    ? `See why ${by} has not made ${kind} ${name}, or create it in the namespace.`
    : `See why ${by} has not made ${kind} ${name}: \`kubectl describe ${producer.kind.toLowerCase()} ${producer.name}\` shows its conditions and events; its controller may not run.`;
}
