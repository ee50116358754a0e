import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import { referencesOf } from '../../../../src/domain/secrets/references.ts';

const podSpec = `
imagePullSecrets: [{name: registry}]
initContainers:
  - name: migrate
    envFrom:
      - secretRef: {name: database}
containers:
  - name: api
    env:
      - {name: PLAIN, value: x}
      - name: TOKEN
        valueFrom: {secretKeyRef: {name: credentials, key: TOKEN}}
      - name: LEVEL
        valueFrom: {configMapKeyRef: {name: settings, key: LEVEL, optional: true}}
      - name: NODE
        valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
    envFrom:
      - configMapRef: {name: common}
      - configMapRef: {name: extra, optional: true}
volumes:
  - {name: scratch, emptyDir: {}}
  - {name: tls, secret: {secretName: tls}}
  - name: files
    configMap: {name: files, items: [{key: a, path: a}, {key: b, path: b}]}
  - name: all
    projected:
      sources:
        - secret: {name: mixed, items: [{key: c, path: c}]}
        - configMap: {name: kube-root-ca.crt}
        - serviceAccountToken: {path: token}
  - {name: share, azureFile: {secretName: azure, shareName: x}}
  - {name: driver, csi: {driver: d, nodePublishSecretRef: {name: publish}}}
  - {name: blocks, rbd: {secretRef: {name: ceph}}}
`;

function workload(kind: string, wrap: (pod: unknown) => unknown): KubernetesObject {
  return { apiVersion: 'x/v1', kind, metadata: { name: 'a' }, spec: wrap(parse(podSpec)) };
}

const template = (pod: unknown) => ({ template: { spec: pod } });

/** `Secret credentials.TOKEN env api at containers.0.env.1…`, `?` for optional. */
function summary(object: KubernetesObject, prefix: string): string[] {
  return referencesOf(object).map((reference) => {
    const key = reference.key === undefined ? '' : `.${reference.key}`;
    const path = reference.path.join('.').slice(prefix.length + 1);
    expect(reference.path.join('.').startsWith(prefix)).toBe(true);
    const use = [reference.use, reference.container].filter((part) => part !== undefined).join(' ');
    return `${reference.kind} ${reference.name}${key}${reference.optional ? '?' : ''} ${use} ${path}`;
  });
}

const expected = [
  'Secret registry? imagePullSecret imagePullSecrets.0.name',
  'Secret database envFrom migrate initContainers.0.envFrom.0.secretRef.name',
  'Secret credentials.TOKEN env api containers.0.env.1.valueFrom.secretKeyRef.key',
  'ConfigMap settings.LEVEL? env api containers.0.env.2.valueFrom.configMapKeyRef.key',
  'ConfigMap common envFrom api containers.0.envFrom.0.configMapRef.name',
  'ConfigMap extra? envFrom api containers.0.envFrom.1.configMapRef.name',
  'Secret tls volume volumes.1.secret.secretName',
  'ConfigMap files.a volume volumes.2.configMap.items.0.key',
  'ConfigMap files.b volume volumes.2.configMap.items.1.key',
  'Secret mixed.c volume volumes.3.projected.sources.0.secret.items.0.key',
  'ConfigMap kube-root-ca.crt? volume volumes.3.projected.sources.1.configMap.name',
  'Secret azure volume volumes.4.azureFile.secretName',
  'Secret publish volume volumes.5.csi.nodePublishSecretRef.name',
  'Secret ceph volume volumes.6.rbd.secretRef.name',
];

describe('referencesOf', () => {
  it.each(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'])('finds all of a %s', (kind) => {
    expect(summary(workload(kind, template), 'spec.template.spec')).toStrictEqual(expected);
  });

  it('finds all of a Pod and of a CronJob', () => {
    expect(
      summary(
        workload('Pod', (pod) => pod),
        'spec',
      ),
    ).toStrictEqual(expected);
    const cronJob = workload('CronJob', (pod) => ({ jobTemplate: { spec: template(pod) } }));
    expect(summary(cronJob, 'spec.jobTemplate.spec.template.spec')).toStrictEqual(expected);
  });

  it.each<unknown>([
    undefined,
    null,
    'text',
    [],
    { template: null },
    { template: { spec: { containers: 'x', volumes: [null, 1] } } },
  ])('passes over a spec of %j', (spec) => {
    expect(
      referencesOf({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec }),
    ).toStrictEqual([]);
  });
});
