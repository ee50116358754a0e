/** Which refusal of a Pod that was asked about by dry run ends a release before it begins. */
import { describe, expect, test } from 'vitest';
import { judgeOverlay } from '../../../../src/domain/checks/overlay.ts';
import { podEvidenceOf } from '../../../../src/domain/checks/pod-refusal.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';
import {
  accountUser,
  harmlessPod,
  podMakerAccount,
  podOfTemplate,
} from '../../../../src/domain/workloads/pod-template.ts';

const object = (kind: string, spec: object = {}, name = 'web'): KubernetesObject => ({
  apiVersion: kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name, namespace: 'shop', uid: 'u-1' },
  spec,
});
const template = { template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } };

describe('a Pod as its controller would make it', () => {
  test.each<[string, object, string, RegExp, string[]]>([
    ['Deployment', template, 'ReplicaSet', /^web-\w+$/, ['pod-template-hash']],
    [
      'StatefulSet',
      template,
      'StatefulSet',
      /^web$/,
      ['statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index', 'controller-revision-hash'],
    ],
    ['DaemonSet', template, 'DaemonSet', /^web$/, ['controller-revision-hash', 'pod-template-generation']],
    ['Job', template, 'Job', /^web$/, ['batch.kubernetes.io/job-name', 'job-name', 'controller-uid']],
    ['CronJob', { jobTemplate: { spec: template } }, 'Job', /^web-\w+$/, ['batch.kubernetes.io/job-name']],
  ])('of a %s has its owner and its labels', (kind, spec, owner, name, labels) => {
    const pod = podOfTemplate(object(kind, spec));
    const [reference] = pod?.metadata.ownerReferences ?? [];
    expect(reference).toMatchObject({ kind: owner, controller: true });
    expect(reference?.name).toMatch(name);
    expect(reference?.uid).not.toBe('');
    // The owner may be looked at by an admission plugin that asks for permissions on it.
    expect(reference).not.toHaveProperty('blockOwnerDeletion');
    expect(pod?.metadata.generateName).toBe(`${reference?.name}-`);
    expect(Object.keys(pod?.metadata.labels ?? {})).toEqual(expect.arrayContaining(['app', ...labels]));
    const account = podMakerAccount(object(kind));
    expect(account && accountUser(account)).toMatch(/^system:serviceaccount:kube-system:[a-z-]+-controller$/);
  });

  test.each([{ suspend: true }, { parallelism: 0 }])('none of a Job that runs none: %j', (more) => {
    expect(podOfTemplate(object('Job', { ...template, ...more }))).toBeUndefined();
  });

  test.each(['a'.repeat(253), `${'a'.repeat(61)}.-b`, `${'a'.repeat(51)}--b`])(
    'labels are legal for %s',
    (name) => {
      for (const kind of ['StatefulSet', 'Job']) {
        for (const value of Object.values(
          podOfTemplate(object(kind, template, name))?.metadata.labels ?? {},
        )) {
          expect(value).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
        }
      }
    },
  );

  test('the control has the owner, and nothing of the release', () => {
    const pod = harmlessPod(object('Deployment', template));
    expect(pod.metadata.ownerReferences?.[0]?.kind).toBe('ReplicaSet');
    expect(pod.metadata.labels).not.toMatchObject({ app: 'web' });
  });
});

/** As kube-apiserver 1.36 words them. */
test.each<[string, number, string, string]>([
  ['pod security', 403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": …', 'certain'],
  ['a quota', 403, 'pods "x" is forbidden: exceeded quota: tight, requested: pods=1, used: …', 'certain'],
  [
    'a quota on requests',
    403,
    'pods "x" is forbidden: failed quota: t: must specify requests.cpu',
    'certain',
  ],
  [
    'a LimitRange',
    403,
    'pods "x" is forbidden: maximum memory usage per Container is 64Mi, but …',
    'certain',
  ],
  ['an invalid field', 422, 'Pod "x" is invalid: spec.containers[0].image: Required value', 'certain'],
  [
    'a policy',
    422,
    "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: no",
    'perhaps',
  ],
  ['a webhook', 403, 'admission webhook "v.example.org" denied the request: no', 'perhaps'],
  ['a webhook with side effects', 400, 'admission webhook "v" does not support dry run', 'unaskable'],
  ['no permission', 403, 'pods is forbidden: User "u" cannot create resource "pods" in API group ""', 'none'],
  ['an account that comes', 403, 'pods "x" is forbidden: error looking up service account shop/web', 'none'],
])('%s', (_what, status, message, evidence) => {
  expect(podEvidenceOf({ status, reason: '', message })).toBe(evidence);
});

test('what is not known is a warning, for each rule once', () => {
  const podDoubt = {
    status: 403,
    reason: 'Forbidden',
    message: 'admission webhook "v" does not support dry run',
  };
  const validation = (name: string) => ({
    reference: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name },
    rendered: object('Deployment', template, name),
    podDoubt,
    othersConflicts: [],
    deferred: false,
    warnings: [],
  });
  const findings = judgeOverlay({
    validations: [validation('a'), validation('b')],
    reach: { app: 'shop', namespace: 'shop', lists: { namespaces: [], clusterScoped: [] } },
    allowPaused: false,
    locate: () => ({ file: 'a.yaml', line: 1 }),
  });
  const doubts = findings.filter(({ level }) => level !== 'pass');
  expect(doubts).toHaveLength(1);
  expect(doubts[0]).toMatchObject({ level: 'warn', reason: 'object-not-checked' });
  expect(doubts[0]?.message).toContain('Deployment a, Deployment b');
});
