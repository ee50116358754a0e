import { describe, expect, test } from 'vitest';
import { judgeConnectivity } from '../../../../src/domain/checks/connectivity.ts';
import type { ObjectReference } from '../../../../src/domain/kubernetes/objects.ts';
import {
  isOutside,
  judgeOutside,
  type OutsideLists,
  type Reach,
  withOwner,
} from '../../../../src/domain/plan/scope.ts';
import { namespaceOf } from '../../../../src/flow/plan/desired.ts';

const role: ObjectReference = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  name: 'reader',
};
const settings: ObjectReference = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'jobs',
  name: 'settings',
};
const within: ObjectReference = { ...settings, namespace: 'shop' };
const own: ObjectReference = { apiVersion: 'v1', kind: 'Namespace', name: 'shop' };
const nothing: OutsideLists = { namespaces: [], clusterScoped: [] };
const ours = { 'orion.dev/owner-app': 'shop', 'orion.dev/owner-namespace': 'shop', tier: 'x' };

function judged(
  reference: ObjectReference,
  lists: Partial<OutsideLists> = {},
  live?: Readonly<Record<string, string>>,
) {
  const reach: Reach = { app: 'shop', namespace: 'shop', lists: { ...nothing, ...lists } };
  return judgeOutside(reference, live, reach);
}

const reason = (...given: Parameters<typeof judged>) => judged(...given)[0]?.reason ?? 'fine';

test.each<[string, ObjectReference, boolean]>([
  ['an object of the release’s namespace', within, false],
  ['the release’s namespace itself', own, false],
  ['another namespace', { ...own, name: 'jobs' }, true],
  ['an object of another namespace', settings, true],
  ['an object of the whole cluster', role, true],
  ['something of the whole cluster that is called like the namespace', { ...role, name: 'shop' }, true],
])('%s is outside: %j %s', (_, reference, expected) => {
  expect(isOutside(reference, 'shop')).toBe(expected);
});

describe('what may be written', () => {
  test.each<[string, Parameters<typeof judged>, string]>([
    ['an object of the release’s namespace, whoever owns it', [within, {}, {}], 'fine'],
    ['the release’s namespace', [own, {}, {}], 'fine'],
    ['of the cluster, unlisted', [role], 'outside-namespace'],
    ['of the cluster, unlisted and ours', [role, {}, ours], 'outside-namespace'],
    [
      'of the cluster, another one listed',
      [role, { clusterScoped: ['ClusterRole/writer'] }],
      'outside-namespace',
    ],
    ['of the cluster, another kind listed', [role, { clusterScoped: ['Role/reader'] }], 'outside-namespace'],
    ['of the cluster, listed, new', [role, { clusterScoped: ['ClusterRole/reader'] }], 'fine'],
    [
      'of the cluster, listed with its group',
      [role, { clusterScoped: ['ClusterRole.rbac.authorization.k8s.io/reader'] }],
      'fine',
    ],
    ['of the cluster, listed and ours', [role, { clusterScoped: ['ClusterRole/reader'] }, ours], 'fine'],
    [
      'of the cluster, listed, of nobody',
      [role, { clusterScoped: ['ClusterRole/reader'] }, {}],
      'owned-by-other',
    ],
    [
      'of the cluster, listed, of another app',
      [role, { clusterScoped: ['ClusterRole/reader'] }, { ...ours, 'orion.dev/owner-app': 'crm' }],
      'owned-by-other',
    ],
    [
      'of the cluster, listed, of this app in another namespace',
      [role, { clusterScoped: ['ClusterRole/reader'] }, { ...ours, 'orion.dev/owner-namespace': 'shop-2' }],
      'owned-by-other',
    ],
    ['in a namespace that is not listed', [settings, { namespaces: ['job'] }], 'outside-namespace'],
    ['in a listed namespace, new', [settings, { namespaces: ['jobs'] }], 'fine'],
    ['in a listed namespace, ours', [settings, { namespaces: ['jobs'] }, ours], 'fine'],
    [
      'in a listed namespace, of nobody',
      [settings, { namespaces: ['jobs'] }, { app: 'shop' }],
      'owned-by-other',
    ],
    [
      'a workload in a listed namespace',
      [{ ...settings, apiVersion: 'apps/v1', kind: 'Deployment' }, { namespaces: ['jobs'] }],
      'outside-namespace',
    ],
    [
      'a Service in a listed namespace',
      [{ ...settings, kind: 'Service' }, { namespaces: ['jobs'] }],
      'outside-namespace',
    ],
  ])('%s: %s', (_, given, expected) => {
    expect(reason(...given)).toBe(expected);
  });

  test('the remedy is the line to add', () => {
    expect(judged(role)[0]?.remedy).toContain(
      'Add `- ClusterRole/reader` below `cluster-scoped:` of orion.yaml',
    );
    expect(judged(settings)[0]?.remedy).toContain('Add `- jobs` below `namespaces:` of orion.yaml');
  });

  test('a refusal of workloads says that listing does not help', () => {
    const [problem] = judged({ ...settings, apiVersion: 'batch/v1', kind: 'Job' });
    expect(problem?.message).toContain("watched and tested in the release's own namespace shop only");
    expect(problem?.remedy).toContain('listing the namespace in orion.yaml does not help');
  });

  test('a foreign object is handed over by a command', () => {
    const [problem] = judged(settings, { namespaces: ['jobs'] }, { ...ours, 'orion.dev/owner-app': 'crm' });
    expect(problem?.message).toBe(
      'ConfigMap settings already exists, and belongs to app crm in namespace shop.',
    );
    expect(problem?.remedy.split('\n')[1]).toBe(
      'kubectl label ConfigMap settings -n jobs --overwrite orion.dev/owner-app=shop orion.dev/owner-namespace=shop',
    );
  });
});

test('the owner’s labels come to the labels that are there', () => {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: { tier: 'x' } } };
  expect(withOwner(object, 'shop', 'shop').metadata.labels).toEqual(ours);
});

describe('the namespace of an overlay that names several', () => {
  const overlay = { namespaces: ['shop', 'jobs'] } as unknown as Parameters<typeof namespaceOf>[0];

  test('is the one that orion.yaml does not list', () => {
    expect(namespaceOf(overlay, undefined, ['jobs', 'other'])).toBe('shop');
    expect(namespaceOf(overlay, 'jobs', ['jobs'])).toBe('jobs');
  });

  test.each([[[]], [['shop', 'jobs']], [['other']]])('is not guessed with %j listed', (listed) => {
    expect(() => namespaceOf(overlay, undefined, listed)).toThrow(
      'The overlay names 2 namespaces: shop, jobs.',
    );
  });
});

test('missing permissions are told by namespace', () => {
  const permission = (verb: string, namespace?: string) => ({
    group: '',
    resource: 'configmaps',
    verb,
    ...(namespace === undefined ? {} : { namespace }),
  });
  const missing = [
    permission('get', 'shop'),
    permission('patch', 'jobs'),
    permission('get', 'jobs'),
    permission('get'),
  ];
  const findings = judgeConnectivity({ cluster: 'c', serverVersion: 'v1', identity: 'ci', missing });
  expect(findings.map(({ remedy }) => remedy.split('\n')[0])).toEqual([
    'Add these rules to its Role in namespace shop:',
    'Add these rules to its Role in namespace jobs:',
    'Add these rules to its ClusterRole:',
  ]);
  expect(findings[1]?.remedy).toContain('verbs: ["patch", "get"]');
});
