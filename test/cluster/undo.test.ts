/** `rollback: automatic` is exact (release state rows 6, 7, 24): what kubectl shows before and after is compared, not what Orion says. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { type Deployer, deployerFor, type Inputs, until } from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { type Manifest, type ShopWorkload, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { kubectlOf, refuseBudget, snapshotOf } from '../support/cluster/snapshot.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-undo-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('undo', cluster, 'deploy-staging', {
    also: [
      rulesFor('rbac.authorization.k8s.io', ['roles']),
      rulesFor('networking.k8s.io', ['networkpolicies']),
      // Whoever makes a Role must have what it grants.
      rulesFor('', ['pods']),
    ],
  });
}, startTimeout);

afterAll(async () => {
  await deployer?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Hollow pods answer no requests. */
const automatic: Inputs = { 'skip-tests': 'true', settle: '0s', rollback: 'automatic' };

const kubectl = (...options: readonly string[]): Promise<string> => kubectlOf(cluster.kubeconfig, ...options);
const snapshot = (namespace: string) => snapshotOf(cluster.kubeconfig, namespace);

async function kubectlApply(object: Manifest, ...options: readonly string[]): Promise<void> {
  const file = join(folder, 'object.json');
  await writeFile(file, JSON.stringify(object));
  await kubectl('apply', '-f', file, ...options);
}

function object(apiVersion: string, kind: string, name: string, fields: Manifest = {}): Manifest {
  const { metadata, ...rest } = fields as { metadata?: Manifest };
  return { apiVersion, kind, metadata: { name, ...metadata }, ...rest };
}

const configMap = (name: string, data: Manifest, metadata: Manifest = {}): Manifest =>
  object('v1', 'ConfigMap', name, { metadata, data });

const budget = (name: string, minAvailable: number): Manifest =>
  object('policy/v1', 'PodDisruptionBudget', name, {
    spec: { minAvailable, selector: { matchLabels: { app: 'web' } } },
  });

const service = (spec: Manifest): Manifest =>
  object('v1', 'Service', 'web', { spec: { selector: { app: 'web' }, ...spec } });

const statefulSet = (image: string): Manifest =>
  object('apps/v1', 'StatefulSet', 'db', {
    spec: {
      serviceName: 'db',
      replicas: 1,
      selector: { matchLabels: { app: 'db' } },
      template: {
        metadata: { labels: { app: 'db' } },
        spec: { containers: [{ name: 'db', image, args: ['--one', '--two'] }] },
      },
    },
  });

