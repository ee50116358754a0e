/** Objects in other namespaces and of the whole cluster: only as orion.yaml lists them, only ours, and never deleted if of the cluster. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { changes, type Deployer, deployerFor, type Inputs } from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { type Manifest, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { kubectlOf, refuseBudget } from '../support/cluster/snapshot.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-outside-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('outside', cluster, 'deploy-staging', {
    // In every namespace: whoever makes a ClusterRole must have what it grants.
    makesNamespaces: true,
    also: [rulesFor('rbac.authorization.k8s.io', ['clusterroles']), rulesFor('', ['namespaces', 'pods'])],
  });
}, startTimeout);

afterAll(async () => {
  await deployer?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const kubectl = (...options: readonly string[]): Promise<string> => kubectlOf(cluster.kubeconfig, ...options);

const role = (name: string, verbs: readonly string[]): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
});

const settings = (namespace: string, name: string, level: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { level },
});

const budget: Manifest = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'refused' },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
};

interface Release {
  readonly namespace: string;
  readonly objects: readonly Manifest[];
  /** The content of orion.yaml. */
  readonly lists?: Manifest;
  readonly workspace?: string;
}

/** The overlay sets no namespace, so that its objects may name theirs; hollow pods answer no requests. */
async function deploy(
  { namespace, objects, lists = {}, workspace }: Release,
  inputs: Inputs = {},
): Promise<StepResult & { readonly workspace: string }> {
  const shop = {
    namespace,
    workloads: [{ name: 'web' }],
    objects,
    kustomization: { namespace: undefined },
    files: { 'orion.yaml': stringify(lists) },
  };
  const written = await writeShop(shop, workspace);
  const step = await deployer.deploy(written, {
    namespace,
    'skip-tests': 'true',
    settle: '0s',
    rollback: 'automatic',
    ...inputs,
  });
  return { ...step, workspace: written };
}

async function json(...options: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await kubectl('get', ...options, '-o', 'json')) as Record<string, unknown>;
}

/** The object as it is meant, with the ownership of fields. */
async function meant(...options: readonly string[]): Promise<unknown> {
  const { metadata, ...body } = await json(...options, '--show-managed-fields');
  const { resourceVersion: _version, managedFields, ...rest } = metadata as Record<string, unknown>;
  const entries = (managedFields as Record<string, unknown>[]).map(({ time: _time, ...entry }) => entry);
  return { ...body, metadata: { ...rest, managedFields: entries } };
}

const gone = async (...options: readonly string[]): Promise<boolean> =>
  (await kubectl('get', ...options, '--ignore-not-found')) === '';

test('what orion.yaml does not list is refused before anything is changed, with the line to add', async () => {
  const namespace = await deployer.newNamespace('unlisted');
  const other = await deployer.newNamespace('unlisted-jobs');
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'worker', namespace: other },
    spec: {
      selector: { matchLabels: { app: 'worker' } },
      template: {
        metadata: { labels: { app: 'worker' } },
        spec: { containers: [{ name: 'worker', image: 'registry.test/worker:1' }] },
      },
    },
  };
  const since = Date.now();
  const objects = [role('unlisted-reader', ['get']), settings(other, 'settings', 'info'), deployment];
  const step = await deploy({ namespace, objects });
  expect(step.outputs, step.output).toMatchObject({
    outcome: 'failed',
    'exit-code': '1',
    reason: 'outside-namespace',
  });
  expect((await deployer.requestsSince(since)).filter(changes)).toEqual([]);
  const said = step.annotations.join('\n');
  expect(said).toContain('Add `- ClusterRole/unlisted-reader` below `cluster-scoped:` of orion.yaml');
  expect(said).toContain(`Add \`- ${other}\` below \`namespaces:\` of orion.yaml`);
  expect(said).toContain(`watched and tested in the release's own namespace ${namespace} only`);
  expect(said).toMatch(/file=k8s\/base\/shop\.yaml/);
});

test('what is not listed is said also to an identity that may not even look at it', async () => {
  const plain = await deployerFor('outside-plain', cluster, 'deploy-staging', {});
  const namespace = await plain.newNamespace('unlisted-plain');
  const workspace = await writeShop({ namespace, workloads: [], objects: [role('plain-reader', ['get'])] });
  const step = await plain.deploy(workspace);
  await plain.close();
  expect(step.outputs, step.output).toMatchObject({ outcome: 'failed', 'exit-code': '1' });
  const said = step.annotations.join('\n');
  expect(said).toContain('Add `- ClusterRole/plain-reader` below `cluster-scoped:`');
  // Nor is a permission asked for that would not help.
  expect(said).not.toContain('clusterroles');
});

