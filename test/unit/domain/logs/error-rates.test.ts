import { describe, expect, test } from 'vitest';
import {
  errorFailure,
  rateReport,
  rounded,
  type WorkloadErrors,
} from '../../../../src/domain/logs/error-rates.ts';
import {
  type ErrorTally,
  noErrors,
  normalised,
  topErrors,
  withError,
} from '../../../../src/domain/logs/error-tally.ts';

function errors(count: number, text = (index: number) => `order ${index} lost`): ErrorTally {
  return Array.from({ length: count }, (_, index) => index).reduce(
    (tally, index) => withError(tally, text(index), `web-${index % 2}`),
    noErrors,
  );
}

interface Fields {
  readonly name?: string;
  readonly fresh: number;
  readonly minutesAtEnd?: number;
  /** Errors and pod minutes. */
  readonly old?: readonly [number, number];
}

function workload({ name = 'web', fresh, minutesAtEnd = 2, old }: Fields): WorkloadErrors {
  return {
    reference: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name },
    fresh: { tally: errors(fresh), pods: 2, podMinutes: minutesAtEnd / 2 },
    podMinutesAtEnd: minutesAtEnd,
    ...(old === undefined ? {} : { old: { tally: errors(old[0]), pods: 2, podMinutes: old[1] } }),
  };
}

describe('too many errors', () => {
  const stories: readonly (readonly [string, readonly Fields[], boolean])[] = [
    ['eleven, no old pods', [{ fresh: 11 }], true],
    ['ten', [{ fresh: 10 }], false],
    ['nine', [{ fresh: 9 }], false],
    ['eleven, old pods silent', [{ fresh: 11, old: [0, 10] }], true],
    ['eleven, just twice the old rate', [{ fresh: 12, old: [30, 10] }], false],
    ['more than twice the old rate', [{ fresh: 13, old: [30, 10] }], true],
    [
      'many, but not yet more than twice what old pods would have at the end',
      [{ fresh: 30, minutesAtEnd: 10, old: [20, 10] }],
      false,
    ],
    ['four workloads, together eleven', [{ fresh: 3 }, { fresh: 3 }, { fresh: 3 }, { fresh: 2 }], true],
    [
      'a loud one as ever does not hide one that is new to it',
      [
        { fresh: 100, old: [500, 10] },
        { name: 'user', fresh: 11, old: [0, 10] },
      ],
      true,
    ],
    [
      'a loud one as ever, a silent one a little less so',
      [
        { fresh: 100, old: [500, 10] },
        { name: 'user', fresh: 5, old: [0, 10] },
      ],
      false,
    ],
    ['old pods that had no time yet excuse nothing', [{ fresh: 11, old: [0, 0] }], true],
  ];
  test.each(stories)('%s', (_name, fields, wanted) => {
    expect(errorFailure(fields.map(workload), 10) !== undefined).toBe(wanted);
  });

  test('the failure names workload, pods, rates and the most frequent errors with their counts', () => {
    const failure = errorFailure([workload({ fresh: 12, old: [0, 10] })], 10);
    expect(failure).toMatchObject({
      reason: 'too-many-errors',
      message:
        'The new pods of Deployment web logged 12 errors, more than 10 (max-errors): 12 per pod and minute, old pods had 0 per pod and minute.',
      chain: ['Deployment web', 'Pod web-0', 'Pod web-1'],
    });
    expect(failure?.logs[0]?.lines).toEqual(['12 × order 0 lost (web-0, web-1)']);
  });
});

test('the most frequent errors first, the same error with other numbers once', () => {
  const tally = withError(withError(errors(3), 'timeout', 'web-0'), 'order 7 lost', 'web-9');
  expect(tally.errors).toBe(5);
  expect(topErrors(tally, 3).map(({ count, example }) => `${count} ${example}`)).toEqual([
    '4 order 0 lost',
    '1 timeout',
  ]);
});

test('a flood of different errors is counted, and does not fill the memory', () => {
  const word = (index: number) =>
    `${'abcdefghij'[index % 10]}${'klmnopqrst'[Math.floor(index / 10) % 10]}${'uvwxyzabcd'[Math.floor(index / 100)]} lost`;
  const tally = errors(1000, word);
  expect(tally.errors).toBe(1000);
  expect(tally.kinds.size).toBe(200);
});

test('numbers, identifiers and addresses do not tell errors apart', () => {
  expect(normalised('order 17 of 3f2b8c1e-0000-4000-8000-000000000000 at 10.0.0.7:80, 0xdeadbeef')).toBe(
    'order # of # at #.#.#.#:#, #',
  );
});

test('rates for people', () => {
  expect([0, 0.254, 3.44, 12.6].map(rounded)).toEqual(['0', '0.25', '3.4', '13']);
  expect(rateReport(workload({ fresh: 4, old: [10, 10] }))).toMatchObject({ errors: 4, rate: 4, oldRate: 1 });
});
