import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { leftoversOf } from '../../../../src/domain/undo/namespace-leftovers.ts';

const object = (apiVersion: string, kind: string, name: string, more: object = {}, labels = {}) =>
  ({ apiVersion, kind, metadata: { name, namespace: 'shop', labels }, ...more }) as KubernetesObject;
const token = (serviceAccount: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'token', annotations: { 'kubernetes.io/service-account.name': serviceAccount } },
});
const record = (type: string, app: string) =>
  object('v1', 'Secret', `orion-${app}-1`, { type }, { 'orion.dev/app': app });

test.each<[string, KubernetesObject]>([
  ['the certificate authority of the cluster', object('v1', 'ConfigMap', 'kube-root-ca.crt')],
  ['the default ServiceAccount', object('v1', 'ServiceAccount', 'default')],
  ['the token of the default ServiceAccount', token('default')],
  ['a role of the system', object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'system:deployers')],
  ['an Event', object('v1', 'Event', 'web.1')],
  ['an Event of the newer API', object('events.k8s.io/v1', 'Event', 'web.1')],
  ['the lock of this app', object('coordination.k8s.io/v1', 'Lease', 'orion-shop')],
  ['a record of this app', record('orion.dev/release', 'shop')],
  ['the body of a record of this app', record('orion.dev/release-body', 'shop')],
])('%s keeps no namespace', (_, one) => {
  expect(leftoversOf([one], 'shop')).toEqual([]);
});

test.each<[string, KubernetesObject]>([
  ['a ConfigMap', object('v1', 'ConfigMap', 'settings')],
  ['a ServiceAccount', object('v1', 'ServiceAccount', 'web')],
  ['the token of another ServiceAccount', token('web')],
  ['a Secret', object('v1', 'Secret', 'default')],
  ['a RoleBinding', object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'web')],
  ['a custom resource that is called Event', object('example.org/v1', 'Event', 'default')],
  ['the lock of another app', object('coordination.k8s.io/v1', 'Lease', 'orion-other')],
  ['a record of another app', record('orion.dev/release', 'other')],
  ['a Secret with our label', record('Opaque', 'shop')],
])('%s keeps it', (_, one) => {
  expect(leftoversOf([one], 'shop')).toEqual([one]);
});
