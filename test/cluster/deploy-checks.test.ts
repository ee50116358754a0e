/** deploy-staging where no real pods are needed: what is refused before anything is changed, plans, adoption, warnings. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { runCommand } from '../../testbed/binaries/run-command.ts';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { changes, type Deployer, deployerFor, type Inputs } from '../support/actions/deployer.ts';
import { overlayPath, probe, restricted, type Shop, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';

let cluster: Cluster;
let stateDirectory: string;
let deployer: Deployer;
/** For releases that make their namespace. */
let maker: Deployer;

beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'orion-deploy-'));
  cluster = await startCluster({ stateDirectory, node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('checks', cluster, 'deploy-staging', {});
  maker = await deployerFor('maker', cluster);
}, startTimeout);

afterAll(async () => {
  await maker?.close();
  await deployer?.close();
  await cluster?.stop();
  await rm(stateDirectory, { recursive: true, force: true });
});

const web = { name: 'web' };

/** Hollow pods answer no requests. */
const hollow: Inputs = { 'skip-tests': 'true', settle: '0s' };

async function deployShop(
  shop: Shop,
  inputs: Inputs = {},
  by = deployer,
): Promise<StepResult & { readonly workspace: string }> {
  const workspace = await writeShop(shop);
  return { ...(await by.deploy(workspace, { ...hollow, ...inputs })), workspace };
}

/** What is true of every run that is refused: one cause, one remedy, no trace of our insides, nothing changed. */
async function expectRefused(step: StepResult, reason: string, since: number): Promise<void> {
  expect(step.outputs, step.output).toMatchObject({ outcome: 'failed', 'exit-code': '1', reason });
  expect(step.exitCode).toBe(1);
  expect(step.output).not.toMatch(/\n\s+at \S+.*:\d+:\d+/);
  expect(step.output).toContain('What to do next:');
  expect(step.summary).toContain('❌');
  expect(step.annotations.some((line) => line.startsWith('::error'))).toBe(true);
  expect((await deployer.requestsSince(since)).filter(changes)).toEqual([]);
}

async function expectShopRefused(shop: Shop, reason: string, inputs: Inputs = {}) {
  const since = Date.now();
  const step = await deployShop(shop, inputs);
  await expectRefused(step, reason, since);
  return step;
}

function errors(step: StepResult): string {
  return step.annotations.filter((line) => line.startsWith('::error')).join('\n');
}

describe('inputs and environment', () => {
  const shop: Shop = { namespace: 'inputs', workloads: [web] };

  test.each<[string, Inputs, string, RegExp]>([
    ['an unknown input', { settel: '2s' }, 'unknown-input', /settle/],
    ['a bad duration', { timeout: '5 minutes' }, 'bad-input', /timeout/],
    ['a missing overlay', { overlay: 'k8s/overlays/stagin' }, 'overlay-missing', /k8s\/overlays\/staging/],
    ['a kubeconfig that is not there', { kubeconfig: '/nowhere/config' }, 'kubeconfig-unreadable', /ENOENT/],
    ['a kubeconfig that is none', { kubeconfig: 'a: [\nb' }, 'kubeconfig-unreadable', /YAML/],
    ['a context that is not there', { context: 'elsewhere' }, 'bad-input', /context/],
  ])('%s', async (_what, inputs, reason, words) => {
    const step = await expectShopRefused(shop, reason, inputs);
    expect(step.output).toMatch(words);
    expect(errors(step)).toMatch(words);
  });

  async function kubeconfigWith(change: (config: ReturnType<typeof parse>) => void): Promise<string> {
    const config = parse(await readFile(deployer.kubeconfig, 'utf8'));
    change(config);
    return stringify(config);
  }

  test('a server that nobody is behind', async () => {
    const kubeconfig = await kubeconfigWith((config) => {
      config.clusters[0].cluster.server = 'https://127.0.0.1:9';
    });
    const step = await expectShopRefused(shop, 'cluster-unreachable', { kubeconfig });
    expect(step.output).toContain('127.0.0.1:9');
    expect(step.milliseconds).toBeLessThan(30_000);
  });

  test('a token that the server does not know', async () => {
    const kubeconfig = await kubeconfigWith((config) => {
      config.users[0].user = { token: 'not-a-token-of-this-cluster' };
    });
    const step = await expectShopRefused(shop, 'unauthorized', { kubeconfig });
    expect(step.output.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain('not-a-token-of-this-cluster');
  });

  test('an identity without permissions gets the Role rules to paste', async () => {
    await deployer.newNamespace('nobody');
    const kubeconfig = await cluster.controlPlane.issueKubeconfig('nobody', 'nobody');
    const since = Date.now();
    const step = await deployShop({ namespace: 'nobody', workloads: [web] }, { kubeconfig });
    await expectRefused(step, 'permission-missing', since);
    for (const text of [step.output, step.summary]) {
      expect(text).toContain('nobody');
      expect(text).toMatch(/- apiGroups: \["?'?apps/);
      expect(text).toContain('patch');
    }
  });
});

describe('the overlay against the cluster: references and quotas', () => {
  test('a Secret without the key that a pod needs, and a ConfigMap that is not there', async () => {
    await deployer.newNamespace('keys');
    await deployer.api.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'given', namespace: 'keys' },
      stringData: { USER: 'somebody' },
    });
    const env = [
      { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'given', key: 'PASSWORD' } } },
      { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LEVEL' } } },
      { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'absent', key: 'COLOUR' } } },
    ];
    const step = await expectShopRefused(
      {
        namespace: 'keys',
        workloads: [{ ...web, container: { env } }],
        kustomization: { configMapGenerator: [{ name: 'settings', literals: ['COLOUR=blue'] }] },
      },
      'secret-key-missing',
    );
    for (const text of [step.output, step.summary]) {
      expect(text).toContain('PASSWORD');
      expect(text).toContain('LEVEL');
      expect(text).toContain('absent');
    }
    const lines = (await readFile(join(step.workspace, 'k8s/base/shop.yaml'), 'utf8')).split('\n');
    const line = lines.findIndex((text) => text.includes('key: PASSWORD')) + 1;
    expect(errors(step)).toContain(`file=k8s/base/shop.yaml,line=${line}`);
  });

  test('a quota that forbids the pods', async () => {
    await deployer.newNamespace('quota');
    await deployer.api.create({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace: 'quota' },
      spec: { hard: { 'requests.memory': '64Mi' } },
    });
    const resources = { requests: { memory: '128Mi', cpu: '10m' }, limits: { memory: '128Mi' } };
    await deployer.api.get({ apiVersion: 'v1', kind: 'ResourceQuota', namespace: 'quota', name: 'small' });
    const step = await expectShopRefused(
      { namespace: 'quota', workloads: [{ ...web, container: { resources } }] },
      'quota-exceeded',
    );
    for (const text of [step.output, step.summary]) expect(text).toContain('small');
  });
});

