import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/domain/kubernetes/objects.ts';
import { secretKeeper } from '../../../src/wiring/secret-keeper.ts';

function secret(value: string, resourceVersion?: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'app',
      namespace: 'shop',
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    data: { password: Buffer.from(value).toString('base64') },
  };
}

test('values are hidden from the moment they are known, old and new ones, and the runner is told once', () => {
  const masked: string[] = [];
  const keeper = secretKeeper(['token-of-the-job'], (values) => masked.push(...values));
  expect(keeper.redact('token-of-the-job first-password')).toBe('*** first-password');
  keeper.hide([secret('first-password')]);
  keeper.hide([secret('first-password'), secret('older-password', '7')]);
  keeper.hide([secret('newer-password', '8')]);
  expect(keeper.redact('first-password older-password newer-password token-of-the-job')).toBe(
    '*** *** *** ***',
  );
  expect(masked.filter((value) => value === 'first-password')).toHaveLength(1);
  expect(masked).toEqual(expect.arrayContaining(['older-password', 'newer-password']));
});

test('a short value masks nothing: a 0 would mask the whole log', () => {
  const keeper = secretKeeper([], () => undefined);
  keeper.hide([secret('0')]);
  expect(keeper.redact('0 of 10 pods')).toBe('0 of 10 pods');
});
