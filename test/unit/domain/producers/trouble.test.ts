import { expect, test } from 'vitest';
import { producerState } from '../../../../src/domain/causes/budget-of-producers.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { troubleOf } from '../../../../src/domain/producers/trouble.ts';

const object = (apiVersion: string, kind: string, status?: object): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'shop', generation: 1 },
  ...(status === undefined ? {} : { status }),
});
const es = (status?: object) => object('external-secrets.io/v1', 'ExternalSecret', status);
const certificate = (status?: object) => object('cert-manager.io/v1', 'Certificate', status);
const says = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
});

const failed = says('Ready', 'False', 'SecretSyncedError', 'could not get secret data from provider');
const issuing = says('Issuing', 'True', 'DoesNotExist', 'Issuing certificate as Secret does not exist');
const absent = says('Ready', 'False', 'DoesNotExist', 'Issuing certificate as Secret does not exist');

test.each<[string, KubernetesObject | undefined, string]>([
  ['not seen', undefined, 'silent'],
  ['without a status', es(), 'silent'],
  ['of an unknown kind, without a status', object('example.org/v1', 'SecretOrder'), 'silent'],
  ['an ExternalSecret that cannot read its provider', es({ conditions: [failed] }), 'failing'],
  ['one that can', es({ conditions: [says('Ready', 'True', 'SecretSynced', 'secret synced')] }), 'done'],
  [
    'a Certificate that is issued for the first time',
    certificate({ conditions: [issuing, absent] }),
    'working',
  ],
  [
    'a SealedSecret with a key of another cluster',
    object('bitnami.com/v1alpha1', 'SealedSecret', {
      conditions: [says('Synced', 'False', 'ErrUnsealFailed', 'no key could decrypt secret (A)')],
    }),
    'failing',
  ],
  [
    'of an unknown kind that works',
    object('example.org/v1', 'SecretOrder', { phase: 'Creating' }),
    'working',
  ],
])('%s: %s', (_what, given, state) => {
  expect(producerState(given)).toBe(state);
});

test('its own words, and since when', () => {
  const at = '2026-01-01T00:00:00Z';
  expect(troubleOf(es({ conditions: [{ ...failed, lastTransitionTime: at }] }))).toEqual({
    reason: 'SecretSyncedError',
    message: 'could not get secret data from provider',
    since: Date.parse(at),
  });
});
