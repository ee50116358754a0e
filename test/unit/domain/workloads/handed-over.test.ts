/** Fields that the overlay names and somebody else fills in by design. */
import { describe, expect, test } from 'vitest';
import type { JsonObject, KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { isHandOver, withoutHandedOver } from '../../../../src/domain/workloads/handed-over.ts';

const object = (
  apiVersion: string,
  kind: string,
  fields: object,
  metadata: object = {},
): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  ...fields,
});
const owned = (live: KubernetesObject, manager: string, fieldsV1: JsonObject): KubernetesObject => ({
  ...live,
  metadata: {
    ...live.metadata,
    managedFields: [{ manager, operation: manager === 'orion' ? 'Apply' : 'Update', fieldsV1 }],
  },
});
const rbac = 'rbac.authorization.k8s.io/v1';
const hook = (caBundle: unknown, annotations: object = {}): KubernetesObject =>
  object(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    { webhooks: [{ name: 'a', clientConfig: { caBundle, service: { name: 's' } } }, { name: 'b' }] },
    { annotations },
  );
const webhooks = (left: JsonObject) => ({ webhooks: [{ name: 'a', clientConfig: left }, { name: 'b' }] });
const injected = { 'cert-manager.io/inject-ca-from': 'shop/web' };

describe('is not sent', () => {
  test.each<[string, KubernetesObject, object]>([
    [
      'rules of an aggregated ClusterRole',
      object(rbac, 'ClusterRole', { aggregationRule: {}, rules: [] }),
      { aggregationRule: {} },
    ],
    ['a bundle of a line break', hook('Cg=='), webhooks({ service: { name: 's' } })],
    ['an empty bundle', hook(''), webhooks({ service: { name: 's' } })],
    ['any bundle that is injected', hook('QUJD', injected), webhooks({ service: { name: 's' } })],
    [
      'the bundle of a conversion webhook',
      object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
        spec: { conversion: { webhook: { clientConfig: { caBundle: 'Cg==' } } } },
      }),
      { spec: { conversion: { webhook: { clientConfig: {} } } } },
    ],
    [
      'an empty name of a volume',
      object('v1', 'PersistentVolumeClaim', { spec: { volumeName: '', storageClassName: '' } }),
      { spec: { storageClassName: '' } },
    ],
    [
      'the revision that a Deployment was exported with',
      object(
        'apps/v1',
        'Deployment',
        {},
        { annotations: { 'deployment.kubernetes.io/revision': '3', a: 'b' } },
      ),
      { metadata: { name: 'web', namespace: 'shop', annotations: { a: 'b' } } },
    ],
  ])('%s', (_what, rendered, left) => {
    const { apiVersion, kind, metadata } = rendered;
    expect(withoutHandedOver(rendered, undefined)).toEqual({ apiVersion, kind, metadata, ...left });
  });
});

describe('is sent as it is', () => {
  test.each<[string, KubernetesObject]>([
    ['rules of a ClusterRole', object(rbac, 'ClusterRole', { rules: [] })],
    ['a real bundle', hook('QUJD')],
    ['a volume that is named', object('v1', 'PersistentVolumeClaim', { spec: { volumeName: 'pv-1' } })],
    ['an empty Secret value of a new Secret', object('v1', 'Secret', { data: { a: '' } })],
    ['a suspended Job', object('batch/v1', 'Job', { spec: { suspend: true } })],
  ])('%s', (_what, rendered) => {
    expect(withoutHandedOver(rendered, undefined)).toEqual(rendered);
  });
});

