import { expect, test } from 'vitest';
import { maxAtOnce } from '../../../../bench/scale/audit-log.ts';

const stream = (receivedAt: number, endedAt?: number) => ({
  receivedAt,
  ...(endedAt === undefined ? {} : { endedAt }),
});

test.each([
  ['none', [], 0],
  [
    'one after the other, the last one still open',
    [stream(0, 35_000), stream(35_010, 71_000), stream(71_005)],
    1,
  ],
  ['the server notes the end after the next one was asked for', [stream(0, 35_000), stream(34_900)], 1],
  ['two beside each other', [stream(0, 35_000), stream(20_000, 50_000)], 2],
  ['one that never ended beside one that came later', [stream(0), stream(40_000, 41_000)], 2],
  ['short ones', [stream(0, 100), stream(200, 300)], 1],
])('streams open at once: %s', (_, streams, expected) => {
  expect(maxAtOnce(streams)).toBe(expected);
});
