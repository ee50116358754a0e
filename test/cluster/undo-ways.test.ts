/** What server-side apply alone does not restore: each is compared with what kubectl showed before, not with what Orion says. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { type Deployer, deployerFor, type Inputs, until } from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { type Manifest, type ShopWorkload, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { kubectlOf, snapshotOf } from '../support/cluster/snapshot.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-undo-ways-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('undo-ways', cluster, 'deploy-staging', {
    also: [rulesFor('queues.example.org', ['queues'], 'watch')],
  });
  await kubectl('create', 'clusterrole', 'definitions', '--verb=*', '--resource=customresourcedefinitions');
  await kubectl(
    'create',
    'clusterrolebinding',
    'definitions',
    '--clusterrole=definitions',
    '--user=undo-ways',
  );
}, startTimeout);

afterAll(async () => {
  await deployer?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Hollow pods answer no requests. */
const automatic: Inputs = { 'skip-tests': 'true', settle: '0s', rollback: 'automatic' };
const web: ShopWorkload = { name: 'web' };
const failing: ShopWorkload = { ...web, pod: { nodeSelector: { nowhere: 'true' } } };

const kubectl = (...options: readonly string[]): Promise<string> => kubectlOf(cluster.kubeconfig, ...options);
const snapshot = (namespace: string) => snapshotOf(cluster.kubeconfig, namespace);

async function kubectlApply(object: Manifest, ...options: readonly string[]): Promise<void> {
  const file = join(folder, `${crypto.randomUUID()}.json`);
  await writeFile(file, JSON.stringify(object));
  await kubectl('apply', '-f', file, ...options);
}

const configMap = (name: string, data: Manifest, more: Manifest = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { team: 'red' } },
  data,
  ...more,
});

const secret = (token: string, more: Manifest = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'key' },
  type: 'Opaque',
  data: { token: Buffer.from(token).toString('base64') },
  ...more,
});

const autoscaler = (name: string, target: string, more: Manifest = {}): Manifest => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target }, maxReplicas: 9 },
  ...more,
});

/** What the controller of autoscalers does, without its period of 15 s. */
async function scale(namespace: string, name: string, replicas: number): Promise<void> {
  const patch = JSON.stringify({ spec: { replicas } });
  const options = [
    '--subresource=scale',
    '--field-manager=kube-controller-manager',
    '--type=merge',
    '-p',
    patch,
  ];
  await kubectl('patch', 'deployment', name, '-n', namespace, ...options);
}

async function deployFirst(
  namespace: string,
  objects: readonly Manifest[],
  workloads = [web],
): Promise<string> {
  const workspace = await writeShop({ namespace, workloads, objects });
  const step = await deployer.deploy(workspace, automatic);
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  return workspace;
}

/** As a snapshot, without what another UID brings. */
function withoutIdentity(object: unknown): unknown {
  return JSON.parse(
    JSON.stringify(object, (name, value) =>
      ['uid', 'creationTimestamp'].includes(name) ? undefined : value,
    ),
  );
}

