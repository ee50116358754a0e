import { expect, test } from 'vitest';
import { historyOf } from '../../../../src/domain/release/history.ts';
import type { ReleaseHead } from '../../../../src/domain/release/record.ts';
import { figureWords } from '../../../../src/report/text/history.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
const minute = 60_000;
const day = 1440 * minute;

/** Oldest first, as `status begin-minute end-minute`; returned newest first. */
function heads(...lines: readonly string[]): readonly ReleaseHead[] {
  return lines
    .map((line, index) => {
      const [status, begin, end, returnsTo] = line.split(' ');
      const at = (minutes = '0'): string => new Date(start + Number(minutes) * minute).toISOString();
      return {
        app: 'shop',
        number: index + 1,
        status,
        startedAt: at(begin),
        ...(end === undefined ? {} : { finishedAt: at(end) }),
        ...(returnsTo === undefined ? {} : { returnsTo }),
        run: { holder: 'x', actor: 'alice', commit: 'abc' },
      } as unknown as ReleaseHead;
    })
    .toReversed();
}

test.each([
  ['nothing', [], { releases: 0, deployed: 0, days: 0, unrestored: 0 }],
  [
    'one',
    ['deployed 0 1'],
    { releases: 1, deployed: 1, failureRate: 0, unrestored: 0, days: 14, perWeek: 0.5 },
  ],
  ['a pending one is not counted', ['deployed 0 1', 'pending 5'], { releases: 1, failureRate: 0 }],
  [
    'a rolled-back one is restored by itself',
    ['deployed 0 1', 'rolled-back 10 16'],
    { failureRate: 0.5, timeToRestore: 6 * minute, unrestored: 0 },
  ],
  [
    'a failed one by the next deployed',
    ['failed 0 1', 'failed 10 11', 'deployed 20 30'],
    { failureRate: 2 / 3, timeToRestore: 25 * minute, unrestored: 0 },
  ],
  ['or by none yet', ['deployed 0 1', 'failed 10 11'], { failureRate: 0.5, unrestored: 1 }],
  [
    'one that somebody left failed',
    ['deployed 0 1', 'deployed 10 11', 'deployed 30 32 orion-shop-1'],
    { deployed: 3, failureRate: 1 / 3, timeToRestore: 22 * minute },
  ],
] as const)('the figures of %s', (_, lines, figures) => {
  expect(historyOf(heads(...lines), start + 14 * day).figures).toMatchObject(figures);
});

test('a frequency needs a week', () => {
  const { figures } = historyOf(heads('deployed 0 1'), start + 2 * day);
  expect(figures.perWeek).toBeUndefined();
  expect(figureWords(figures)[0]).toBe('Deployment frequency: unknown: the records cover only 2.0 days');
});

test('each entry says who, what, when and the verdict, newest first', () => {
  const { entries } = historyOf(heads('deployed 0 1', 'failed 10 11'), start);
  expect(entries).toMatchObject([
    {
      release: 'orion-shop-2',
      status: 'failed',
      actor: 'alice',
      commit: 'abc',
      startedAt: '2026-01-01T00:10:00.000Z',
    },
    { release: 'orion-shop-1', status: 'deployed' },
  ]);
});
