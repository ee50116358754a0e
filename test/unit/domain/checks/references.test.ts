/** What pods, claims and Ingresses name and is not there, and what is being deleted, is told before anything is written. */
import { describe, expect, test } from 'vitest';
import { judgeDeletions } from '../../../../src/domain/checks/deletions.ts';
import {
  broughtKeys,
  judgeReferences,
  namedObjects,
  perhapsBrought,
} from '../../../../src/domain/checks/references.ts';
import { type KubernetesObject, keyOf } from '../../../../src/domain/kubernetes/objects.ts';

const object = (apiVersion: string, kind: string, spec: object, metadata: object = {}): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  spec,
});
const deployment = (pod: object) => object('apps/v1', 'Deployment', { template: { spec: pod } });
const set = (spec: object) =>
  object('apps/v1', 'StatefulSet', { replicas: 2, template: { spec: {} }, ...spec });
const template = { metadata: { name: 'data' }, spec: { storageClassName: 'fast' } };
const claim = (spec: object, metadata: object = {}) => object('v1', 'PersistentVolumeClaim', spec, metadata);
const locate = (_: unknown, path: readonly (string | number)[] = []) => ({ file: path.join('.'), line: 1 });

function judged(user: KubernetesObject, more: { claims?: string[]; volumes?: string[] | undefined } = {}) {
  const named = namedObjects([user]);
  const { claims = [], volumes = [] } = more;
  return judgeReferences({
    named,
    missing: new Set(named.map(({ reference }) => keyOf(reference))),
    claims: new Set(claims),
    ...('volumes' in more && more.volumes === undefined ? {} : { volumeClasses: new Set(volumes) }),
    locate,
  });
}

const missingReferences: readonly [string, KubernetesObject, string, string][] = [
  [
    'PriorityClass high',
    deployment({ priorityClassName: 'high' }),
    'fail',
    'spec.template.spec.priorityClassName',
  ],
  [
    'RuntimeClass gvisor',
    deployment({ runtimeClassName: 'gvisor' }),
    'fail',
    'spec.template.spec.runtimeClassName',
  ],
  [
    'ServiceAccount web',
    deployment({ serviceAccountName: 'web' }),
    'fail',
    'spec.template.spec.serviceAccountName',
  ],
  ['ServiceAccount old', deployment({ serviceAccount: 'old' }), 'fail', 'spec.template.spec.serviceAccount'],
  [
    'Secret pull',
    deployment({ imagePullSecrets: [{ name: 'pull' }] }),
    'warn',
    'spec.template.spec.imagePullSecrets.0.name',
  ],
  ['StorageClass fast', claim({ storageClassName: 'fast' }), 'fail', 'spec.storageClassName'],
  [
    'StorageClass fast',
    set({ volumeClaimTemplates: [template] }),
    'fail',
    'spec.volumeClaimTemplates.0.spec.storageClassName',
  ],
  [
    'IngressClass nginx',
    object('networking.k8s.io/v1', 'Ingress', { ingressClassName: 'nginx' }),
    'warn',
    'spec.ingressClassName',
  ],
  [
    'ServiceAccount cron',
    object('batch/v1', 'CronJob', {
      jobTemplate: { spec: { template: { spec: { serviceAccountName: 'cron' } } } },
    }),
    'fail',
    'spec.jobTemplate.spec.template.spec.serviceAccountName',
  ],
];

