/** Finish deletes what the overlay no longer has (release state row 5), through the bundle, at a real API server. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResultDocument } from '../../src/domain/result/document.ts';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { type Deployer, deployerFor, type Inputs } from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { type Manifest, type Shop, type ShopWorkload, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-prune-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('prune', cluster, 'deploy-staging', {
    also: [rulesFor('', ['persistentvolumeclaims'], 'watch')],
  });
}, startTimeout);

afterAll(async () => {
  await deployer?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Hollow pods answer no requests. */
const inputs: Inputs = { 'skip-tests': 'true', settle: '0s' };
const web: ShopWorkload = { name: 'web' };
const configMap = (name: string, data: Manifest = { a: '1' }): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const claim: Manifest = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Mi' } },
    storageClassName: '',
  },
};

const kinds = [
  ['v1', 'ConfigMap'],
  ['v1', 'PersistentVolumeClaim'],
  ['apps/v1', 'Deployment'],
] as const;

async function names(namespace: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    kinds.map(
      async ([apiVersion, kind]) => (await deployer.api.list(apiVersion, kind, { namespace })).objects,
    ),
  );
  return lists
    .flat()
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .filter((name) => name !== 'ConfigMap kube-root-ca.crt')
    .sort();
}

async function resultOf(step: StepResult): Promise<ResultDocument> {
  return JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8')) as ResultDocument;
}

async function pruned(step: StepResult): Promise<readonly string[]> {
  return ((await resultOf(step)).pruned ?? [])
    .map(({ reference, state }) => `${reference.name} ${state}`)
    .sort();
}

async function deploy(shop: Shop, workspace: string, more: Inputs = {}, outcome = 'succeeded') {
  await writeShop(shop, workspace);
  const step = await deployer.deploy(workspace, { ...inputs, ...more });
  expect(step.outputs, step.output).toMatchObject({ outcome });
  return step;
}

test('shown first, deleted when the release is proven, back with the release that had it', async () => {
  const namespace = await deployer.newNamespace('prune');
  await deployer.api.create({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'prune-data' },
    spec: {
      capacity: { storage: '1Mi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/nowhere' },
      claimRef: { namespace, name: 'data' },
    },
  } as never);
  const full: Shop = {
    namespace,
    workloads: [web, { name: 'old' }],
    objects: [configMap('gone'), configMap('kept'), claim],
  };
  const workspace = await writeShop(full);
  await deploy(full, workspace);
  const before = [
    'ConfigMap gone',
    'ConfigMap kept',
    'Deployment old',
    'Deployment web',
    'PersistentVolumeClaim data',
  ];
  expect(await names(namespace)).toEqual(before);

  const less: Shop = { namespace, workloads: [web], objects: [configMap('kept')] };
  const planned = await deploy(less, workspace, { 'dry-run': 'true' }, 'planned');
  expect(await pruned(planned)).toEqual(['data spared', 'gone to-prune', 'old to-prune']);
  for (const text of [
    'ConfigMap gone will be pruned',
    'Deployment old will be pruned',
    'it may contain data',
  ])
    expect(stripVTControlCharacters(planned.output)).toContain(text);
  expect(planned.summary).toContain('is to be deleted');
  expect(await names(namespace)).toEqual(before);
  const digest = planned.outputs['plan-digest'] ?? '';

  // A release that fails deletes nothing.
  const failing = { ...web, pod: { nodeSelector: { nowhere: 'true' } } };
  await deploy({ ...less, workloads: [failing] }, workspace, { rollback: 'automatic' }, 'rolled-back');
  expect(await names(namespace)).toEqual(before);

  const step = await deploy(less, workspace, { 'expect-plan': digest });
  expect(await pruned(step)).toEqual(['data spared', 'gone pruned', 'old pruned']);
  expect(await names(namespace)).toEqual(['ConfigMap kept', 'Deployment web', 'PersistentVolumeClaim data']);
  expect(step.summary).toContain('2 deleted');
  const { releases } = await deployer.records(namespace).list('shop');
  expect(releases[0]?.head).toMatchObject({ status: 'deployed' });
  expect(releases[0]?.head.pruned?.map(({ name }) => name).sort()).toEqual(['gone', 'old']);
  await deploy(less, workspace, {}, 'unchanged');

  await deploy(full, workspace);
  expect(await names(namespace)).toEqual(before);
});