describe('is sent only as long as nobody else owns it', () => {
  const data = { 'f:data': { 'f:a': {} } };
  const suspend = { 'f:spec': { 'f:suspend': {} } };
  const host = { 'f:spec': { 'f:endpoint': { 'f:host': {} } } };
  test.each<[string, KubernetesObject, JsonObject, object]>([
    ['an empty key', object('v1', 'Secret', { data: { a: '', b: 'eA==' } }), data, { data: { b: 'eA==' } }],
    [
      'the suspension of a Job that its queue has started',
      object('batch/v1', 'Job', { spec: { suspend: true, parallelism: 2 } }),
      suspend,
      { spec: { parallelism: 2 } },
    ],
    [
      'that a webhook may be ignored until it answers',
      object('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', {
        webhooks: [{ name: 'a', failurePolicy: 'Ignore', sideEffects: 'None' }],
      }),
      { 'f:webhooks': { 'k:{"name":"a"}': { 'f:failurePolicy': {} } } },
      { webhooks: [{ name: 'a', sideEffects: 'None' }] },
    ],
    [
      'what is empty in a custom resource',
      object('example.org/v1', 'Cluster', { spec: { endpoint: { host: '', port: 1 } } }),
      host,
      { spec: { endpoint: { port: 1 } } },
    ],
  ])('%s', (_what, rendered, fields, left) => {
    const { apiVersion, kind, metadata } = rendered;
    expect(withoutHandedOver(rendered, owned(rendered, 'writer', fields))).toEqual({
      apiVersion,
      kind,
      metadata,
      ...left,
    });
    expect(withoutHandedOver(rendered, owned(rendered, 'orion', fields))).toEqual(rendered);
    expect(withoutHandedOver(rendered, owned(rendered, 'writer', {}))).toEqual(rendered);
    // It becomes ours before the write, which without it would take it away.
    const adopted = owned(rendered, 'kubectl-client-side-apply', fields);
    expect(withoutHandedOver(rendered, adopted)).toEqual(rendered);
  });

  test('a value that is not empty stays a conflict', () => {
    const secret = object('v1', 'Secret', { data: { a: 'eA==' } });
    expect(withoutHandedOver(secret, owned(secret, 'writer', data))).toEqual(secret);
    const workload = object('apps/v1', 'Deployment', { spec: { endpoint: { host: '' } } });
    expect(withoutHandedOver(workload, owned(workload, 'writer', host))).toEqual(workload);
    const cron = object('batch/v1', 'CronJob', { spec: { suspend: true } });
    expect(withoutHandedOver(cron, owned(cron, 'writer', suspend))).toEqual(cron);
  });
});

describe('a change that the overlay asked for', () => {
  const job = object('batch/v1', 'Job', { spec: { suspend: true } });
  const running = object('batch/v1', 'Job', { spec: {} });
  const gated = object('v1', 'Pod', { spec: { schedulingGates: [{ name: 'queue' }] } });
  const training = object('kubeflow.org/v1', 'PyTorchJob', {});
  const template = ['f:spec', 'f:template', 'f:spec', 'f:nodeSelector', 'f:zone'];
  test.each<[string, KubernetesObject, string[], unknown, unknown, boolean]>([
    ['its queue starts a Job', job, ['f:spec', 'f:suspend'], true, false, true],
    ['its queue takes the field away', job, ['f:spec', 'f:suspend'], true, undefined, true],
    ['its queue runs fewer pods at once', job, ['f:spec', 'f:parallelism'], 3, 1, true],
    ['its queue chooses nodes', job, template, 'a', 'b', true],
    [
      'a queue starts a job of another kind',
      training,
      ['f:spec', 'f:runPolicy', 'f:suspend'],
      true,
      false,
      true,
    ],
    [
      'its queue chooses nodes for a job of another kind',
      object('ray.io/v1', 'RayJob', { spec: { suspend: true } }),
      ['f:spec', 'f:rayClusterSpec', 'f:workerGroupSpecs'],
      [{ replicas: 1 }],
      [{ replicas: 1, template: { spec: { nodeSelector: { zone: 'b' } } } }],
      true,
    ],
    ['one that was not suspended', training, ['f:spec', 'f:groups'], [{}], [], false],
    ['a gate is opened', gated, ['f:spec', 'f:schedulingGates'], [{}], undefined, true],
    ['something else of a suspended Job', job, ['f:spec', 'f:backoffLimit'], 3, 1, false],
    ['a Job that was not suspended', running, ['f:spec', 'f:parallelism'], 3, 1, false],
    ['somebody stops a Job', running, ['f:spec', 'f:suspend'], false, true, false],
    ['the image of a gated pod', gated, ['f:spec', 'f:containers'], 'a', 'b', false],
    ['somebody pauses', object('apps/v1', 'Deployment', {}), ['f:spec', 'f:paused'], false, true, false],
    ['somebody fills a variable', object('apps/v1', 'Deployment', {}), ['f:spec', 'f:x'], '', 'b', false],
    ['a controller fills what is empty', training, ['f:spec', 'f:host'], '', 'b', true],
    ['a CronJob is started', object('batch/v1', 'CronJob', {}), ['f:spec', 'f:suspend'], true, false, false],
  ])('%s', (_what, desired, keys, before, after, handed) => {
    expect(isHandOver(desired, keys, before, after)).toBe(handed);
  });
});
