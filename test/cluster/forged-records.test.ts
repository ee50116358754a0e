/**
 * A release record is a Secret: whoever may write Secrets in the namespace can write one. The deployer may do everything here, so that
 * nothing but Orion's own rules stands between a record that somebody made and the rest of the cluster.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodySecret, headSecret } from '../../src/cluster/release-store/secrets.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import type { ReleaseBody, ReleaseHead, StateBefore } from '../../src/domain/release/record.ts';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { type Deployer, deployerFor, type Inputs } from '../support/actions/deployer.ts';
import { type Manifest, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { kubectlOf } from '../support/cluster/snapshot.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;
let phases: Deployer;
let bank: Deployer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-forged-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('forged', cluster, 'deploy-staging', {});
  phases = await deployerFor('forged-phases', cluster, 'phase', {});
  bank = await deployerFor('bank', cluster, 'deploy-staging', {});
  for (const user of ['forged', 'forged-phases'])
    await kubectl('create', 'clusterrolebinding', user, '--clusterrole=cluster-admin', `--user=${user}`);
}, startTimeout);

afterAll(async () => {
  await Promise.all([deployer, phases, bank].map((one) => one?.close()));
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const kubectl = (...options: readonly string[]): Promise<string> => kubectlOf(cluster.kubeconfig, ...options);
/** Hollow pods answer no requests. */
const quick: Inputs = { 'skip-tests': 'true', settle: '0s' };
const key = 'a key of more than thirty-two characters';

async function newNamespace(name: string): Promise<string> {
  await phases.actIn(await deployer.newNamespace(name));
  return name;
}

const configMap = (name: string, data: Manifest): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

const head = (number: number, more: Partial<ReleaseHead> = {}): Omit<ReleaseHead, 'body'> => ({
  version: 1,
  app: 'shop',
  number,
  status: 'failed',
  overlay: 'k8s/overlays/staging',
  run: { holder: 'nobody' },
  phase: 'rollout',
  jobInSteps: false,
  startedAt: new Date().toISOString(),
  planDigest: 'sha256:0',
  rollback: 'automatic',
  ...more,
});

async function forge(
  namespace: string,
  body: Partial<ReleaseBody>,
  made: Omit<ReleaseHead, 'body'> = head(70),
): Promise<void> {
  const whole = { rendered: [], before: [], inventory: [], ...body };
  const result = await deployer.records(namespace).create(made, whole);
  expect(result.type).toBe('stored');
}

const referenceTo = (namespace: string, name: string, kind = 'ConfigMap', apiVersion = 'v1') => ({
  apiVersion,
  kind,
  namespace,
  name,
});

async function uidOf(namespace: string, name: string): Promise<string> {
  return kubectl('get', name, '-n', namespace, '-o', 'jsonpath={.metadata.uid}');
}

const admin = (name: string): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
});