/** The server copies the template's labels to a Job that has none itself, and nobody owns them there. */
const job = (labels: Manifest): Manifest =>
  object('batch/v1', 'Job', 'once', {
    metadata: { labels },
    spec: {
      template: {
        metadata: { labels: { job: 'once' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.test/job:1' }] },
      },
    },
  });

/** As written, both managers want the same list; as the server has defaulted it since, a second apply is in conflict. */
const policy = (app: string, metadata: Manifest = {}): Manifest =>
  object('networking.k8s.io/v1', 'NetworkPolicy', 'shared', {
    metadata,
    spec: { podSelector: { matchLabels: { app } }, ingress: [{ ports: [{ port: 80 }] }] },
  });

const before: { readonly workloads: readonly ShopWorkload[]; readonly objects: readonly Manifest[] } = {
  workloads: [
    {
      name: 'web',
      replicas: 2,
      container: {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        ports: [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }],
        resources: { requests: { cpu: '0.01', memory: '16Mi' } },
      },
      spec: { minReadySeconds: 1 },
    },
  ],
  objects: [
    configMap(
      'plain',
      { a: '1', b: '2', gone: 'x' },
      { labels: { team: 'red' }, annotations: { note: 'old' } },
    ),
    object('v1', 'Secret', 'key', {
      type: 'Opaque',
      data: { token: Buffer.from('old-token-value').toString('base64') },
    }),
    object('v1', 'ServiceAccount', 'robot'),
    object('rbac.authorization.k8s.io/v1', 'Role', 'robot', {
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    service({
      type: 'NodePort',
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'more', port: 81, targetPort: 8081 },
      ],
    }),
    statefulSet('registry.test/db:1'),
    budget('web', 1),
    job({ team: 'red' }),
  ],
};

const after: typeof before = {
  workloads: [
    {
      name: 'web',
      replicas: 3,
      container: {
        env: [
          { name: 'B', value: '3' },
          { name: 'C', value: '4' },
        ],
        ports: [{ containerPort: 53 }],
      },
    },
    { name: 'extra' },
  ],
  objects: [
    configMap('plain', { a: '2', b: '2', added: 'y' }, { labels: { team: 'blue', tier: 'one' } }),
    object('v1', 'Secret', 'key', {
      type: 'Opaque',
      data: { token: Buffer.from('new-token-value').toString('base64') },
    }),
    object('v1', 'ServiceAccount', 'robot', { metadata: { annotations: { team: 'blue' } } }),
    object('rbac.authorization.k8s.io/v1', 'Role', 'robot', {
      rules: [{ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list'] }],
    }),
    service({ type: 'ClusterIP', ports: [{ name: 'http', port: 80, targetPort: 9090 }] }),
    statefulSet('registry.test/db:2'),
    budget('web', 2),
    configMap('added', { a: '1' }),
    budget('refused', 1),
    // Made before by others: kubectl apply, and a tool named `someone`.
    configMap('legacy', { a: '2' }),
    configMap('shared', { x: '2' }),
    policy('web'),
    job({}),
  ],
};

function expectOutcome(step: StepResult, outcome: string, reason: string, exitCode = 2): void {
  expect(step.outputs, step.output).toMatchObject({ outcome, reason, 'exit-code': String(exitCode) });
  expect(step.exitCode).toBe(exitCode);
}

async function statuses(namespace: string): Promise<readonly string[]> {
  return (await deployer.records(namespace).list('shop')).releases.map(({ head }) => head.status);
}

describe('rollback: automatic restores every field', () => {
  test('row 6: after a refused object every field of all others is what it was, and who owned it owns it', async () => {
    const namespace = await deployer.newNamespace('exact');
    const workspace = await writeShop({ namespace, ...before });
    const first = await deployer.deploy(workspace, automatic);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
    await kubectlApply(
      configMap('legacy', { a: '1', dropped: '1' }, { namespace, labels: { of: 'kubectl' } }),
    );
    await kubectlApply(
      configMap('shared', { x: '1', y: '1' }, { namespace }),
      '--server-side',
      '--field-manager=someone',
    );
    await kubectlApply(policy('all', { namespace }), '--server-side', '--field-manager=someone');
    const was = await snapshot(namespace);

    await refuseBudget(deployer.api, 'refused');
    await writeShop({ namespace, ...after }, workspace);
    const step = await deployer.deploy(workspace, {
      ...automatic,
      adopt: 'kubectl-client-side-apply,someone',
    });
    expectOutcome(step, 'rolled-back', 'apply-failed');
    expect(await snapshot(namespace)).toEqual(was);
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
    for (const text of [step.output, step.summary]) expect(text).toContain('no budget on Fridays');
    // The cause first, then the rollback.
    expect(step.output.indexOf('no budget on Fridays')).toBeLessThan(step.output.indexOf('Rolling back'));
    expect(step.output.replaceAll(/^::add-mask::.*$/gm, '')).not.toMatch(/(old|new)-token-value/);
  });

  test('row 6: in the rollout; what another manager changed meanwhile is left alone and named', async () => {
    const namespace = await deployer.newNamespace('unscheduled');
    const web: ShopWorkload = { name: 'web', replicas: 1 };
    const data = { theirs: '1', ours: '1' };
    const workspace = await writeShop({ namespace, workloads: [web], objects: [configMap('plain', data)] });
    const first = await deployer.deploy(workspace, automatic);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
    const was = await snapshot(namespace);

    const failing = { ...web, pod: { nodeSelector: { nowhere: 'true' } } };
    const changed = configMap('plain', { theirs: '2', ours: '2', removed: '2' });
    await writeShop(
      { namespace, workloads: [failing, { ...failing, name: 'new' }], objects: [changed] },
      workspace,
    );
    const running = await deployer.start(workspace, automatic);
    await until(
      'the new value',
      async () =>
        (await kubectl('get', 'configmap', 'plain', '-n', namespace, '-o', 'json')).includes('"ours": "2"') ||
        undefined,
    );
    await kubectl(
      'patch',
      'configmap',
      'plain',
      '-n',
      namespace,
      '--field-manager=somebody',
      '-p',
      '{"data":{"theirs":"3"}}',
    );
    const step = await running.result;
    expectOutcome(step, 'rolled-back', 'unschedulable');
    for (const text of [step.output, step.summary]) {
      expect(text).toContain('.data.theirs, changed since by somebody');
    }
    const now = await snapshot(namespace);
    expect(Object.keys(now)).toEqual(Object.keys(was));
    expect(now['Deployment web']).toEqual(was['Deployment web']);
    expect(now['ConfigMap plain']).toMatchObject({ data: { theirs: '3', ours: '1' } });
    expect((now['ConfigMap plain'] as { data: object }).data).not.toHaveProperty('removed');
    expect(step.summary).toMatch(/restored/);
  });
});

describe('rollback: automatic of a first release, and after a stop', () => {
  test('rows 6 and 24: a first release that fails leaves nothing, not even the namespace it made', async () => {
    const namespace = 'brought';
    const failing: ShopWorkload = { name: 'web', pod: { nodeSelector: { nowhere: 'true' } } };
    const workspace = await writeShop({
      namespace,
      workloads: [failing],
      objects: [configMap('plain', { a: '1' })],
    });
    const maker = await deployerFor('undo-maker', cluster);
    const step = await maker.deploy(workspace, automatic);
    await maker.close();
    expectOutcome(step, 'rolled-back', 'unschedulable');
    expect(step.output).toContain(`Namespace ${namespace} deleted`);
    await until('the end of the namespace', async () =>
      (await kubectl('get', 'namespaces', '-o', 'name')).includes(`/${namespace}\n`) ? undefined : true,
    );
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    'rows 11 and 12: stopped by %s, post undoes it, without knowing what was written',
    async (signal) => {
      const namespace = await deployer.newNamespace(`stopped-${signal.toLowerCase()}`);
      const web: ShopWorkload = { name: 'web' };
      const workspace = await writeShop({
        namespace,
        workloads: [web],
        objects: [configMap('a', { a: '1' })],
      });
      const first = await deployer.deploy(workspace, automatic);
      expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
      const was = await snapshot(namespace);
      const failing = { ...web, pod: { nodeSelector: { nowhere: 'true' } } };
      const objects = [configMap('a', { b: '2' }), configMap('new', { a: '1' })];
      await writeShop({ namespace, workloads: [failing, { ...failing, name: 'new' }], objects }, workspace);
      const running = await deployer.start(workspace, automatic);
      await until('the new Deployment', async () =>
        (await kubectl('get', 'deployments', '-n', namespace, '-o', 'name')).includes('/new')
          ? true
          : undefined,
      );
      running.process.kill(signal);
      const main = await running.result;
      expect(await statuses(namespace)).toEqual(['pending', 'deployed']);
      const post = await deployer.post(workspace, main, automatic);
      expect(post.exitCode, post.output).toBe(0);
      expect(await snapshot(namespace), post.output).toEqual(was);
      expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
      expect(post.summary).toContain('rolled back');
    },
  );
});

describe('rollback: automatic that the server refuses', () => {
  test('row 7: what the server refuses to put back is said with the command that puts it back', async () => {
    const namespace = await deployer.newNamespace('refusing');
    const web: ShopWorkload = { name: 'web' };
    // Whoever put the finalizer there would act on a deletion: so it is not deleted to be made anew.
    const finalizers = ['example.com/backup'];
    const plain = configMap('plain', { a: '1' }, { finalizers });
    const workspace = await writeShop({ namespace, workloads: [web], objects: [plain] });
    const first = await deployer.deploy(workspace, automatic);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
    // An immutable ConfigMap can never be changed back.
    const failing = { ...web, pod: { nodeSelector: { nowhere: 'true' } } };
    const locked = { ...configMap('plain', { a: '2' }, { finalizers }), immutable: true };
    const objects = [locked, configMap('new', { a: '1' })];
    await writeShop({ namespace, workloads: [failing], objects }, workspace);
    const step = await deployer.deploy(workspace, automatic);
    expectOutcome(step, 'rollback-failed', 'unschedulable');
    expect(await statuses(namespace)).toEqual(['failed', 'deployed']);
    for (const text of [step.output, step.summary]) {
      expect(text).toContain('ConfigMap plain was not restored');
      expect(text).toContain('kubectl delete ConfigMap new -n refusing');
    }
    const lines = step.summary.split('\n').map((line) => line.trim());
    const from = lines.findIndex((line) => line.startsWith('body='));
    const command = lines.slice(from, from + 5).join('\n');
    const released = '{"metadata":{"finalizers":null}}';
    await kubectl('patch', 'configmap', 'plain', '-n', namespace, '--type=merge', '-p', released);
    await kubectl('delete', 'configmap', 'plain', '-n', namespace);
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
    await promisify(execFile)('bash', ['-o', 'pipefail', '-c', command], { env });
    const now = (await snapshot(namespace))['ConfigMap plain'];
    expect(now).toMatchObject({ data: { a: '1' } });
    expect(now).not.toHaveProperty('immutable');
    // The Deployment was restored all the same.
    expect(JSON.stringify((await snapshot(namespace))['Deployment web'])).not.toContain('nowhere');
  });
});
