/** docs/role.yaml is what a deployer needs, and no more: by the audit log of releases of every kind that it names. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { type AuditEntry, type Deployer, deployerFor, type Inputs } from '../support/actions/deployer.ts';
import { type Rule, shippedRules } from '../support/actions/deployer-role.ts';
import { type Manifest, type Shop, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-role-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('least', cluster, 'deploy-staging', {});
}, startTimeout);

afterAll(async () => {
  await deployer?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Hollow pods answer no requests. */
const inputs: Inputs = { 'skip-tests': 'true', settle: '0s', rollback: 'automatic' };

/** Every kind of the Role; `more` fields change them all. */
function shopOf(namespace: string, version: string, failing: boolean): Shop {
  const object = (apiVersion: string, kind: string, fields: Manifest = {}, name = 'web'): Manifest => ({
    apiVersion,
    kind,
    metadata: { name, labels: { version } },
    ...fields,
  });
  const pod = (name: string): Manifest => ({
    metadata: { labels: { app: name } },
    spec: {
      containers: [{ name: 'main', image: 'registry.test/main:1', env: [{ name: 'V', value: version }] }],
    },
  });
  const set = (name: string): Manifest => ({ selector: { matchLabels: { app: name } }, template: pod(name) });
  const job = { ...pod('once'), spec: { ...(pod('once')['spec'] as Manifest), restartPolicy: 'Never' } };
  return {
    namespace,
    workloads: [
      {
        name: 'web',
        container: { env: [{ name: 'V', value: version }] },
        ...(failing
          ? { pod: { nodeSelector: { nowhere: 'true' } }, spec: { progressDeadlineSeconds: 3 } }
          : {}),
      },
    ],
    objects: [
      object('v1', 'ConfigMap', { data: { version } }),
      object('v1', 'Secret', { data: { version: Buffer.from(`version-${version}`).toString('base64') } }),
      object('v1', 'ServiceAccount'),
      object('v1', 'Service', { spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }),
      object('apps/v1', 'StatefulSet', { spec: { serviceName: 'db', ...set('db') } }, 'db'),
      object('apps/v1', 'DaemonSet', { spec: set('agent') }, 'agent'),
      object('batch/v1', 'Job', { spec: { template: job } }, `once-${version}`),
      object('policy/v1', 'PodDisruptionBudget', {
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      }),
      object('networking.k8s.io/v1', 'Ingress', {
        spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
      }),
      object('autoscaling/v2', 'HorizontalPodAutoscaler', {
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
          minReplicas: 1,
          maxReplicas: 3,
        },
      }),
    ],
  };
}

/** What hollow pods have no use for: tests on the real node use it, under this Role as well. */
const ofRealPods = [
  'pods/log get', // deploy-failures.test.ts: the last lines of a container that crashed
  'pods/proxy get', // smoke.test.ts, where port-forward is not allowed
  'pods/portforward create', // smoke.test.ts
  'pods/portforward get', // port-forward.test.ts: over a websocket
  'services/proxy get', // smoke-reach.test.ts: the last way to a Service
  'pods delete', // undo.test.ts: a pod that keeps its StatefulSet back
];

function permissionsOf(rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${nameOf(group, resource)} ${verb}`)),
    ),
  );
}

const nameOf = (group: string, resource: string): string =>
  group === '' ? resource : `${resource}.${group}`;

/** What a request needed: a server-side apply that makes the object needs `create` as well. */
function usedBy({ verb, objectRef, responseStatus }: AuditEntry): readonly string[] {
  const { apiGroup = '', resource = '', subresource } = objectRef ?? {};
  const name = nameOf(apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`);
  return verb === 'patch' && responseStatus?.code === 201
    ? [`${name} patch`, `${name} create`]
    : [`${name} ${verb}`];
}

test('each permission of it is used, and nothing else is asked for', async () => {
  const namespace = await deployer.newNamespace('least');
  const workspace = await writeShop(shopOf(namespace, '1', true));
  const since = Date.now();
  const deploy = async (outcome: string): Promise<void> => {
    const { outputs, output } = await deployer.deploy(workspace, inputs);
    expect(outputs, output).toMatchObject({ outcome });
    expect(output).not.toMatch(/forbidden|without the permission/);
  };
  // Made and deleted again, made for good, changed and restored, pruned.
  await deploy('rolled-back');
  await writeShop(shopOf(namespace, '1', false), workspace);
  await deploy('succeeded');
  await writeShop(shopOf(namespace, '2', true), workspace);
  await deploy('rolled-back');
  await writeShop({ namespace, workloads: [{ name: 'web' }] }, workspace);
  await deploy('succeeded');

  const requests = (await deployer.requestsSince(since)).filter(({ objectRef }) => objectRef !== undefined);
  const ofNamespace = requests.filter(({ objectRef }) => objectRef?.namespace === namespace);
  const used = new Set(ofNamespace.flatMap(usedBy));
  const { Role } = await shippedRules();
  const given = permissionsOf(Role);
  expect(given.filter((permission) => !used.has(permission)).sort()).toEqual(ofRealPods.toSorted());
  const refused = requests.filter(({ responseStatus }) => responseStatus?.code === 403);
  expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
});
