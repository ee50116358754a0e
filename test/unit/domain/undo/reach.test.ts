/** Undo follows a record only as far as a deployment may reach. */
import { describe, expect, test } from 'vitest';
import type { JsonObject, KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { keyOf, referenceOf } from '../../../../src/domain/kubernetes/objects.ts';
import type { Reach } from '../../../../src/domain/plan/scope.ts';
import type { StateBefore } from '../../../../src/domain/release/record.ts';
import { withinReach } from '../../../../src/domain/undo/reach.ts';

const reach: Reach = {
  app: 'shop',
  namespace: 'shop',
  lists: { namespaces: ['shop-jobs'], clusterScoped: ['ClusterRole/shop-reader'] },
};

const settings = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'shop-reader' };

function objectOf(
  { apiVersion, kind, ...names }: StateBefore['reference'],
  more: JsonObject = {},
): JsonObject {
  return { apiVersion, kind, metadata: { ...names }, ...more };
}

const present = (reference: StateBefore['reference'], restore = objectOf(reference)): StateBefore => ({
  reference,
  presence: 'present',
  restore,
});

function refusal(entry: StateBefore, live: readonly KubernetesObject[] = []): string | undefined {
  const known = new Map(live.map((object) => [keyOf(referenceOf(object)), object]));
  return withinReach([entry], known, reach).refused[0]?.problem.reason;
}

describe('followed', () => {
  test.each<[title: string, entry: StateBefore]>([
    ['an object of the namespace', present(settings)],
    ['one that the release made', { reference: settings, presence: 'absent' }],
    ['the namespace itself', present({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' })],
    ['one of a listed namespace', present({ ...settings, namespace: 'shop-jobs' })],
    ['a listed one of the cluster', present(role)],
    [
      'in another version of its kind',
      present(
        { apiVersion: 'example.org/v1', kind: 'Queue', namespace: 'shop', name: 'mails' },
        objectOf({ apiVersion: 'example.org/v2', kind: 'Queue', namespace: 'shop', name: 'mails' }),
      ),
    ],
  ])('%s', (_title, entry) => {
    expect(withinReach([entry], new Map(), reach)).toEqual({ before: [entry], refused: [] });
  });

  test('of two entries the one that is within reach', () => {
    const outside = present({ ...settings, namespace: 'kube-system' });
    expect(withinReach([outside, present(settings)], new Map(), reach).before).toEqual([present(settings)]);
  });
});

describe('refused', () => {
  const binding = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', name: 'admin' };

  test.each<[title: string, entry: StateBefore, reason: string]>([
    ['another namespace', present({ ...settings, namespace: 'kube-system' }), 'outside-namespace'],
    [
      'a workload even of a listed namespace',
      {
        reference: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop-jobs', name: 'ledger' },
        presence: 'absent',
      },
      'outside-namespace',
    ],
    ['what of the cluster is not listed', present(binding), 'outside-namespace'],
    ['another object under its name', present(settings, objectOf(binding)), 'record-unreadable'],
    ['another name', present(settings, objectOf({ ...settings, name: 'other' })), 'record-unreadable'],
    [
      'another namespace under its name',
      present(settings, objectOf({ ...settings, namespace: 'kube-system' })),
      'record-unreadable',
    ],
    [
      'no namespace under its name',
      present(settings, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } }),
      'record-unreadable',
    ],
    [
      'another kind of the same name',
      present(settings, objectOf({ ...settings, kind: 'Secret' })),
      'record-unreadable',
    ],
    ['what is no object', present(settings, { data: {} }), 'record-unreadable'],
    [
      'another object to be made anew',
      { ...present(settings), remake: { object: objectOf({ ...settings, name: 'other' }), ownership: [] } },
      'record-unreadable',
    ],
  ])('%s', (_title, entry, reason) => {
    expect(refusal(entry)).toBe(reason);
  });

  test('a live object of a listed namespace without the labels of its owner, or with those of another app', () => {
    const entry = present({ ...settings, namespace: 'shop-jobs' });
    const live = (labels: Record<string, string>): KubernetesObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'shop-jobs', name: 'settings', labels },
    });
    expect(refusal(entry, [live({})])).toBe('owned-by-other');
    const ofBank = { 'orion.dev/owner-app': 'bank', 'orion.dev/owner-namespace': 'shop' };
    expect(refusal(entry, [live(ofBank)])).toBe('owned-by-other');
    expect(refusal(entry, [live({ ...ofBank, 'orion.dev/owner-app': 'shop' })])).toBeUndefined();
  });
});