/** What others have in the cluster, and a record that would change or delete it. */
async function forgedIn(namespace: string) {
  const others = `${namespace}-others`;
  await bank.newNamespace(others);
  const workspace = await writeShop({ namespace: others, workloads: [{ name: 'ledger' }] });
  const step = await bank.deploy(workspace, { ...quick, app: 'bank' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  await kubectl('create', 'configmap', 'coredns', '-n', others, '--from-literal=Corefile=.:53');
  await kubectl('create', 'configmap', 'of-others', '-n', namespace, '--from-literal=a=1');
  const uids = {
    ledger: await uidOf(others, 'deployment/ledger'),
    coredns: await uidOf(others, 'configmap/coredns'),
    ofOthers: await uidOf(namespace, 'configmap/of-others'),
  };
  const fields = { 'f:data': { 'f:Corefile': {} } };
  const object = (made: Manifest): NonNullable<StateBefore['restore']> =>
    made as NonNullable<StateBefore['restore']>;
  const restored = {
    ...configMap('coredns', { Corefile: 'evil' }),
    metadata: { name: 'coredns', namespace: others },
  };
  const inventory = [
    { reference: referenceTo(others, 'ledger', 'Deployment', 'apps/v1'), uid: uids.ledger, made: true },
    { reference: referenceTo(others, 'coredns'), uid: uids.coredns, made: true },
    { reference: referenceTo(namespace, 'of-others'), uid: uids.ofOthers, made: true },
  ];
  const before: StateBefore[] = [
    {
      reference: referenceTo(namespace, 'settings'),
      presence: 'present',
      restore: object(admin(namespace)),
      fields: { 'f:roleRef': {} },
      ownership: [],
    },
    {
      reference: referenceTo(others, 'coredns'),
      presence: 'present',
      restore: object(restored),
      fields,
      ownership: [],
    },
    ...inventory
      .toSpliced(1, 1)
      .map(
        ({ reference }): StateBefore => ({ reference, presence: 'absent', absentAt: '2000-01-01T00:00:00Z' }),
      ),
  ];
  return { body: { before, inventory }, others, uids };
}

async function expectUntouched(
  namespace: string,
  others: string,
  uids: Record<string, string>,
): Promise<void> {
  expect(await kubectl('get', 'clusterrolebinding', namespace, '--ignore-not-found')).toBe('');
  expect(await uidOf(others, 'deployment/ledger')).toBe(uids['ledger']);
  expect(await uidOf(others, 'configmap/coredns')).toBe(uids['coredns']);
  expect(await uidOf(namespace, 'configmap/of-others')).toBe(uids['ofOthers']);
  expect(await kubectl('get', 'configmap', 'coredns', '-n', others, '-o', 'jsonpath={.data.Corefile}')).toBe(
    '.:53',
  );
}

describe('what a forged record asks for outside of the release’s reach is refused, and said', () => {
  test('in production, by phase: rollback', async () => {
    const namespace = await newNamespace('forged-rollback');
    const workspace = await writeShop({
      namespace,
      workloads: [],
      objects: [configMap('settings', { a: '1' })],
    });
    await deployer.deploy(workspace, quick);
    const { body, others, uids } = await forgedIn(namespace);
    await forge(namespace, body);
    const step = await phases.deploy(workspace, {
      ...quick,
      phase: 'rollback',
      environment: 'production',
      namespace,
    });
    await expectUntouched(namespace, others, uids);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rollback-failed' });
    expect(step.output).toContain(
      'ConfigMap settings is not restored, although the release record asks for it',
    );
    expect(step.output).toContain('holds another object: somebody has changed the record');
    expect(step.output).toContain(
      'ConfigMap coredns is not restored, although the release record asks for it',
    );
    expect(step.output).toContain(
      'Deployment ledger is not deleted, although the release record asks for it',
    );
    expect(step.output).toContain(
      'ConfigMap of-others is kept: it is not proven that this release created it',
    );
  });

  test('by the rollback of the release that took its state over', async () => {
    const namespace = await newNamespace('forged-takeover');
    const { body, others, uids } = await forgedIn(namespace);
    await forge(namespace, body);
    const workspace = await writeShop({
      namespace,
      workloads: [
        { name: 'web', pod: { nodeSelector: { nowhere: 'true' } }, spec: { progressDeadlineSeconds: 3 } },
      ],
      objects: [configMap('settings', { a: '2' })],
    });
    const step = await deployer.deploy(workspace, { ...quick, rollback: 'automatic', timeout: '20s' });
    await expectUntouched(namespace, others, uids);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back' });
    expect(step.output).toContain('ConfigMap settings is not taken over from orion-shop-70');
    expect(step.output).toContain('Deployment ledger is not taken over from orion-shop-70');
    expect(await kubectl('get', 'configmap,deployment', '-n', namespace, '-o', 'name')).not.toContain(
      'settings',
    );
  });
});

describe('with a record-key', () => {
  const signed: Inputs = { ...quick, 'record-key': key };

  test('records are signed and read again; one that is not is named, and nothing of it is done', async () => {
    const namespace = await newNamespace('signed');
    const workspace = await writeShop({
      namespace,
      workloads: [],
      objects: [configMap('settings', { a: '1' })],
    });
    const first = await deployer.deploy(workspace, signed);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded', release: 'orion-shop-1' });
    const restore = { ...configMap('settings', { a: 'forged' }), metadata: { name: 'settings', namespace } };
    const before = {
      reference: referenceTo(namespace, 'settings'),
      presence: 'present',
      restore,
    } as StateBefore;
    await forge(namespace, { before: [{ ...before, fields: { 'f:data': { 'f:a': {} } } }] }, head(2));
    await writeShop({ namespace, workloads: [], objects: [configMap('settings', { a: '2' })] }, workspace);
    const second = await deployer.deploy(workspace, signed);
    expect(second.outputs, second.output).toMatchObject({ outcome: 'succeeded', release: 'orion-shop-3' });
    expect(second.output).toContain('Release record orion-shop-2 is not signed with the key of this run');
    const back = await phases.deploy(workspace, { ...signed, phase: 'rollback', namespace });
    expect(back.outputs, back.output).toMatchObject({ outcome: 'rolled-back' });
    expect(await kubectl('get', 'configmap', 'settings', '-n', namespace, '-o', 'jsonpath={.data.a}')).toBe(
      '1',
    );
    expect(`${first.output}${second.output}${back.output}`).not.toContain(key);
  });

  test('a signed record that is copied to another number is none', async () => {
    const namespace = await newNamespace('copied');
    const workspace = await writeShop({
      namespace,
      workloads: [],
      objects: [configMap('settings', { a: '1' })],
    });
    await deployer.deploy(workspace, signed);
    const secret = await deployer.api.get({
      apiVersion: 'v1',
      kind: 'Secret',
      namespace,
      name: 'orion-shop-1',
    });
    const { labels = {} } = secret?.metadata ?? {};
    const copy = { ...secret, metadata: { namespace, name: 'orion-shop-9', labels } };
    await deployer.api.create(copy as unknown as KubernetesObject);
    const step = await deployer.deploy(workspace, signed);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'unchanged' });
    expect(step.output).toContain('Release record orion-shop-9 is not signed');
  });

  test('that is too short is refused before anything is done', async () => {
    const namespace = await newNamespace('short-key');
    const workspace = await writeShop({ namespace, workloads: [] });
    const step = await deployer.deploy(workspace, { ...quick, 'record-key': 'short' });
    expect(step.outputs, step.output).toMatchObject({
      outcome: 'failed',
      'exit-code': '1',
      reason: 'bad-input',
    });
  });
});

