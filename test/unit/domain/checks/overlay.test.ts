import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { judgeOverlay, type ObjectValidation } from '../../../../src/domain/checks/overlay.ts';
import { type Refusal, refusalSentence, resolvePath } from '../../../../src/domain/checks/refusal.ts';
import type { KubernetesObject, ObjectReference } from '../../../../src/domain/kubernetes/objects.ts';
import type { FieldPath } from '../../../../src/domain/kubernetes/source-location.ts';

/** What kube-apiserver 1.36 answered. */
const refusals = JSON.parse(
  readFileSync(new URL('fixtures/refusals.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Refusal>>;

const rendered: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 1,
    template: {
      spec: {
        containers: [
          { name: 'proxy' },
          { name: 'api', ports: [{ containerPort: 80 }], env: [{ name: 'A', value: 1 }] },
        ],
      },
    },
  },
  data: { a: 1 },
  roleRef: { kind: 'Role' },
};
const reference: ObjectReference = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
};

function judged(validation: Partial<ObjectValidation>, allowPaused = false) {
  const asked: (FieldPath | undefined)[] = [];
  const findings = judgeOverlay({
    validations: [{ reference, rendered, othersConflicts: [], deferred: false, warnings: [], ...validation }],
    reach: { app: 'shop', namespace: 'shop', lists: { namespaces: ['jobs'], clusterScoped: [] } },
    allowPaused,
    locate: (_, path) => {
      asked.push(path);
      return { file: 'web.yaml', line: 1 };
    },
  });
  return { findings, paths: asked.filter((path) => path !== undefined).map((path) => path.join('.')) };
}

const containers = 'spec.template.spec.containers';

describe('what the API server refuses', () => {
  test.each<[string, string, string | undefined, string]>([
    ['selector', 'immutable-field', 'spec.selector', 'spec.selector: field is immutable.'],
    ['clusterIP', 'immutable-field', 'spec.clusterIPs.0', 'spec.clusterIPs[0]: may not change once set.'],
    ['jobTemplate', 'immutable-field', 'spec.template', 'spec.template: field is immutable.'],
    [
      'pvcShrink',
      'immutable-field',
      'spec',
      'spec is immutable after creation except resources.requests and',
    ],
    ['sts', 'immutable-field', 'spec', 'updates to statefulset spec for fields other than'],
    ['roleRef', 'immutable-field', 'roleRef', 'roleRef: cannot change roleRef.'],
    ['immutableConfigMap', 'immutable-field', 'data', 'field is immutable when `immutable` is set.'],
    ['unknownField', 'object-invalid', `${containers}.1.imagee`, 'field not declared in schema.'],
    ['unknownTop', 'object-invalid', 'spec.replica', 'spec.replica: field not declared in schema.'],
    ['wrongType', 'object-invalid', 'spec.replicas', 'expected numeric (int or float), got string.'],
    ['envNumber', 'object-invalid', `${containers}.1.env.0.value`, 'expected string, got 1.'],
    ['cmNumber', 'object-invalid', 'data.a', 'data.a: expected string, got 1.'],
    ['dupPorts', 'object-invalid', `${containers}.1.ports`, 'duplicate entries for key [containerPort=80'],
    ['dupEnv', 'object-invalid', `${containers}.1.env`, 'duplicate entries for key [name="A"].'],
    ['quantity', 'object-invalid', undefined, 'quantities must match the regular expression'],
    ['negative', 'object-invalid', 'spec.replicas', 'Invalid value: -1: must be greater than or equal to 0.'],
    [
      'twoErrors',
      'object-invalid',
      'spec.replicas',
      'equal to 0; spec.template.spec.containers[0].imagePullPolicy',
    ],
    ['badName', 'object-invalid', 'metadata.name', 'must start and end with an alphanumeric character.'],
    ['missingVolume', 'object-invalid', `${containers}.0.volumeMounts.0.name`, 'Not found: "x".'],
    ['crdEnum', 'object-invalid', 'spec.color', 'supported values: "red", "blue".'],
    ['policy', 'webhook-refused', undefined, 'denied request: images must not be latest.'],
    ['namespaceTerminating', 'namespace-terminating', undefined, 'because it is being terminated.'],
    ['webhookDown', 'webhook-refused', undefined, 'connection refused.'],
  ])('%s is %s at %s', (name, reason, path, said) => {
    const refusal = refusals[name];
    if (refusal === undefined) throw new Error(`no fixture ${name}`);
    const { findings, paths } = judged({ refusal });
    expect(findings).toMatchObject([{ level: 'fail', reason, location: { file: 'web.yaml' } }]);
    expect(findings[0]?.message).toContain(said);
    expect(paths).toEqual(path === undefined ? [] : [path]);
  });

  test.each(Object.entries(refusals))('%s: one readable sentence', (_, { message }) => {
    const said = refusalSentence(message);
    expect(said).not.toMatch(/[\n{}]|valueUnstructured|@@/);
    expect(said).toMatch(/[.!?…]$/);
    expect(said.length).toBeLessThan(602);
  });

  test('dumps as older servers write them', () => {
    const old = (type: string) =>
      `Job.batch "a" is invalid: spec.template: Invalid value: ${type}: field is immutable`;
    expect(
      refusalSentence(old('core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"", X:[]string{"a: b"}}}')),
    ).toBe('spec.template: field is immutable.');
    expect(refusalSentence(old('[]string{"10.0.0.1"}'))).toBe('spec.template: field is immutable.');
  });

  test('a field that cannot be found ends the path where it is lost', () => {
    expect(resolvePath('spec.template.spec.containers[name="gone"].image', rendered)).toEqual([
      'spec',
      'template',
      'spec',
      'containers',
    ]);
  });
});