test('what is listed is applied with its owner on it, a second time is unchanged, and no other app may have it', async () => {
  const namespace = await deployer.newNamespace('listed');
  const other = await deployer.newNamespace('listed-jobs');
  const release = {
    namespace,
    objects: [role('listed-reader', ['get']), settings(other, 'settings', 'info')],
    lists: { namespaces: [other], 'cluster-scoped': ['ClusterRole/listed-reader'] },
  };
  const first = await deploy(release);
  expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded', changed: '3' });
  const owner = { 'orion.dev/owner-app': 'shop', 'orion.dev/owner-namespace': namespace };
  for (const at of [
    ['clusterrole', 'listed-reader'],
    ['configmap', 'settings', '-n', other],
  ])
    expect(await json(...at)).toMatchObject({ metadata: { labels: owner } });
  const again = await deploy({ ...release, workspace: first.workspace });
  expect(again.outputs, again.output).toMatchObject({ outcome: 'unchanged' });

  const elsewhere = await deployer.newNamespace('listed-elsewhere');
  const since = Date.now();
  const second = await deploy({ ...release, namespace: elsewhere });
  expect(second.outputs, second.output).toMatchObject({ outcome: 'failed', reason: 'owned-by-other' });
  expect(second.summary).toContain('belongs to app shop in namespace');
  expect((await deployer.requestsSince(since)).filter(changes)).toEqual([]);
});

test('a live object that nothing says is ours is refused, until it is handed over by the command that is given', async () => {
  const namespace = await deployer.newNamespace('foreign');
  await kubectl('create', 'clusterrole', 'foreign-reader', '--verb=list', '--resource=pods');
  const release = {
    namespace,
    objects: [role('foreign-reader', ['get'])],
    lists: { 'cluster-scoped': ['ClusterRole/foreign-reader'] },
  };
  const refused = await deploy(release, { adopt: 'kubectl-create' });
  expect(refused.outputs, refused.output).toMatchObject({ outcome: 'failed', reason: 'owned-by-other' });
  expect(await json('clusterrole', 'foreign-reader')).toMatchObject({ rules: [{ verbs: ['list'] }] });

  const command = /kubectl label (ClusterRole\.rbac\.authorization\.k8s\.io foreign-reader [^\n%]*)/.exec(
    refused.output,
  );
  await kubectl('label', ...(command?.[1] ?? '').trim().split(' '));
  const step = await deploy({ ...release, workspace: refused.workspace }, { adopt: 'kubectl-create' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  expect(await json('clusterrole', 'foreign-reader')).toMatchObject({ rules: [{ verbs: ['get'] }] });
});

test('a namespace that the overlay brings, and an object in it', async () => {
  const namespace = await deployer.newNamespace('brings');
  const brought = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'brings-jobs' } };
  const step = await deploy({
    namespace,
    objects: [brought, settings('brings-jobs', 'settings', 'info')],
    lists: { namespaces: ['brings-jobs'], 'cluster-scoped': ['Namespace/brings-jobs'] },
  });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', changed: '3' });
  expect(await json('configmap', 'settings', '-n', 'brings-jobs')).toMatchObject({ data: { level: 'info' } });
});

test('undo restores what is outside, deletes what it made in other namespaces, and leaves and names what is of the cluster', async () => {
  const namespace = await deployer.newNamespace('undone');
  const other = await deployer.newNamespace('undone-jobs');
  const lists = {
    namespaces: [other],
    'cluster-scoped': ['ClusterRole/undone-reader', 'ClusterRole/undone-new'],
  };
  const objects = [role('undone-reader', ['get']), settings(other, 'settings', 'info')];
  const first = await deploy({ namespace, objects, lists });
  expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
  const places = [
    ['clusterrole', 'undone-reader'],
    ['configmap', 'settings', '-n', other],
  ];
  const was = await Promise.all(places.map((place) => meant(...place)));

  await refuseBudget(deployer.api, 'refused');
  const changed = [
    role('undone-reader', ['get', 'delete']),
    role('undone-new', ['get']),
    settings(other, 'settings', 'debug'),
    settings(other, 'new', 'debug'),
    budget,
  ];
  const step = await deploy({ namespace, objects: changed, lists, workspace: first.workspace });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', reason: 'apply-failed' });
  expect(await Promise.all(places.map((place) => meant(...place)))).toEqual(was);
  expect(await gone('configmap', 'new', '-n', other)).toBe(true);
  expect(await gone('clusterrole', 'undone-new')).toBe(false);
  expect(step.output).toContain(
    'ClusterRole undone-new, which this release created, is kept: it is cluster-scoped.',
  );
  expect(step.summary).toContain('it is cluster-scoped');
});

test('what the overlay no longer has stays outside, and is named', async () => {
  const namespace = await deployer.newNamespace('spared');
  const other = await deployer.newNamespace('spared-jobs');
  const lists = { namespaces: [other], 'cluster-scoped': ['ClusterRole/spared-reader'] };
  const objects = [
    role('spared-reader', ['get']),
    settings(other, 'settings', 'info'),
    settings(namespace, 'own', '1'),
  ];
  const first = await deploy({ namespace, objects, lists });
  expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
  const step = await deploy({ namespace, objects: [], lists, workspace: first.workspace });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  expect(await gone('configmap', 'own', '-n', namespace)).toBe(true);
  expect(await gone('configmap', 'settings', '-n', other)).toBe(false);
  expect(await gone('clusterrole', 'spared-reader')).toBe(false);
  expect(step.output).toContain('it is cluster-scoped');
  expect(step.output).toContain(`it is in namespace ${other}`);
});
