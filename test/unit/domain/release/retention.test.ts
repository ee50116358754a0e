import { expect, test } from 'vitest';
import type { ReleaseHead, ReleaseStatus } from '../../../../src/domain/release/record.ts';
import { retire } from '../../../../src/domain/release/retention.ts';

/** Newest first; `d` deployed, `f` failed, `r` rolled back, `p` pending, in capitals: trimmed already. */
function releases(letters: string): readonly { readonly head: ReleaseHead; readonly number: number }[] {
  const statuses: Readonly<Record<string, ReleaseStatus>> = {
    d: 'deployed',
    f: 'failed',
    r: 'rolled-back',
    p: 'pending',
  };
  return [...letters].map((letter, index) => {
    const status = statuses[letter.toLowerCase()];
    const trimmed = letter === letter.toUpperCase() ? { trimmed: true } : {};
    return { number: letters.length - index, head: { status, ...trimmed } as ReleaseHead };
  });
}

const numbers = (list: readonly { readonly number: number }[]): readonly number[] =>
  list.map(({ number }) => number);

test.each([
  ['ten', 'dddddddddd', []],
  ['twelve, all deployed', 'dddddddddddd', [2, 1]],
  ['trimmed ones once', 'dddddddddddD', [2]],
  ['the two newest deployed, however old', `rrrrrrrrrrrr${'d'}r${'d'}rd`, [4, 2, 1]],
  ['what came after the newest deployed', 'ffffffffffffdfd', [2]],
  ['nothing where none was deployed', 'ffffffffffffff', []],
  ['no pending one', 'ddddddddddddp', [3, 2]],
] as const)('whole stay %s', (_, letters, trim) => {
  const retired = retire(releases(letters));
  expect(numbers(retired.trim)).toEqual(trim);
  expect(retired.remove).toEqual([]);
});

test('of more than 200 the oldest go altogether, and are not trimmed first', () => {
  const { trim, remove } = retire(releases(`dd${'D'.repeat(198)}dD`));
  expect(numbers(remove)).toEqual([2, 1]);
  expect(trim).toEqual([]);
});
