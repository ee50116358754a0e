import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/inputs/duration.ts';

describe('durations', () => {
  it.each([
    ['300ms', 300],
    ['5s', 5000],
    ['10m', 600_000],
    ['0s', 0],
    ['0ms', 0],
    ['007s', 7000],
  ])('%s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    '',
    '5',
    '1h',
    '1h30',
    '1h30m',
    '-1s',
    '+1s',
    '1.5s',
    '5 s',
    ' 5s',
    '5S',
    '5sec',
    '1e3s',
    '٥s',
    '5s\n',
    '9999999999s',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
    );
  });

  it('accepts nothing but digits and a unit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/^[0-9]+(ms|s|m)$/.test(text));
        expect(parseDuration(text)).toBeUndefined();
      }),
    );
  });
});
