import { expect, test } from 'vitest';
import { isCustomResource } from '../../../../src/domain/kubernetes/custom-resource.ts';
import { awaited } from '../../../../src/domain/workloads/awaited.ts';

const object = (apiVersion: string, kind: string, more: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion,
  kind,
  metadata: { name: 'one' },
  ...more,
});
const annotated = (name: string) => ({
  metadata: { name: 'one', annotations: { [name]: 'condition=Ready' } },
});

test.each([
  ['apps/v1', 'Deployment', {}],
  ['apps/v1', 'ReplicaSet', {}],
  ['batch/v1', 'Job', {}],
  ['v1', 'Pod', {}],
  ['v1', 'PersistentVolumeClaim', {}],
  ['v1', 'Service', { spec: { type: 'LoadBalancer' } }],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', {}],
  ['argoproj.io/v1alpha1', 'Rollout', {}],
  ['cert-manager.io/v1', 'Certificate', {}],
  ['gateway.networking.k8s.io/v1', 'Gateway', {}],
  ['v1', 'ConfigMap', annotated('orion.dev/ready-when')],
  ['networking.k8s.io/v1', 'Ingress', annotated('orion.dev/ready-when')],
  ['v1', 'ConfigMap', annotated('orion.dev/failed-when')],
] as const)('%s %s is awaited', (apiVersion, kind, more) => {
  expect(awaited(object(apiVersion, kind, more))).toBe(true);
});

test.each([
  ['v1', 'ConfigMap', {}],
  ['v1', 'Secret', annotated('example.test/other')],
  ['v1', 'Namespace', {}],
  ['v1', 'Service', {}],
  ['v1', 'Service', { spec: { type: 'NodePort' } }],
  ['batch/v1', 'CronJob', {}],
  ['pingcap.com/v1alpha1', 'BackupSchedule', {}],
  ['postgresql.k8s.enterprisedb.io/v1', 'ScheduledBackup', {}],
  ['policy/v1', 'PodDisruptionBudget', {}],
  ['autoscaling/v2', 'HorizontalPodAutoscaler', {}],
  ['networking.k8s.io/v1', 'Ingress', {}],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', {}],
  ['discovery.k8s.io/v1', 'EndpointSlice', {}],
] as const)('%s %s is not awaited', (apiVersion, kind, more) => {
  expect(awaited(object(apiVersion, kind, more))).toBe(false);
});

test('a group of the Kubernetes project is custom unless the API server brings it along', () => {
  expect(isCustomResource({ apiVersion: 'storage.k8s.io/v1' })).toBe(false);
  expect(isCustomResource({ apiVersion: 'snapshot.storage.k8s.io/v1' })).toBe(true);
});