describe.concurrent('restored exactly: immutable objects and lists', () => {
  test('a ConfigMap and a Secret that the release has made immutable; what they own stays', async () => {
    const namespace = await deployer.newNamespace('immutable');
    const before = [configMap('plain', { a: '1', gone: 'x' }), secret('old-token-value')];
    const workspace = await deployFirst(namespace, before);
    await kubectl('label', 'configmap', 'plain', 'mesh=on', '-n', namespace, '--field-manager=mesh');
    const uid = await kubectl('get', 'configmap', 'plain', '-n', namespace, '-o', 'jsonpath={.metadata.uid}');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'plain', uid };
    await kubectlApply({
      ...configMap('owned', {}),
      metadata: { name: 'owned', namespace, ownerReferences: [owner] },
    });
    const was = await snapshot(namespace);
    const after = [
      configMap('plain', { a: '2', added: 'y' }, { immutable: true }),
      secret('new-token-value', { immutable: true }),
    ];
    await writeShop({ namespace, workloads: [failing], objects: after }, workspace);
    const step = await deployer.deploy(workspace, automatic);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', reason: 'unschedulable' });
    const now = await snapshot(namespace);
    for (const name of ['ConfigMap plain', 'Secret key', 'Deployment web'])
      expect(withoutIdentity(now[name]), name).toEqual(withoutIdentity(was[name]));
    expect(now['ConfigMap owned']).toBeDefined();
    expect(step.output).toContain('ConfigMap plain was deleted and recreated as it was before');
  });

  test('lists with a key twice, with who owned them', async () => {
    const namespace = await deployer.newNamespace('twice');
    const env = [
      { name: 'GREETING', value: 'good morning' },
      { name: 'OTHER', value: '1' },
      { name: 'GREETING', value: 'good day' },
    ];
    const container = {
      name: 'main',
      image: 'registry.test/twice:1',
      env,
      ports: [
        { containerPort: 80, name: 'a' },
        { containerPort: 80, name: 'b' },
      ],
    };
    const hostAliases = [
      { ip: '10.9.9.1', hostnames: ['one'] },
      { ip: '10.9.9.1', hostnames: ['two'] },
    ];
    const labels = { app: 'twice' };
    const twice = (spec: Manifest): Manifest => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'twice', namespace },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    });
    await kubectlApply(twice({ containers: [container], hostAliases }));
    await kubectl('wait', '--for=condition=Available', 'deployment/twice', '-n', namespace, '--timeout=60s');
    const was = await snapshot(namespace);
    const once = { ...container, image: 'registry.test/twice:2', env: [env[2]], ports: [container.ports[0]] };
    const after = twice({ containers: [once], nodeSelector: { nowhere: 'true' } });
    const workspace = await writeShop({ namespace, workloads: [], objects: [after] });
    const step = await deployer.deploy(workspace, automatic);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', reason: 'unschedulable' });
    expect(await snapshot(namespace)).toEqual(was);
    // One ReplicaSet of before, one of the release: nothing was rolled out in between.
    const sets = await kubectl('get', 'replicasets', '-n', namespace, '-o', 'name');
    expect(sets.trim().split('\n')).toHaveLength(2);
  });
});

describe.concurrent('restored exactly: replicas and autoscalers', () => {
  test('replicas that the release’s own autoscalers have changed, and no others', async () => {
    const namespace = await deployer.newNamespace('scaled');
    const workloads = ['web', 'one', 'two', 'held'].map((name) => ({ name, replicas: 2 }));
    const workspace = await deployFirst(namespace, [autoscaler('held', 'held')], workloads);
    const was = await snapshot(namespace);
    const objects = [autoscaler('held', 'held'), autoscaler('one', 'one'), autoscaler('two', 'two')];
    const withFailing = workloads.map((workload) =>
      workload.name === 'web' ? { ...workload, pod: failing.pod ?? {} } : workload,
    );
    await writeShop({ namespace, workloads: withFailing, objects }, workspace);
    const running = await deployer.start(workspace, automatic);
    await until('the autoscaler', async () =>
      (await kubectl('get', 'hpa', '-n', namespace, '-o', 'name')).includes('/two') ? true : undefined,
    );
    for (const name of ['one', 'two', 'held']) await scale(namespace, name, 5);
    const step = await running.result;
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', reason: 'unschedulable' });
    const now = await snapshot(namespace);
    for (const name of Object.keys(was).filter((one) => one !== 'Deployment held'))
      expect(now[name], name).toEqual(was[name]);
    expect(now['Deployment held']).toMatchObject({ spec: { replicas: 5 } });
    expect(Object.keys(now)).toEqual(Object.keys(was));
  });

  test('an autoscaler that the release has moved to another version of its kind', async () => {
    const namespace = await deployer.newNamespace('versions');
    const first = {
      ...autoscaler('web', 'web'),
      apiVersion: 'autoscaling/v1',
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 9,
        targetCPUUtilizationPercentage: 70,
      },
    };
    const workspace = await deployFirst(namespace, [first]);
    const was = await snapshot(namespace);
    await writeShop({ namespace, workloads: [failing], objects: [autoscaler('web', 'web')] }, workspace);
    const step = await deployer.deploy(workspace, automatic);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back' });
    expect(await snapshot(namespace)).toEqual(was);
  });
});

