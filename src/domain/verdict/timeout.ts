import { mostTelling } from '../causes/causes.ts';
import { spoken } from '../causes/evidence/cause.ts';
import { remedies } from '../causes/evidence/remedies.ts';
import type { Failure } from '../failure/failure.ts';
import { titleOf } from '../kubernetes/objects.ts';
import type { Limits } from '../rollout/state.ts';
import type { Assessment } from './assessment.ts';

/** Failures at the timeout: one per unfinished workload, with what was missing and the best explanation. */
export function timeoutFailures(
  late: readonly Assessment[],
  limits: Limits,
  registered: boolean,
): readonly Failure[] {
  const failures = late.map((one) => timeoutFailure(one, limits));
  if (registered) return failures;
  return [
    ...failures,
    plain(`Not every object had been applied when ${spoken(limits.timeout)} were over.`, []),
  ];
}

function timeoutFailure(one: Assessment, limits: Limits): Failure {
  const title = titleOf(one.target.reference);
  const missing = one.current
    ? `up, but not yet for ${spoken(limits.settle)} without a restart`
    : one.report.message;
  const message = `${title} was not done when ${spoken(limits.timeout)} were over: ${missing}.`;
  const why = mostTelling(one.causes);
  if (why === undefined) {
    const pods = one.unreadyPods.length === 0 ? '' : ` Pod ${one.unreadyPods.join('; pod ')}.`;
    return plain(`${message}${pods}`, [one.target.reference]);
  }
  return { ...why.failure, reason: 'rollout-timeout', message: `${message} ${why.failure.message}` };
}

function plain(message: string, objects: Failure['objects']): Failure {
  return {
    reason: 'rollout-timeout',
    message,
    remedy: remedies['rollout-timeout'] ?? '',
    objects,
    chain: objects.map(titleOf),
    logs: [],
  };
}
