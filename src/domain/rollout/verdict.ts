import type { Cause } from '../causes/cause.ts';
import { mergedFailures } from '../causes/merge.ts';
import type { Failure } from '../failure.ts';
import { groupKindOf, keyOf, titleOf } from '../objects.ts';
import type { WorkloadReport } from '../result.ts';
import { type Assessment, assessmentOf } from './assessment.ts';
import { type Circumstances, circumstancesOf, doomAt } from './doom.ts';
import { type Limits, type RolloutState, workloadKinds } from './state.ts';
import { timeoutFailures } from './timeout.ts';

/** Times are milliseconds since the epoch by our own clock. */
export type Verdict =
  | {
      readonly state: 'pending';
      readonly workloads: readonly WorkloadReport[];
      /** When time alone may change the answer; never later than the deadline. */
      readonly nextAt: number;
      /** "Deployment auth: 1 of 3 pods updated". */
      readonly waitingFor: readonly string[];
    }
  | { readonly state: 'passed'; readonly workloads: readonly WorkloadReport[] }
  | {
      readonly state: 'failed';
      readonly failures: readonly Failure[];
      readonly workloads: readonly WorkloadReport[];
    };

/**
 * The verdict on what is known at `now`. It fails as soon as one changed workload cannot become current, passes when all
 * targets are registered and every changed one has stayed up for `settle`, and fails when `timeout` is over. Cheap
 * enough to be asked after every change: a workload is looked at anew only if something below it changed.
 */
export function verdict(state: RolloutState, now: number, limits: Limits): Verdict {
  const assessments = [...state.targets.values()]
    .filter((target) => workloadKinds.has(groupKindOf(target.reference)))
    .map((target) => assessmentOf(state, target, limits));
  const judged = assessments.filter((one) => one.target.changed);
  const circumstances = circumstancesOf(state, judged);
  const dooms = judged.map((one) => doomsOf(one, circumstances, now));
  const doomed = dooms.flat();
  if (doomed.length > 0) return failedVerdict(mergedFailures(ordered(doomed)), assessments, doomed);

  const settling = judged.map((one) => settledAt(one, limits));
  const registered = state.targets.size >= state.expected;
  if (registered && settling.every((at) => at <= now)) {
    return { state: 'passed', workloads: assessments.map((one) => one.report) };
  }
  const deadline = limits.startedAt + limits.timeout;
  if (now >= deadline) {
    const late = judged.filter((one) => settledAt(one, limits) > now);
    return failedVerdict(timeoutFailures(late, limits, registered), assessments, []);
  }
  const moments = [...settling, ...judged.flatMap((one) => budgetEnds(one, circumstances))];
  return {
    state: 'pending',
    workloads: assessments.map((one) => one.report),
    nextAt: Math.min(deadline, ...moments.filter((at) => at > now)),
    waitingFor: judged.filter((one) => settledAt(one, limits) > now).map(waitingFor),
  };
}

/** Infinity while it is not current. */
function settledAt(one: Assessment, limits: Limits): number {
  if (!one.current) return Number.POSITIVE_INFINITY;
  return one.steadySince === undefined ? 0 : one.steadySince + limits.settle;
}

function waitingFor(one: Assessment): string {
  const title = titleOf(one.target.reference);
  return one.current ? `${title}: up, must stay up` : `${title}: ${one.report.message}`;
}

function budgetEnds(one: Assessment, circumstances: Circumstances): readonly number[] {
  return one.causes.map((cause) => doomAt(cause, circumstances));
}

/**
 * The causes that end this workload's rollout now. Pods at fault count only as far as it cannot be done without them: a
 * Deployment may have one more than it wants, and that one is about to be removed. Pods of a StatefulSet or DaemonSet have
 * each their own place.
 */
function doomsOf(one: Assessment, circumstances: Circumstances, now: number): readonly Cause[] {
  if (one.current) return [];
  const due = one.causes.filter((cause) => doomAt(cause, circumstances) <= now);
  if (due.length === 0) return [];
  const podsAtFault = new Set(due.flatMap((cause) => cause.pod ?? []));
  const ofWorkload = due.filter((cause) => cause.pod === undefined || cause.failure.reason === 'job-failed');
  const kind = groupKindOf(one.target.reference);
  const alike = kind === 'Deployment.apps' || kind === 'ReplicaSet.apps';
  const dispensable = alike && one.wanted > 0 && one.pods - podsAtFault.size >= one.wanted;
  const counted = dispensable ? ofWorkload : due;
  return withBestExplanation(one, counted);
}

/** A progress deadline says that, not why: the most telling trouble known stands in for it. */
function withBestExplanation(one: Assessment, due: readonly Cause[]): readonly Cause[] {
  const only = due.length === 1 ? due[0] : undefined;
  if (only?.failure.reason !== 'progress-deadline-exceeded') {
    return due.filter((cause) => cause.failure.reason !== 'progress-deadline-exceeded');
  }
  const why = ordered(one.causes).find((cause) => cause !== only);
  if (why === undefined) return due;
  const message = `${why.failure.message} ${only.failure.message}`;
  return [{ ...why, failure: { ...why.failure, message } }];
}

/** The most telling first. */
function ordered(causes: readonly Cause[]): readonly Cause[] {
  return [...causes].sort((one, other) => other.weight - one.weight);
}

function failedVerdict(
  failures: readonly Failure[],
  assessments: readonly Assessment[],
  doomed: readonly Cause[],
): Verdict {
  const hit = new Set(
    [...failures, ...doomed.map((cause) => cause.failure)].flatMap((failure) => failure.objects.map(keyOf)),
  );
  const workloads = assessments.map(({ report }) =>
    report.changed && hit.has(keyOf(report.reference)) ? { ...report, state: 'failed' as const } : report,
  );
  return { state: 'failed', failures, workloads };
}
