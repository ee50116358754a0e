import { expect, test } from 'vitest';
import { isAwaited, leftAloneText, type Restore } from '../../../../src/domain/undo/decision.ts';

test.each([
  [['kubectl-edit'], '.spec.replicas, changed since by kubectl-edit'],
  [['mesh', 'kubectl-edit'], '.spec.replicas, changed since by mesh, kubectl-edit'],
  [[], '.spec.replicas, removed since'],
])('a field that is left alone, of %j: %s', (managers, text) => {
  expect(leftAloneText({ path: ['f:spec', 'f:replicas'], managers })).toBe(text);
});

const reference = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data' };
const metadata = { namespace: 'shop', name: 'data' };
const claim: Restore = {
  reference,
  request: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata },
  fields: {},
  brought: [],
  ownership: [],
  leftAlone: [],
};

test('a restored claim is waited for, one that may be left as it is not: it may never be written', () => {
  expect(isAwaited(claim)).toBe(true);
  expect(isAwaited({ ...claim, isOptional: true })).toBe(false);
  expect(isAwaited({ ...claim, request: { apiVersion: 'v1', kind: 'ConfigMap', metadata } })).toBe(false);
});