describe('the overlay against the cluster: admission and its warnings', () => {
  test('a pod that restricted pod security refuses', async () => {
    await deployer.newNamespace('restricted', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    const step = await expectShopRefused({ namespace: 'restricted', workloads: [web] }, 'pod-rejected');
    expect(step.summary).toContain('allowPrivilegeEscalation');
    const fine = await deployShop({
      namespace: 'restricted',
      workloads: [{ ...web, container: { securityContext: restricted } }],
    });
    expect(fine.outputs, fine.output).toMatchObject({ outcome: 'succeeded' });
  });

  test('what the server warns of is kept as an annotation, at the preview or not before apply', async () => {
    // The overlay brings its namespace, so the label that makes the server warn is there a wave later.
    const shop: Shop = {
      namespace: 'warned',
      workloads: [web],
      objects: [
        {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'warned', labels: { 'pod-security.kubernetes.io/warn': 'restricted' } },
        },
      ],
    };
    const first = await deployShop(shop, {}, maker);
    const second = await deployShop({ ...shop, workloads: [{ ...web, replicas: 2 }] }, {}, maker);
    for (const step of [first, second]) {
      expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
      const warnings = step.annotations.filter((line) => line.startsWith('::warning'));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain('would violate PodSecurity');
      expect(warnings[0]).toContain('file=k8s/base/shop.yaml,line=1');
      expect(step.summary).toContain('would violate PodSecurity');
    }
  });

  test('an admission policy that refuses one object of a later wave', async () => {
    await deployer.newNamespace('policy');
    const shop: Shop = {
      namespace: 'policy',
      workloads: [{ ...web, container: { readinessProbe: probe('/') } }],
      objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'first' }, data: { a: '1' } }],
    };
    await deployer.api.create({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'not-really' },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'policy' } },
        },
        // Lets the preview through, as a webhook that was deployed in between would.
        validations: [{ expression: 'request.dryRun', message: 'no deployments on Fridays' }],
      },
    });
    await deployer.api.create({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'not-really' },
      spec: { policyName: 'not-really', validationActions: ['Deny'] },
    });
    // The policy is enforced a moment after it was made.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const step = await deployShop(shop);
    expect(step.outputs, step.output).toMatchObject({
      outcome: 'failed',
      'exit-code': '2',
      reason: 'apply-failed',
    });
    for (const text of [step.output, step.summary]) expect(text).toContain('no deployments on Fridays');
    const { releases } = await deployer.records('policy').list('shop');
    expect(releases[0]?.head).toMatchObject({ status: 'failed', phase: 'apply' });
  });
});

