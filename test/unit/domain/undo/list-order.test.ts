import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/domain/kubernetes/objects.ts';
import { isReordered, neighboursIn } from '../../../../src/domain/undo/list-order.ts';

const key = (name: string) => `k:{"name":"${name}"}`;
const items = (...names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [key(name), { 'f:name': {} }]));
const env = (...names: readonly string[]) => ({ env: names.map((name) => ({ name })) });

describe('isReordered', () => {
  const fields = { 'f:env': items('A', 'B', 'C') };

  test.each([
    [['A', 'B', 'C'], ['A', 'B', 'C'], false],
    [['A', 'B', 'C'], ['A', 'C', 'B'], true],
    [['A', 'B'], ['A', 'X', 'B'], false],
    [['A', 'B', 'C'], ['C', 'A'], true],
    [['A', 'B', 'C'], ['A', 'C'], false],
    [['X', 'A'], ['A', 'X'], false],
  ])('%j and %j: %s', (one, other, reordered) => {
    expect(isReordered(fields, env(...one), env(...other))).toBe(reordered);
  });

  test('looks into items, and at sets of values', () => {
    const inner = { 'f:containers': { [key('main')]: fields } };
    const pod = (...names: readonly string[]) => ({ containers: [{ name: 'main', ...env(...names) }] });
    expect(isReordered(inner, pod('A', 'B'), pod('B', 'A'))).toBe(true);
    expect(isReordered(inner, pod('A', 'B'), pod('A', 'B'))).toBe(false);
    const set = { 'f:finalizers': { 'v:"a"': {}, 'v:"b"': {} } };
    expect(isReordered(set, { finalizers: ['a', 'b'] }, { finalizers: ['b', 'a'] })).toBe(true);
  });
});

describe('neighboursIn', () => {
  const everybody = { 'f:env': items('A', 'B', 'X') };
  const mine = { 'f:env': items('A', 'B') };

  test('are the items of others in a list of ours whose items move', () => {
    expect(neighboursIn(everybody, mine, env('A', 'X', 'B'), env('X', 'A', 'B'))).toEqual([
      ['f:env', key('X'), 'f:name'],
    ]);
  });

  test('are none where nothing moves, or where nothing in the list is ours', () => {
    expect(neighboursIn(everybody, mine, env('A', 'X', 'B'), env('A', 'X', 'B'))).toEqual([]);
    const theirs = { 'f:env': items('X', 'Y') };
    expect(neighboursIn(theirs, { 'f:env': {} }, env('X', 'Y'), env('Y', 'X'))).toEqual([]);
    expect(neighboursIn(theirs, {}, env('X', 'Y'), env('Y', 'X'))).toEqual([]);
  });
});