describe('missing', () => {
  test.each(missingReferences)('%s', (title, user, level, path) => {
    const [finding] = judged(user);
    expect(finding).toMatchObject({ level, reason: 'reference-missing', location: { file: path } });
    expect(finding?.message).toContain(`names ${title}, which does not exist`);
  });

  test('nothing is said of defaults, and of what a claim does not need', () => {
    expect(judged(deployment({ serviceAccountName: 'default', priorityClassName: '' }))).toEqual([]);
    expect(judged(claim({}))).toEqual([]);
    expect(judged(claim({ storageClassName: '' }))).toEqual([]);
    expect(judged(claim({ storageClassName: 'fast', volumeName: 'pv-1' }))).toEqual([]);
  });

  test('a class is only a name where a volume has it, or where the claims are there', () => {
    const user = set({ volumeClaimTemplates: [template] });
    expect(judged(user, { volumes: ['fast'] })).toEqual([]);
    expect(judged(user, { claims: ['shop/data-web-0', 'shop/data-web-1'] })).toEqual([]);
    expect(judged(user, { claims: ['shop/data-web-0'] })).toHaveLength(1);
    // Volumes that may not be listed: perhaps one has it.
    expect(judged(user, { volumes: undefined })).toEqual([]);
  });

  test('a ServiceAccount that an operator may make for an object of the overlay: a warning that names it', () => {
    const user = deployment({ serviceAccountName: 'events-collector' });
    const named = namedObjects([user]);
    const missing = named.map(({ reference }) => reference);
    const collector = object('opentelemetry.io/v1beta1', 'OpenTelemetryCollector', {}, { name: 'events' });
    const told = (...objects: KubernetesObject[]) =>
      judgeReferences({
        named,
        missing: new Set(missing.map(keyOf)),
        brought: perhapsBrought(missing, objects),
        locate,
      });
    expect(told(user, collector)).toMatchObject([
      { level: 'warn', message: expect.stringContaining('unless OpenTelemetryCollector events creates it') },
    ]);
    expect(told(user)).toMatchObject([{ level: 'fail' }]);
  });

  test('what the overlay brings, or says that somebody makes', () => {
    const account = object('v1', 'ServiceAccount', {}, { name: 'own' });
    const cluster = object(
      'kafka.strimzi.io/v1',
      'Kafka',
      {},
      {
        annotations: { 'orion.dev/provides': 'Secret/a, ServiceAccount/web' },
      },
    );
    expect([...broughtKeys([account, cluster])]).toEqual(
      expect.arrayContaining(['ServiceAccount/shop/own', 'ServiceAccount/shop/web']),
    );
  });
});

describe('being deleted', () => {
  const deletion = {
    deletionTimestamp: '2026-01-01T00:00:00Z',
    finalizers: ['kubernetes.io/pvc-protection'],
  };
  const data = claim({}, { name: 'data', ...deletion });
  const user = deployment({ volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'data' } }] });
  const judge = (
    changes: { desired: KubernetesObject; live?: KubernetesObject; changes: boolean }[],
    claims: KubernetesObject[],
  ) => judgeDeletions({ changes, claims, locate });

  test('an object of the overlay, whether it changes or not: what holds it, and the way out', () => {
    for (const changes of [true, false]) {
      const [finding, ...others] = judge([{ desired: data, live: data, changes }], [data]);
      expect(others).toEqual([]);
      expect(finding).toMatchObject({ level: 'fail', reason: 'object-terminating' });
      expect(finding?.message).toMatch(/PersistentVolumeClaim data is being deleted.*pvc-protection/);
    }
    const service = object('v1', 'Service', {}, { deletionTimestamp: 'x', finalizers: ['a.example/lb'] });
    const [other] = judge([{ desired: service, live: service, changes: true }], []);
    expect(other?.remedy).toContain('kubectl --namespace shop get service web -o yaml');
  });

  test('a claim that another made, as far as a rollout ends the pods that keep it', () => {
    expect(judge([{ desired: user, changes: true }], [data])).toMatchObject([
      { level: 'fail', object: { kind: 'Deployment', name: 'web' } },
    ]);
    expect(judge([{ desired: user, changes: false }], [data])).toMatchObject([{ level: 'warn' }]);
    const made = claim({}, { name: 'data-web-1', ...deletion });
    const stateful = set({ volumeClaimTemplates: [template] });
    expect(judge([{ desired: stateful, changes: true }], [made])).toHaveLength(1);
    expect(
      judge([{ desired: set({ volumeClaimTemplates: [template], replicas: 1 }), changes: true }], [made]),
    ).toEqual([]);
  });

  test('nothing that lives, and no claim of others', () => {
    const living = claim({}, { name: 'data' });
    expect(judge([{ desired: user, live: user, changes: true }], [living])).toEqual([]);
    const elsewhere = claim({}, { name: 'data', namespace: 'other', ...deletion });
    expect(judge([{ desired: user, changes: true }], [elsewhere])).toEqual([]);
  });
});