describe('plans', () => {
  test('a dry run shows the diff and changes nothing; its digest is accepted, another refused', async () => {
    const namespace = await deployer.newNamespace('plans');
    const workspace = await writeShop({ namespace, workloads: [web] });
    const first = await deployer.deploy(workspace, hollow);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });

    await writeShop({ namespace, workloads: [{ ...web, replicas: 3 }] }, workspace);
    const since = Date.now();
    const plan = await deployer.deploy(workspace, { ...hollow, 'dry-run': 'true' });
    expect(plan.outputs, plan.output).toMatchObject({
      outcome: 'planned',
      'exit-code': '0',
      reason: 'dry-run',
      changed: '1',
      'previous-release': 'orion-shop-1',
    });
    for (const text of [plan.output, plan.summary]) expect(text).toMatch(/\+\s*replicas: 3/);
    const wrong = await deployer.deploy(workspace, { ...hollow, 'expect-plan': `sha256:${'0'.repeat(64)}` });
    expect(wrong.outputs, wrong.output).toMatchObject({ 'exit-code': '1', reason: 'plan-moved' });
    expect((await deployer.requestsSince(since)).filter(changes)).toEqual([]);

    const right = await deployer.deploy(workspace, {
      ...hollow,
      'expect-plan': plan.outputs['plan-digest'] ?? '',
    });
    expect(right.outputs, right.output).toMatchObject({ outcome: 'succeeded', changed: '1' });
  });

  test('a dry run into a namespace that does not exist leaves none behind', async () => {
    const step = await deployShop({ namespace: 'not-yet', workloads: [web] }, { 'dry-run': 'true' }, maker);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'planned' });
    expect(await deployer.api.get({ apiVersion: 'v1', kind: 'Namespace', name: 'not-yet' })).toBeUndefined();
  });
});

async function kubectl(...words: readonly string[]): Promise<void> {
  await runCommand('kubectl', ['--kubeconfig', cluster.kubeconfig, ...words]);
}

async function deployment(namespace: string) {
  const live = await deployer.api.get({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace,
    name: 'web',
  });
  if (live === undefined) throw new Error('There is no Deployment web.');
  return live;
}

describe('what others made: adoption and conflicts', () => {
  test('objects of kubectl apply are adopted: a field that the overlay no longer has goes', async () => {
    const namespace = await deployer.newNamespace('adopted');
    const old: Shop = {
      namespace,
      workloads: [{ ...web, spec: { minReadySeconds: 1, revisionHistoryLimit: 3 } }],
    };
    const workspace = await writeShop(old);
    await kubectl('apply', '-k', join(workspace, overlayPath));
    await writeShop({ namespace, workloads: [{ ...web, spec: { minReadySeconds: 1 } }] }, workspace);
    const step = await deployer.deploy(workspace, hollow);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
    const live = await deployment(namespace);
    // 10 is what the server writes where nobody says anything.
    expect(live['spec']).toMatchObject({ minReadySeconds: 1, revisionHistoryLimit: 10 });
    const managers = (live.metadata.managedFields ?? []).map(({ manager }) => manager);
    expect(managers).toContain('orion');
    expect(managers).not.toContain('kubectl-client-side-apply');
    const again = await deployer.deploy(workspace, hollow);
    expect(again.outputs, again.output).toMatchObject({ outcome: 'unchanged' });
  });

  test('a field that another manager owns is a conflict, unless it may be adopted', async () => {
    const namespace = await deployer.newNamespace('conflicts');
    const workspace = await writeShop({ namespace, workloads: [web] });
    await deployer.deploy(workspace, hollow);
    await kubectl(
      '-n',
      namespace,
      'patch',
      'deployment',
      'web',
      '--field-manager=intern',
      '-p',
      '{"spec":{"minReadySeconds":7}}',
    );
    await writeShop({ namespace, workloads: [{ ...web, spec: { minReadySeconds: 1 } }] }, workspace);
    const since = Date.now();
    const step = await deployer.deploy(workspace, hollow);
    await expectRefused(step, 'conflict', since);
    for (const text of [step.output, step.summary, errors(step)]) {
      expect(text).toContain('minReadySeconds');
      expect(text).toContain('intern');
    }
    const adopting = await deployer.deploy(workspace, { ...hollow, adopt: 'intern' });
    expect(adopting.outputs, adopting.output).toMatchObject({ outcome: 'succeeded' });
    expect((await deployment(namespace))['spec']).toMatchObject({ minReadySeconds: 1 });
  });
});

describe('what others made: autoscalers and other tools', () => {
  test('replicas that an autoscaler set stay, although the overlay says another number', async () => {
    const namespace = await deployer.newNamespace('scaled');
    const autoscaler = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 9,
      },
    };
    const shop: Shop = { namespace, workloads: [{ ...web, replicas: 2 }], objects: [autoscaler] };
    const workspace = await writeShop(shop);
    await deployer.deploy(workspace, hollow);
    await kubectl('-n', namespace, 'scale', 'deployment', 'web', '--replicas=4');
    const changed = { ...shop, workloads: [{ ...web, replicas: 2, spec: { minReadySeconds: 1 } }] };
    await writeShop(changed, workspace);
    const step = await deployer.deploy(workspace, hollow);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
    expect((await deployment(namespace))['spec']).toMatchObject({ replicas: 4, minReadySeconds: 1 });
  });

  test('an object of another tool is left to it', async () => {
    const namespace = await deployer.newNamespace('helm');
    const workspace = await writeShop({
      namespace,
      workloads: [],
      objects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } }],
    });
    await deployer.api.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace, annotations: { 'meta.helm.sh/release-name': 'shop' } },
    });
    const since = Date.now();
    await expectRefused(await deployer.deploy(workspace, hollow), 'managed-by-other-tool', since);
  });
});
