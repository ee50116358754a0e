import { mostTelling } from '../causes/causes.ts';
import type { Cause } from '../causes/evidence/cause.ts';
import { mergedFailures } from '../causes/evidence/merge.ts';
import type { Failure } from '../failure/failure.ts';
import { traitsOf } from '../kinds/table.ts';
import { groupKindOf, keyOf } from '../kubernetes/objects.ts';
import type { Limits, RolloutState } from '../rollout/state.ts';
import { type Assessment, assessmentsOf } from './assessment.ts';
import { type Circumstances, capacityAt, fatalAt } from './fatality.ts';
import { timeoutFailures } from './timeout.ts';
import type { WorkloadReport } from './workload-report.ts';

/** Times are milliseconds since the epoch by our own clock. */
export type Verdict =
  | {
      readonly state: 'pending';
      readonly workloads: readonly WorkloadReport[];
      /** When time alone may change the answer; never later than the deadline. */
      readonly nextAt: number;
      /** When it passes if nothing happens; Infinity while something else is needed than time. */
      readonly passesAt: number;
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
 * The verdict on what is known at `now`. It fails as soon as one changed workload cannot become current, passes when
 * all targets are registered and every changed one has stayed up for `settle`, and fails when `timeout` is over.
 * Cheap enough to be asked after every change: a workload is assessed again only if something below it changed.
 */
export function verdict(
  state: RolloutState,
  now: number,
  limits: Limits,
  timeout: number = limits.timeout,
): Verdict {
  const tally = tallyOf(assessmentsOf(state, limits), now, limits);
  const { workloads, troubled, settledAt } = tally;
  const common = { capacityAt: capacityAt(state), dependenciesAt: tally.dependenciesAt };
  const circumstancesOf = (one: Assessment) => ({ ...common, othersAt: tally.othersAt(one) });
  const fatal = troubled.flatMap((one) => fatalCausesOf(one, circumstancesOf(one), now));
  if (fatal.length > 0) return failedVerdict(mergedFailures(ordered(fatal)), workloads);

  const registered = state.targets.length >= state.expected;
  if (registered && settledAt <= now) return { state: 'passed', workloads };
  const deadline = limits.startedAt + timeout;
  if (now >= deadline) return failedVerdict(timeoutFailures(tally.late, limits, registered), workloads);

  const ends = troubled.flatMap((one) => {
    const circumstances = circumstancesOf(one);
    return one.causes.map((cause) => fatalAt(cause, circumstances));
  });
  return {
    state: 'pending',
    workloads,
    nextAt: Math.min(deadline, ...[settledAt, ...ends].filter((at) => at > now)),
    passesAt: registered ? settledAt : Number.POSITIVE_INFINITY,
    waitingFor: tally.late.map((one) => one.waitingFor),
  };
}

/** The changed workloads that are not up, or have not settled, each with its status and the best known explanation. */
export function unsettled(
  state: RolloutState,
  now: number,
  limits: Limits,
): readonly { readonly waitingFor: string; readonly why: Failure | undefined }[] {
  return tallyOf(assessmentsOf(state, limits), now, limits).late.map((one) => ({
    waitingFor: one.waitingFor,
    why: mostTelling(one.causes)?.failure,
  }));
}

/** The combined state of the changed workloads. */
interface Tally {
  /** Of all targets, changed or not. */
  readonly workloads: readonly WorkloadReport[];
  /** When all will have stayed up for `settle`, if nothing happens; Infinity while one is not current. */
  readonly settledAt: number;
  /** Not settled yet. */
  readonly late: readonly Assessment[];
  /** It has a cause that ends the release, now or later. */
  readonly troubled: readonly Assessment[];
  /** See `Circumstances`. */
  readonly dependenciesAt: number;
  othersAt(one: Assessment): number;
}

/** A program depends on a few others. If this many have not started, it is a large release in progress. */
const maxAwaited = 10;

/** Plain loops: they run over every workload at every change. */
function tallyOf(assessments: readonly Assessment[], now: number, limits: Limits): Tally {
  const workloads: WorkloadReport[] = [];
  const changed: Assessment[] = [];
  const late: Assessment[] = [];
  const troubled: Assessment[] = [];
  let settledAt = 0;
  let dependenciesAt = 0;
  for (const one of assessments) {
    if (!one.target.changed) {
      workloads.push(one.report);
      continue;
    }
    changed.push(one);
    const at = settledFrom(one, limits);
    workloads.push(one.current && at > now ? settling(one.report) : one.report);
    if (at > now) late.push(one);
    if (at > settledAt) settledAt = at;
    if (one.causes.some((cause) => !one.current || cause.evenIfCurrent === true)) troubled.push(one);
    if (one.availableFrom > dependenciesAt) dependenciesAt = one.availableFrom;
  }
  return { workloads, settledAt, late, troubled, dependenciesAt, othersAt: othersAnswer(changed) };
}

/** From when all other workloads are available, for one of them; 0 for a large release in progress. */
function othersAnswer(changed: readonly Assessment[]): Tally['othersAt'] {
  /** The two workloads that become available last: for one of them, the other one counts. */
  let [last, lastBut]: (Assessment | undefined)[] = [];
  let dark = 0;
  for (const one of changed) {
    if (one.answersFrom === Number.POSITIVE_INFINITY) dark += 1;
    if (last === undefined || one.answersFrom > last.answersFrom) [last, lastBut] = [one, last];
    else if (lastBut === undefined || one.answersFrom > lastBut.answersFrom) lastBut = one;
  }
  return (one) => (dark > maxAwaited ? 0 : ((one === last ? lastBut : last)?.answersFrom ?? 0));
}

/** A crashing container without probes is ready for a moment each time: "current" would flicker. */
function settling(report: WorkloadReport): WorkloadReport {
  return { ...report, state: 'progressing', message: 'up, and must stay up' };
}

function settledFrom(one: Assessment, limits: Limits): number {
  if (!one.current) return Number.POSITIVE_INFINITY;
  return one.steadySince === undefined ? 0 : one.steadySince + limits.settle;
}

/**
 * The causes that end this workload's rollout now. Pods at fault count only as far as it cannot be done without them: a
 * Deployment may have one more than it wants, and that one is about to be removed. Pods of a StatefulSet or DaemonSet have
 * each their own place.
 */
function fatalCausesOf(one: Assessment, circumstances: Circumstances, now: number): readonly Cause[] {
  const due = one.causes.filter(
    (cause) => (!one.current || cause.evenIfCurrent === true) && fatalAt(cause, circumstances) <= now,
  );
  if (due.length === 0) return [];
  const podsAtFault = new Set(due.flatMap((cause) => cause.pod ?? []));
  const ofWorkload = due.filter((cause) => cause.pod === undefined || cause.failure.reason === 'job-failed');
  const { podsAlike } = traitsOf(groupKindOf(one.target.reference));
  const dispensable = podsAlike && one.wanted > 0 && one.pods - podsAtFault.size >= one.wanted;
  const counted = dispensable ? ofWorkload : due;
  return withBestExplanation(one, counted);
}

/** A progress deadline does not say why: the best known cause replaces it. */
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

/** Highest rank first. */
function ordered(causes: readonly Cause[]): readonly Cause[] {
  return [...causes].sort((one, other) => other.weight - one.weight);
}

function failedVerdict(failures: readonly Failure[], workloads: readonly WorkloadReport[]): Verdict {
  const hit = new Set(failures.flatMap((failure) => failure.objects.map(keyOf)));
  return {
    state: 'failed',
    failures,
    workloads: workloads.map((report) =>
      report.changed && hit.has(keyOf(report.reference)) ? { ...report, state: 'failed' } : report,
    ),
  };
}
