import { expect, test } from 'vitest';
import { roomFor } from '../../../scripts/make-room.ts';

const own = '/clone/.cluster';
const held = (stateDirectory: string) => ({ stateDirectory });

test('the tests stop the cluster that the demo of this clone left, and no other', () => {
  const all = ['unit', 'testbed', 'node'];
  expect(roomFor(all, undefined, own)).toBe('free');
  expect(roomFor(all, held(own), own)).toBe('demo');
  expect(roomFor(['unit', 'cluster'], held(own), own)).toBe('free');
  expect(roomFor(all, held('/other/.cluster'), own)).toBe('taken');
  expect(roomFor(['node'], held('/other/.cluster'), own)).toBe('taken');
});

test('a node that the layer "node" was asked to keep is used by it, and in the way of the layer "testbed"', () => {
  expect(roomFor(['node'], held(`${own}/test-node`), own)).toBe('free');
  expect(roomFor(['testbed', 'node'], held(`${own}/test-node`), own)).toBe('taken');
});
