import { expect, test } from 'vitest';
import { valuesAt } from '../../../../src/domain/kubernetes/field-set.ts';
import type { JsonObject } from '../../../../src/domain/kubernetes/objects.ts';
import {
  hasDuplicates,
  withDuplicatesOf,
  withoutDuplicates,
} from '../../../../src/domain/undo/duplicates.ts';

const key = (name: string): string => `k:{"name":"${name}"}`;
const whole = { '.': {}, 'f:name': {}, 'f:value': {} };
const fields: JsonObject = { 'f:env': { [key('A')]: {}, [key('B')]: whole } };
const env = (...items: readonly string[]): JsonObject => ({
  env: items.map((item) => ({ name: item[0] ?? '', value: item.slice(1) })),
});
const before = env('A1', 'B1', 'A2');

test('a key twice is found in lists by key and in sets, at any depth', () => {
  expect(hasDuplicates(fields, before)).toBe(true);
  expect(hasDuplicates(fields, env('A1', 'B1'))).toBe(false);
  expect(hasDuplicates({ 'f:spec': fields }, { spec: before })).toBe(true);
  expect(hasDuplicates({ 'f:set': { 'v:"x"': {} } }, { set: ['x', 'y', 'x'] })).toBe(true);
});

test('the last of each key is what server-side apply gets', () => {
  expect(withoutDuplicates(fields, before)).toEqual(env('B1', 'A2'));
});

test.each([
  ['in their order', env('B1', 'A2'), env('A1', 'B1', 'A2')],
  ['with an item of somebody else where it was', env('B1', 'C9', 'A2'), env('A1', 'B1', 'C9', 'A2')],
  ['with one before all others', env('C9', 'B1', 'A2'), env('C9', 'A1', 'B1', 'A2')],
])('all items come back, %s', (_title, foreseen, result) => {
  expect(withDuplicatesOf(fields, before, foreseen)).toEqual(result);
});

test('what others have of an item that is there once stays', () => {
  const foreseen = {
    env: [
      { name: 'B', value: '1', theirs: 'x' },
      { name: 'A', value: '2' },
    ],
  };
  expect(withDuplicatesOf(fields, before, foreseen)).toEqual({
    env: [
      { name: 'A', value: '1' },
      { name: 'B', value: '1', theirs: 'x' },
      { name: 'A', value: '2' },
    ],
  });
});

test('lists without a key twice are as the server foresees them', () => {
  expect(withDuplicatesOf(fields, env('A1', 'B1'), env('B2', 'A1'))).toEqual(env('B2', 'A1'));
});

test('a port without its defaulted protocol is not the one that names another', () => {
  const [tcp, udp] = ['TCP', 'UDP'].map((protocol) => `k:{"port":53,"protocol":"${protocol}"}`);
  const ports: JsonObject = { 'f:ports': { [String(tcp)]: {}, [String(udp)]: {} } };
  const value = { ports: [{ port: 53 }, { port: 53, protocol: 'UDP' }] };
  expect(hasDuplicates(ports, value)).toBe(false);
  expect(withoutDuplicates(ports, value)).toEqual(value);
  expect(valuesAt(value, ['f:ports', String(udp)])).toEqual([{ port: 53, protocol: 'UDP' }]);
  expect(valuesAt(value, ['f:ports', String(tcp)])).toEqual([{ port: 53 }]);
});
