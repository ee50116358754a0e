/** Producers of a Secret or ConfigMap for pods: their failure is the cause, not that of the waiting pods. */
import { keyOf, titleOf } from '../kubernetes/objects.ts';
import type { Expectation } from '../producers/expectations.ts';
import { troubleOf } from '../producers/trouble.ts';
import type { Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type Cause, causeOf, type Fatality, quoted, spoken } from './evidence/cause.ts';

/**
 * A producer that reports an error and retries by itself: it has an allowance. Final failures are reported by
 * `objectCause`.
 */
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
    message: `${titleOf(target.reference)}: ${quoted(trouble.message)}${said}; ${expectation.kind} ${expectation.name}, which pods need, is not created.`,
    remedy: `Correct what it reports; \`kubectl describe ${target.reference.kind.toLowerCase()} ${target.reference.name}\` shows all its conditions and events.`,
  });
}

/** The producer of an object that a pod lacks; undefined: none. */
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
 * How long pods may wait for it: until the rollout's timeout, since only its producer knows when it will exist. If it
 * is unknown whether there is a producer, no longer than for any other object that a controller has not created yet.
 */
export function fatalityOfExpected({ certainty }: Expectation, pod: PodRecord, limits: Limits): Fatality {
  return certainty === 'unseen'
    ? { when: 'after', since: pod.firstAt, allowance: limits.budgets.creation }
    : { when: 'after', since: limits.startedAt, allowance: limits.timeout };
}

/** The rest of a sentence about a missing object: `, and ExternalSecret shop-db has not created it within 5 min`. */
export function lateness({ by, certainty }: Expectation, limits: Limits): string {
  const within = certainty === 'unseen' ? '' : ` within ${spoken(limits.timeout)}`;
  return `, and ${by} ${certainty === 'sure' ? 'has' : 'may have to create it and has'} not created it${within}`;
}

/** What to do when the Secret or ConfigMap that somebody is to make does not come. */
export function remedyOfExpected({ by, kind, name, producer }: Expectation): string {
  return producer === undefined
    ? `Find out why ${by} has not created ${kind} ${name}, or create it in the namespace.`
    : `Find out why ${by} has not created ${kind} ${name}: \`kubectl describe ${producer.kind.toLowerCase()} ${producer.name}\` shows its conditions and events; its controller may not be running.`;
}