describe('a Pod of the template', () => {
  test.each<[string, boolean | undefined, string, string]>([
    ['podSecurity', true, 'fail', 'pod-rejected'],
    ['podSecurity', false, 'fail', 'pod-rejected'],
    ['podQuota', true, 'fail', 'quota-exceeded'],
    ['podQuota', undefined, 'fail', 'quota-exceeded'],
    ['podQuota', false, 'warn', 'quota-exceeded'],
  ])('%s, extra pod needed: %s, is a %s', (name, needsExtraPod, level, reason) => {
    const podRefusal = refusals[name];
    if (podRefusal === undefined) throw new Error(`no fixture ${name}`);
    const { findings, paths } = judged({
      podRefusal,
      ...(needsExtraPod === undefined ? {} : { needsExtraPod }),
    });
    expect(findings.at(-1)).toMatchObject({ level, reason });
    expect(paths).toEqual(['spec.template.spec']);
  });
});

describe('what the overlay itself asks for', () => {
  test.each<[string, Partial<ObjectValidation>, string, string | undefined]>([
    [
      'another namespace',
      { reference: { ...reference, namespace: 'other' } },
      'outside-namespace',
      'metadata.namespace',
    ],
    [
      'an object of the whole cluster',
      { reference: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'reader' } },
      'outside-namespace',
      'metadata.name',
    ],
    [
      'a live object of another app',
      {
        reference: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'jobs', name: 'settings' },
        liveLabels: {},
      },
      'owned-by-other',
      undefined,
    ],
    ['an object of Helm', { otherTool: 'Helm' }, 'managed-by-other-tool', undefined],
    [
      'a paused Deployment',
      { rendered: { ...rendered, spec: { paused: true } } },
      'deployment-paused',
      'spec.paused',
    ],
    [
      'a field of another manager',
      { othersConflicts: [{ manager: 'kubectl-edit', field: `.${containers}[name="api"].image` }] },
      'conflict',
      `${containers}.1.image`,
    ],
  ])('%s fails', (_, validation, reason, path) => {
    const { findings, paths } = judged(validation);
    expect(findings).toMatchObject([{ level: 'fail', reason }]);
    expect(paths).toEqual(path === undefined ? [] : [path]);
  });

  test('paused is fine where it is allowed; nothing wrong passes; a warning of the server warns', () => {
    expect(judged({ rendered: { ...rendered, spec: { paused: true } } }, true).findings).toMatchObject([
      { level: 'pass' },
    ]);
    expect(judged({ deferred: true }).findings.map(({ level, reason }) => [level, reason])).toEqual([
      ['pass', 'ok'],
      ['pass', 'object-not-checked'],
    ]);
    expect(judged({ warnings: ['spec.x is deprecated'] }).findings).toMatchObject([
      { level: 'pass' },
      { level: 'warn', reason: 'server-warning' },
    ]);
  });
});

describe('annotations that say when an object is ready', () => {
  const annotated = (annotations: Readonly<Record<string, string>>): KubernetesObject => ({
    ...rendered,
    metadata: { ...rendered.metadata, annotations },
  });

  test('what cannot be read is refused, at the annotation', () => {
    const { findings, paths } = judged({ rendered: annotated({ 'orion.dev/ready-when': 'Available' }) });
    expect(findings).toMatchObject([
      {
        level: 'fail',
        reason: 'bad-config',
        message:
          'Deployment web: its annotation orion.dev/ready-when cannot be read: "Available" is neither a condition nor a JSONPath in braces.',
        location: { file: 'web.yaml', line: 1 },
      },
    ]);
    expect(findings[0]?.remedy).toContain('condition=Ready');
    expect(paths).toEqual(['metadata.annotations.orion.dev/ready-when']);
  });

  test('what can be read passes', () => {
    const { findings } = judged({ rendered: annotated({ 'orion.dev/ready-when': 'condition=Available' }) });
    expect(findings.map(({ level }) => level)).toEqual(['pass']);
  });
});