test('generated configurations stay while a retained ReplicaSet refers to them', async () => {
  const namespace = await deployer.newNamespace('prune-generated');
  const release = (value: string): Shop => ({
    namespace,
    workloads: [
      {
        ...web,
        container: { envFrom: [{ configMapRef: { name: 'settings' } }] },
        spec: { revisionHistoryLimit: 1 },
      },
    ],
    kustomization: { configMapGenerator: [{ name: 'settings', literals: [`value=${value}`] }] },
  });
  const workspace = await writeShop(release('1'));
  const seen: (readonly string[])[] = [];
  for (const value of ['1', '2', '3', '4', '5']) {
    await deploy(release(value), workspace);
    seen.push((await names(namespace)).filter((name) => name.startsWith('ConfigMap')));
  }
  // One ReplicaSet is retained; the controller drops older ones in its own time, perhaps after finish has looked.
  expect(seen.map((list) => list.length).slice(0, 2)).toEqual([1, 2]);
  for (const list of seen.slice(2)) {
    expect(list.length).toBeGreaterThanOrEqual(2);
    expect(list.length).toBeLessThanOrEqual(3);
  }
  const sets = (await deployer.api.list('apps/v1', 'ReplicaSet', { namespace })).objects;
  for (const set of sets) {
    const used = /settings-[a-z0-9]{10}/.exec(JSON.stringify(set))?.[0];
    expect(seen.at(-1)).toContain(`ConfigMap ${used}`);
  }
  await deploy(release('5'), workspace, {}, 'unchanged');
});

test('what another app has now, or somebody made anew, is left alone; what could not be deleted goes next time', async () => {
  const namespace = await deployer.newNamespace('prune-doubt');
  const full: Shop = {
    namespace,
    workloads: [web],
    objects: [configMap('moved'), configMap('anew'), configMap('stuck'), configMap('gone')],
  };
  const workspace = await writeShop(full);
  await deploy(full, workspace);
  const other = await writeShop({ namespace, workloads: [], objects: [configMap('moved')] });
  const step = await deployer.deploy(other, { ...inputs, app: 'other' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  await deployer.api.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'anew' });
  await deployer.api.create({ ...configMap('anew'), metadata: { name: 'anew', namespace } } as never);
  await deployer.api.create({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'no-deletion' },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['configmaps'] },
        ],
      },
      validations: [{ expression: "oldObject.metadata.name != 'stuck'", message: 'not on Fridays' }],
    },
  } as never);
  const binding = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'no-deletion' },
  };
  await deployer.api.create({
    ...binding,
    spec: { policyName: 'no-deletion', validationActions: ['Deny'] },
  } as never);
  // The policy is enforced a moment after it was made.
  await new Promise((resolve) => setTimeout(resolve, 3000));

  const less: Shop = { namespace, workloads: [web] };
  const first = await deploy(less, workspace);
  expect(await pruned(first)).toEqual(['gone pruned', 'stuck not-pruned']);
  expect(first.output).toContain('not on Fridays');
  expect(first.exitCode).toBe(0);
  expect(await names(namespace)).toEqual([
    'ConfigMap anew',
    'ConfigMap moved',
    'ConfigMap stuck',
    'Deployment web',
  ]);

  await deployer.api.delete({ apiVersion: binding.apiVersion, kind: binding.kind, name: 'no-deletion' });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const second = await deploy(less, workspace);
  expect(await pruned(second)).toEqual(['stuck pruned']);
  await deploy(less, workspace, {}, 'unchanged');
  expect(await names(namespace)).toEqual(['ConfigMap anew', 'ConfigMap moved', 'Deployment web']);
});