describe('a damaged record ends no deployment', () => {
  const packed = (bytes: Buffer) => ({ bytes, sha256: createHash('sha256').update(bytes).digest('hex') });
  const spaces = gzipSync(Buffer.alloc(100 * 2 ** 20, ' '));

  async function createHead(namespace: string, made: ReleaseHead, release?: Buffer): Promise<void> {
    const secret = headSecret(made, { namespace });
    const data = release === undefined ? secret['data'] : { release: release.toString('base64') };
    await deployer.api.create({ ...secret, data } as KubernetesObject);
  }

  test.each<[title: string, bytes: Buffer]>([
    ['no JSON', gzipSync('no json: hunter2')],
    ['null', gzipSync('null')],
    ['more than any body', spaces],
  ])('whose body is %s', async (title, bytes) => {
    const namespace = await newNamespace(`body-${title.replaceAll(' ', '-').toLowerCase()}`);
    const { sha256 } = packed(bytes);
    const made: ReleaseHead = { ...head(7), body: { chunks: 1, sha256 } };
    await deployer.api.create(bodySecret(namespace, made, sha256, 0, bytes));
    await createHead(namespace, made);
    const workspace = await writeShop({
      namespace,
      workloads: [],
      objects: [configMap('settings', { a: '1' })],
    });
    const step = await deployer.deploy(workspace, quick);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', release: 'orion-shop-8' });
    expect(step.output).toContain('The body of the release record orion-shop-7 is incomplete or damaged');
  });

  test('whose head is a bomb, has a number beyond all numbers, or a name that says so', async () => {
    const namespace = await newNamespace('damaged-heads');
    const body = { chunks: 1, sha256: 'a'.repeat(64) };
    await createHead(namespace, { ...head(1), body }, spaces);
    await createHead(namespace, { ...head(Number.MAX_SAFE_INTEGER), body });
    const bomb = headSecret({ ...head(2), body }, { namespace });
    const named = { ...bomb, metadata: { ...bomb.metadata, name: 'orion-shop-99999999999999999999999' } };
    await deployer.api.create(named as KubernetesObject);
    const workspace = await writeShop({
      namespace,
      workloads: [],
      objects: [configMap('settings', { a: '1' })],
    });
    const step = await deployer.deploy(workspace, quick);
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', release: 'orion-shop-2' });
    expect(step.output).toContain('Release record orion-shop-1 cannot be read');
    expect((await deployer.deploy(workspace, quick)).outputs).toMatchObject({ outcome: 'unchanged' });
  });
});