describe('an object whose kind gets a second version', () => {
  const group = 'queues.example.org';
  const definition = (versions: readonly string[], stored = versions[0]): Manifest => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `queues.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Queue', plural: 'queues', singular: 'queue' },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === stored,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { size: { type: 'integer' }, colour: { type: 'string' } },
              },
            },
          },
        },
      })),
    },
  });
  const queue = (version: string, spec: Manifest): Manifest => ({
    apiVersion: `${group}/${version}`,
    kind: 'Queue',
    metadata: { name: 'mails' },
    spec,
  });
  const config = stringify({ 'cluster-scoped': [`CustomResourceDefinition/queues.${group}`] });
  const owner = (namespace: string) => ['-n', namespace, '--show-managed-fields', '-o', 'json'];

  async function queueOf(namespace: string): Promise<unknown> {
    const object = JSON.parse(
      await kubectl('get', `queues.v1.${group}`, 'mails', ...owner(namespace)),
    ) as Manifest;
    const {
      resourceVersion: _v,
      generation: _g,
      managedFields,
      ...metadata
    } = object['metadata'] as Manifest;
    const entries = (managedFields as readonly Manifest[]).map(({ time: _time, ...entry }) => entry);
    return { ...object, metadata: { ...metadata, managedFields: entries } };
  }

  test.each([
    ['served beside the first', 'v1', 'second'],
    ['and is the one that is stored from then on', 'v2', 'stored'],
  ])('is there afterwards, as it was: the version is %s', async (_title, stored, name) => {
    const namespace = await deployer.newNamespace(`kind-${name}`);
    await kubectl('delete', 'crd', `queues.${group}`, '--ignore-not-found');
    const files = { 'orion.yaml': config };
    const objects = [definition(['v1']), queue('v1', { size: 3 })];
    const workspace = await writeShop({ namespace, workloads: [web], objects, files });
    const first = await deployer.deploy(workspace, automatic);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
    const was = await queueOf(namespace);
    const after = [definition(['v1', 'v2'], stored), queue('v2', { size: 5, colour: 'red' })];
    await writeShop({ namespace, workloads: [failing], objects: after, files }, workspace);
    const step = await deployer.deploy(workspace, automatic);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', reason: 'unschedulable' });
    expect(await queueOf(namespace)).toEqual(was);
    const versions = JSON.parse(
      await kubectl('get', 'crd', `queues.${group}`, '-o', 'jsonpath={.spec.versions}'),
    ) as readonly Manifest[];
    expect(versions.map((version) => [version['name'], version['storage']])).toEqual(
      stored === 'v1'
        ? [['v1', true]]
        : [
            ['v1', true],
            ['v2', false],
          ],
    );
    if (stored === 'v2') expect(step.output).toContain('keeps version v2: objects may be stored in it');
  });
});

test('an object that this identity may create and not read is never taken for absent: nothing is written', async () => {
  const blind = await deployerFor('undo-blind', cluster, 'deploy-staging', {});
  const namespace = await deployer.newNamespace('blind');
  await blind.actIn(namespace);
  await kubectl(
    'create',
    'role',
    'writer',
    '-n',
    namespace,
    '--verb=create,patch,delete',
    '--resource=networkpolicies',
  );
  await kubectl('create', 'rolebinding', 'writer', '-n', namespace, '--role=writer', '--user=undo-blind');
  const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'all' } };
  await kubectlApply({ ...policy, metadata: { name: 'all', namespace }, spec: { podSelector: {} } });
  const was = await snapshot(namespace);
  const objects = [{ ...policy, spec: { podSelector: { matchLabels: { app: 'web' } } } }];
  const workspace = await writeShop({ namespace, workloads: [failing], objects });
  const step = await blind.deploy(workspace, automatic);
  await blind.close();
  expect(step.outputs, step.output).toMatchObject({ outcome: 'failed', 'exit-code': '1' });
  expect(await snapshot(namespace)).toEqual(was);
});
