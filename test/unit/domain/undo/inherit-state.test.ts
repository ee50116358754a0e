/** What a successor takes over from an unfinished release; the case was found by the property test of undo. */
import { expect, test } from 'vitest';
import type { JsonObject, ManagedFieldsEntry } from '../../../../src/domain/kubernetes/objects.ts';
import type { StateBefore } from '../../../../src/domain/release/record.ts';
import { takenOver } from '../../../../src/domain/undo/inherit-state.ts';

const reference = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'plain' };
const body = (data: JsonObject): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', data });
const named = (...names: readonly string[]): JsonObject => ({
  'f:data': Object.fromEntries(names.map((name) => [`f:${name}`, {}])),
});
const entry = (manager: string, ...names: readonly string[]): ManagedFieldsEntry => ({
  manager,
  operation: 'Apply',
  apiVersion: 'v1',
  fieldsV1: named(...names),
});
const state = (more: Omit<StateBefore, 'reference' | 'presence'>): StateBefore => ({
  reference,
  presence: 'present',
  uid: 'u1',
  ...more,
});

const unproven = { made: new Map<string, string>(), recordedAt: undefined };

const theirs = state({
  restore: body({ ours: 'old' }),
  fields: named('ours'),
  ownership: [entry('orion', 'ours')],
});
/** The unfinished release has written `ours` and `made`; its successor takes `a` from someone. */
const ours = state({
  restore: body({ ours: 'new', made: 'new', a: 'of someone' }),
  fields: named('ours', 'made', 'a'),
  ownership: [entry('orion', 'ours', 'made'), entry('someone', 'a')],
});

test('a field that only the successor takes from another manager is kept too, and nothing that the unfinished release wrote', () => {
  expect(takenOver([ours], [theirs], unproven)).toEqual([
    state({
      restore: body({ ours: 'old', a: 'of someone' }),
      fields: named('ours', 'a'),
      ownership: [entry('orion', 'ours'), entry('someone', 'a')],
    }),
  ]);
});

test('an object made anew since, or that was not there before, is not mixed', () => {
  expect(takenOver([{ ...ours, uid: 'u2' }], [theirs], unproven)).toEqual([theirs]);
  const absent: StateBefore = { reference, presence: 'absent' };
  expect(takenOver([ours], [absent], unproven)).toEqual([absent]);
  expect(takenOver([ours], [], unproven)).toEqual([ours]);
});

test('fields of list items are put into the item, which is made where it is missing', () => {
  const keyed = { 'k:{"name":"B"}': { '.': {}, 'f:name': {}, 'f:value': {} } };
  const fields: JsonObject = { 'f:spec': { 'f:env': keyed } };
  const manager: ManagedFieldsEntry = { ...entry('someone'), fieldsV1: fields };
  const before = state({
    restore: { spec: { env: [{ name: 'A', value: '1' }] } },
    fields: {},
    ownership: [],
  });
  const found = state({
    restore: { spec: { env: [{ name: 'B', value: '2' }] } },
    fields,
    ownership: [manager],
  });
  expect(takenOver([found], [before], unproven)[0]?.restore).toEqual({
    spec: {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    },
  });
});

test('what the server added to either is taken away again, and nothing that was there before both', () => {
  const [before] = takenOver(
    [{ ...ours, brought: named('ours', 'more') }],
    [{ ...theirs, brought: named('first') }],
    unproven,
  );
  expect(before?.brought).toEqual(named('first', 'more'));
});

test('an item of somebody else in a list that only the successor changes keeps its place', () => {
  const key = (name: string): string => `k:{"name":"${name}"}`;
  const item = { '.': {}, 'f:name': {} };
  const env = (...names: readonly string[]): JsonObject => ({
    spec: { env: names.map((name) => ({ name })) },
  });
  const fields: JsonObject = { 'f:spec': { 'f:env': { [key('A')]: item, [key('B')]: item } } };
  const neighbours: JsonObject = { 'f:spec': { 'f:env': { [key('INJECTED')]: item } } };
  const first = state({ restore: env('A', 'B'), fields, ownership: [] });
  const second = (...names: readonly string[]) =>
    state({ restore: env(...names), fields, neighbours, ownership: [] });
  const taken = (...names: readonly string[]) => takenOver([second(...names)], [first], unproven)[0];
  expect(taken('A', 'B', 'INJECTED')).toMatchObject({ restore: env('A', 'B', 'INJECTED'), neighbours });
  expect(taken('A', 'INJECTED', 'B')?.restore).toEqual(env('A', 'INJECTED', 'B'));
  expect(taken('INJECTED', 'A', 'B')?.restore).toEqual(env('INJECTED', 'A', 'B'));
});
