/** What Slack and annotations say of a failure that was undone, of an undo that failed, and of what post made of a cancel. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import {
  type Deployer,
  deployerFor,
  everythingShown,
  type Inputs,
  until,
} from '../support/actions/deployer.ts';
import { type Manifest, writeShop } from '../support/actions/shop-overlay.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';
import { kubectlOf, refuseBudget } from '../support/cluster/snapshot.ts';
import { startWebhook, token, type WebhookServer } from '../support/servers/slack-webhook.ts';

let cluster: Cluster;
let folder: string;
let deployer: Deployer;
let slack: WebhookServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-told-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 1 });
  deployer = await deployerFor('told', cluster, 'deploy-staging', {});
  await refuseBudget(deployer.api, 'refused');
}, startTimeout);

afterAll(async () => {
  await deployer?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  slack = await startWebhook();
});
afterEach(() => slack[Symbol.asyncDispose]());

const configMap = (a: string, more: Manifest = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'plain' },
  data: { a },
  ...more,
});
/** The server refuses it when the rest is applied. */
const refused: Manifest = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'refused' },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
};
const web = { name: 'web' };
const failing = { ...web, pod: { nodeSelector: { nowhere: 'true' } } };

/** Hollow pods answer no requests. */
const inputs = (): Inputs => ({
  'skip-tests': 'true',
  settle: '0s',
  rollback: 'automatic',
  'slack-webhook': slack.url,
});

/** A good release; nobody is told of it. */
async function deployed(namespace: string): Promise<string> {
  const workspace = await writeShop({ namespace, workloads: [web], objects: [configMap('1')] });
  const step = await deployer.deploy(workspace, inputs());
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded' });
  expect(slack.received).toEqual([]);
  return workspace;
}

/** What the messages say, block by block. */
function told(): readonly (readonly string[])[] {
  interface Block {
    readonly text?: { readonly text: string };
    readonly elements?: readonly { readonly text: string }[];
  }
  const blocks = slack.received.map(({ message }) => (message.blocks ?? []) as readonly Block[]);
  return blocks.map((one) =>
    one.flatMap(({ text, elements = [] }) =>
      [text, ...elements].flatMap((part) => (part ? [part.text] : [])),
    ),
  );
}

test('a failure that was undone is told once, with its cause, and calls nobody', async () => {
  const namespace = await deployer.newNamespace('told-undone');
  const workspace = await deployed(namespace);
  await writeShop({ namespace, workloads: [web], objects: [configMap('2'), refused] }, workspace);
  const step = await deployer.deploy(workspace, inputs());
  expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', reason: 'apply-failed' });
  const [message, ...others] = told();
  expect(others).toEqual([]);
  expect(message?.[0]).toBe('❌ Deployment of shop to staging failed and was rolled back');
  expect(message?.[1]).toMatch(
    /^\*apply-failed:\* .*no budget on Fridays.*\n\*Fix:\* .*\n\*Edit:\* .*k8s\/base\/shop\.yaml/,
  );
  expect(message?.[2]).toMatch(/^\*Rollback:\* Rolled back: 1 object restored/);
  expect(message?.join('\n')).not.toContain('<!channel>');
  expect(await everythingShown(step)).not.toContain(token);
});

test('an undo that failed calls everybody, first of all, and the commands restore what was there', async () => {
  const namespace = await deployer.newNamespace('told-failed');
  const workspace = await deployed(namespace);
  // An immutable ConfigMap can never be changed back, and one with a finalizer is not made anew: whoever set it would act.
  const metadata = { name: 'plain', finalizers: ['test.orion.dev/keep'] };
  await writeShop(
    { namespace, workloads: [web], objects: [configMap('2', { immutable: true, metadata }), refused] },
    workspace,
  );
  const step = await deployer.deploy(workspace, inputs());
  expect(step.outputs, step.output).toMatchObject({ outcome: 'rollback-failed', 'exit-code': '2' });
  expect(step.annotations[0]).toMatch(
    /^::error title=rollback-failed::The rollback failed: ConfigMap plain was not/,
  );
  expect(step.annotations.join('\n')).toMatch(
    /^::error title=ConfigMap plain: not-undone|^::error .*ConfigMap plain/m,
  );
  const [message] = told();
  expect(slack.received[0]?.message.text).toMatch(/^<!channel> ❌ .*failed, and so did its rollback/);
  expect(message?.[1]).toMatch(/^<!channel> \*The rollback failed/);
  const byHand = message?.find((text) => text.startsWith('1. Restore ConfigMap plain manually:')) ?? '';
  const command = (/```\n(.*)\n```$/s.exec(byHand)?.[1] ?? '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  const free = ['--type=merge', '-p', '{"metadata":{"finalizers":null}}'];
  await kubectlOf(cluster.kubeconfig, 'patch', 'configmap', 'plain', '-n', namespace, ...free);
  await kubectlOf(cluster.kubeconfig, 'delete', 'configmap', 'plain', '-n', namespace);
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  await promisify(execFile)('bash', ['-o', 'pipefail', '-c', command], { env });
  const now = await kubectlOf(cluster.kubeconfig, 'get', 'configmap', 'plain', '-n', namespace, '-o', 'json');
  expect(JSON.parse(now)).toMatchObject({ data: { a: '1' } });
});

test('a cancelled job: main says nothing, post tells what it made of it (release state rows 11 and 12)', async () => {
  const namespace = await deployer.newNamespace('told-cancelled');
  const workspace = await deployed(namespace);
  await writeShop({ namespace, workloads: [failing], objects: [configMap('2')] }, workspace);
  const running = await deployer.start(workspace, inputs());
  await until('its record', async () =>
    (await deployer.records(namespace).list('shop')).releases[0]?.head.status === 'pending'
      ? true
      : undefined,
  );
  running.process.kill('SIGINT');
  const main = await running.result;
  expect(main.outputs, main.output).toMatchObject({ outcome: 'cancelled', 'exit-code': '5' });
  expect(slack.received).toEqual([]);
  const post = await deployer.post(workspace, main, inputs());
  expect(post.output).toContain('Rolled back');
  expect(told().map(([headline]) => headline)).toEqual([
    '❌ Deployment of shop to staging failed and was rolled back',
  ]);
  expect(told()[0]?.join('\n')).toMatch(/\*cancelled:\* /);
});
