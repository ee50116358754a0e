/** Are the new pods' logs worse than the old ones'? Errors per pod and minute, by workload and together. */
import type { Failure } from '../failure/failure.ts';
import { type ObjectReference, titleOf } from '../kubernetes/objects.ts';
import { type ErrorTally, topErrors } from './error-tally.ts';

/** Errors of the pods of one workload. Pod minutes are the sum over its pods of the time that their logs cover. */
export interface ErrorCount {
  readonly tally: ErrorTally;
  readonly pods: number;
  readonly podMinutes: number;
}

/** The errors in the logs of one workload: of its new pods, and of the old ones before the release. */
export interface WorkloadErrors {
  readonly reference: ObjectReference;
  readonly fresh: ErrorCount;
  /** Minutes that the new pods' logs will cover when the monitor phase is over: until then no rate is certain. */
  readonly podMinutesAtEnd: number;
  /** Absent without old pods: then `maxErrors` alone counts. */
  readonly old?: ErrorCount;
}

/** As the result document has it. */
export interface ErrorRateReport {
  readonly reference: ObjectReference;
  readonly errors: number;
  readonly pods: number;
  /** Per pod and minute. */
  readonly rate: number;
  readonly oldRate?: number;
}

/** Allowed ratio of the new pods' error rate to that of the old pods. */
const tolerance = 2;

function rateOf({ tally, podMinutes }: ErrorCount): number {
  return podMinutes <= 0 ? 0 : tally.errors / podMinutes;
}

/** Errors that the old pods would excuse by the end. */
function excused({ old, podMinutesAtEnd }: WorkloadErrors): number {
  return old === undefined ? 0 : tolerance * rateOf(old) * podMinutesAtEnd;
}

/**
 * The failure as soon as it is certain: more than `maxErrors`, and more than twice what the old pods would have had by the end of
 * the monitor phase; of one workload, or of all together. Errors only become more, so nothing later can take it back.
 */
export function errorFailure(workloads: readonly WorkloadErrors[], maxErrors: number): Failure | undefined {
  const guilty = workloads.filter(
    (one) => one.fresh.tally.errors > maxErrors && one.fresh.tally.errors > excused(one),
  );
  const total = sum(workloads, ({ fresh }) => fresh.tally.errors);
  const together = total > maxErrors && total > sum(workloads, excused);
  if (guilty.length === 0 && !together) return undefined;
  const blamed = guilty.length > 0 ? guilty : workloads.filter(({ fresh }) => fresh.tally.errors > 0);
  return failureOf(
    [...blamed].sort((one, other) => other.fresh.tally.errors - one.fresh.tally.errors),
    maxErrors,
  );
}

const shownKinds = 3;

function failureOf(blamed: readonly WorkloadErrors[], maxErrors: number): Failure {
  const errors = sum(blamed, ({ fresh }) => fresh.tally.errors);
  const kinds = blamed.flatMap(({ fresh }) => topErrors(fresh.tally, shownKinds));
  const top = [...kinds].sort((one, other) => other.count - one.count).slice(0, shownKinds);
  const pods = [...new Set(top.flatMap((kind) => kind.pods))];
  const titles = blamed.map(({ reference }) => titleOf(reference));
  const olds = blamed.flatMap(({ old }) => (old === undefined ? [] : [old]));
  const comparison =
    olds.length === 0
      ? 'there were no old pods to compare with'
      : `old pods had ${rounded(
          sum(olds, ({ tally }) => tally.errors) /
            Math.max(
              1e-9,
              sum(olds, ({ podMinutes }) => podMinutes),
            ),
        )} per pod and minute`;
  return {
    reason: 'too-many-errors',
    message: `The new pods of ${titles.slice(0, 5).join(', ')} logged ${errors} errors, more than ${maxErrors} (max-errors): ${ratesOf(blamed)} per pod and minute, ${comparison}.`,
    remedy:
      'Read the most frequent errors below; raise max-errors only if the program logs as errors what is none.',
    objects: blamed.map(({ reference }) => reference),
    chain: [titles[0] ?? '', ...pods.slice(0, 5).map((pod) => `Pod ${pod}`)],
    logs: [
      {
        pod: pods[0] ?? '',
        container: 'errors',
        previous: false,
        lines: top.map(({ count, example, pods: seen }) => `${count} × ${example} (${seen.join(', ')})`),
      },
    ],
  };
}

function ratesOf(blamed: readonly WorkloadErrors[]): string {
  const errors = sum(blamed, ({ fresh }) => fresh.tally.errors);
  return rounded(
    errors /
      Math.max(
        1e-9,
        sum(blamed, ({ fresh }) => fresh.podMinutes),
      ),
  );
}

/** Rates are errors per pod and minute; 0 where no log was read yet. */
export function rateReport({ reference, fresh, old }: WorkloadErrors): ErrorRateReport {
  return {
    reference,
    errors: fresh.tally.errors,
    pods: fresh.pods,
    rate: rateOf(fresh),
    ...(old === undefined ? {} : { oldRate: rateOf(old) }),
  };
}

function sum<T>(list: readonly T[], value: (one: T) => number): number {
  return list.reduce((total, one) => total + value(one), 0);
}

/** `12`, `3.4`, `0.25`: as many digits as tell something. */
export function rounded(rate: number): string {
  return rate >= 10 ? String(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}
