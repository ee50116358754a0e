import { expect, test } from 'vitest';
import { leftAloneText } from '../../../../src/domain/undo/decision.ts';

test.each([
  [['kubectl-edit'], '.spec.replicas, changed since by kubectl-edit'],
  [['mesh', 'kubectl-edit'], '.spec.replicas, changed since by mesh, kubectl-edit'],
  [[], '.spec.replicas, removed since'],
])('a field that is left alone, of %j: %s', (managers, text) => {
  expect(leftAloneText({ path: ['f:spec', 'f:replicas'], managers })).toBe(text);
});
