import { describe, expect, test } from 'vitest';
import { type JsonObject, type KubernetesObject, keyOf } from '../../../../src/domain/kubernetes/objects.ts';
import { inWaves, waveOf } from '../../../../src/domain/plan/waves.ts';
import { withSecretData } from '../../../../src/domain/secrets/secret-data.ts';
import { roleRules } from '../../../../src/domain/workloads/permissions.ts';
import { podOfTemplate, podTemplateChanged } from '../../../../src/domain/workloads/pod-template.ts';
import { imagesOf } from '../../../../src/domain/workloads/workloads.ts';

const object = (apiVersion: string, kind: string, spec: JsonObject = {}, name = 'web'): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop' },
  spec,
});
const template = (spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  template: { metadata, spec },
});

describe('the order of apply', () => {
  test.each([
    ['v1', 'Namespace', 'foundations'],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'foundations'],
    ['v1', 'Secret', 'configuration'],
    ['v1', 'Service', 'configuration'],
    ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'bindings'],
    ['apps/v1', 'Deployment', 'workloads'],
    ['example.test/v1', 'Service', 'workloads'],
    ['autoscaling/v2', 'HorizontalPodAutoscaler', 'policies'],
    ['autoscaling/v1', 'HorizontalPodAutoscaler', 'policies'],
    ['networking.k8s.io/v1', 'Ingress', 'policies'],
    ['keda.sh/v1alpha1', 'ScaledObject', 'policies'],
    ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'policies'],
  ])('%s %s goes with the %s', (apiVersion, kind, wave) => {
    expect(waveOf({ apiVersion, kind })).toBe(wave);
  });

  test('every object is in one wave, empty ones are left out', () => {
    const changes = [object('apps/v1', 'Deployment'), object('v1', 'Namespace')].map((desired) => ({
      desired,
    }));
    expect(inWaves(changes).map(({ wave, changes: members }) => [wave, members.length])).toEqual([
      ['foundations', 1],
      ['workloads', 1],
    ]);
  });
});

describe('a Pod made from a template', () => {
  test('has its labels, and a claim in place of a volume of the same name', () => {
    const claims = { volumeClaimTemplates: [{ metadata: { name: 'data' } }] };
    const spec = {
      containers: [],
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
      ],
    };
    const set = object('apps/v1', 'StatefulSet', {
      ...template(spec, { labels: { app: 'web' } }),
      ...claims,
    });
    expect(podOfTemplate(set)).toMatchObject({
      kind: 'Pod',
      metadata: { namespace: 'shop', labels: { app: 'web' } },
      spec: {
        volumes: [
          { name: 'tmp', emptyDir: {} },
          { name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } },
        ],
      },
    });
  });

  test.each(['a', 'a'.repeat(253), `${'a'.repeat(199)}.b`])(
    'its name is legal for a workload called %s',
    (name) => {
      const pod = podOfTemplate(object('apps/v1', 'Deployment', template({}), name));
      expect(pod?.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      expect(pod?.metadata.name.length).toBeLessThan(254);
    },
  );

  test('there is none for nothing, a Pod, or what has no template', () => {
    expect(podOfTemplate(object('apps/v1', 'Deployment', { ...template({}), replicas: 0 }))).toBeUndefined();
    expect(podOfTemplate(object('v1', 'Pod'))).toBeUndefined();
    expect(podOfTemplate(object('v1', 'Service'))).toBeUndefined();
  });

  test('changed means the template, not the rest', () => {
    const live = object('apps/v1', 'Deployment', { replicas: 1, ...template({ a: 1, b: 2 }) });
    const scaled = object('apps/v1', 'Deployment', { replicas: 2, ...template({ b: 2, a: 1 }) });
    expect(podTemplateChanged(live, scaled)).toBe(false);
    expect(podTemplateChanged(live, object('apps/v1', 'Deployment', template({ a: 2 })))).toBe(true);
    expect(podTemplateChanged(undefined, live)).toBe(true);
  });
});

test('images of a CronJob, init containers first, with their places', () => {
  const spec = { initContainers: [{ name: 'i', image: 'a:1' }], containers: [{ name: 'c', image: 'b:1' }] };
  const paths = imagesOf(object('batch/v1', 'CronJob', { jobTemplate: { spec: template(spec) } }));
  expect(paths.map(({ image, path }) => [image, path.join('.')])).toEqual([
    ['a:1', 'spec.jobTemplate.spec.template.spec.initContainers.0.image'],
    ['b:1', 'spec.jobTemplate.spec.template.spec.containers.0.image'],
  ]);
});

test('missing permissions become one rule per resource', () => {
  const need = (verb: string, subresource?: string) => ({
    group: '',
    resource: 'pods',
    verb,
    namespace: 'shop',
    ...(subresource === undefined ? {} : { subresource }),
  });
  expect(roleRules([need('get'), need('list'), need('get'), need('get', 'log')])).toBe(
    [
      '- apiGroups: [""]\n  resources: ["pods"]\n  verbs: ["get", "list"]',
      '- apiGroups: [""]\n  resources: ["pods/log"]\n  verbs: ["get"]',
    ].join('\n'),
  );
});

test('a key is the same for every version of a kind, and another for another group', () => {
  const key = (apiVersion: string) => keyOf({ apiVersion, kind: 'Ingress', namespace: 'shop', name: 'web' });
  expect(key('networking.k8s.io/v1')).toBe(key('networking.k8s.io/v1beta1'));
  expect(key('networking.k8s.io/v1')).not.toBe(key('example.test/v1'));
});

describe('stringData becomes data', () => {
  const secret = (fields: JsonObject): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    ...fields,
  });
  test('as the server does it: it wins, and any text survives', () => {
    const text = 'pässwörd 🚀\n\u0000';
    const { data, stringData } = withSecretData(
      secret({ data: { a: 'b2xk', b: 'Yg==' }, stringData: { a: text } }),
    );
    expect(stringData).toBeUndefined();
    expect(data).toEqual({ a: Buffer.from(text).toString('base64'), b: 'Yg==' });
  });

  test('what is no text is left for the server to refuse; other kinds are left alone', () => {
    const wrong = secret({ stringData: { a: 1 } });
    expect(withSecretData(wrong)).toBe(wrong);
    const other = { ...secret({ stringData: { a: 'x' } }), kind: 'Vault' };
    expect(withSecretData(other)).toBe(other);
  });
});
