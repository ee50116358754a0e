/** deploy-production by its bundle: who approved is asked of a server that answers as GitHub does (release state row 2). */
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import {
  changes,
  type Deployer,
  deployerFor,
  dropNamespace,
  type Inputs,
} from '../support/actions/deployer.ts';
import { idle, overlayPath, writeShop } from '../support/actions/shop-overlay.ts';
import {
  approvedRun,
  environment,
  forbidden,
  ok,
  paths,
  type RestApi,
  type Route,
  review,
  startRestApi,
} from '../support/servers/github-api.ts';

const namespaces: string[] = [];
let deployer: Deployer;
let api: RestApi;

beforeAll(async () => {
  deployer = await deployerFor('production', inject('stateDirectory'), 'deploy-production');
});

afterAll(async () => {
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
});

beforeEach(async () => {
  api = await startRestApi();
  approvedRun(api);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  expect(api.written).toEqual([]);
});

/** A shop in a namespace of its own; `deploy` runs main and post as job 9 of run 77. */
async function newShop(script = idle) {
  const namespace = `production-${Math.random().toString(36).slice(2, 8)}`;
  namespaces.push(await deployer.newNamespace(namespace, { 'orion.dev/environment': 'production' }));
  const workspace = await writeShop({ namespace, workloads: [{ name: 'api', script }] });
  return {
    namespace,
    workspace,
    deploy: (inputs: Inputs = {}) =>
      deployer.deploy(
        workspace,
        {
          overlay: overlayPath,
          'min-nodes': '1',
          monitor: '0s',
          timeout: '170s',
          'github-token': 'ghs_for-tests',
          'check-run-id': '9',
          ...inputs,
        },
        { GITHUB_API_URL: api.url, GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: '77' },
      ),
  };
}

async function approvalOf(namespace: string) {
  const [newest] = (await deployer.records(namespace).list('shop')).releases;
  return newest?.head.approval;
}

test('skip-approval deploys without asking GitHub, and is loud', async () => {
  const shop = await newShop();
  const step = await shop.deploy({ 'skip-approval': 'true' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
  expect(step.annotations.join('\n')).toMatch(/^::warning title=approval-skipped::/m);
  expect(step.summary).toContain('there is no proof that anybody approved');
  expect(step.summary).toContain('is deployed to production');
  expect(await approvalOf(shop.namespace)).toMatchObject({ state: 'skipped', by: [] });
  expect(api.asked).toEqual([]);
  expect(step.post.exitCode).toBe(0);
});

test('an approved run deploys, and log, summary and record say who approved it', async () => {
  const shop = await newShop();
  const step = await shop.deploy();
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
  expect(step.output).toContain('Approved for production by alice.');
  expect(step.summary).toContain('approval by `alice` (`Ship it!`) for `production`');
  expect(await approvalOf(shop.namespace)).toEqual({
    state: 'approved',
    environment: 'production',
    by: [{ user: 'alice', comment: 'Ship it!' }],
    reviewers: ['alice', 'team release-managers'],
  });
});

test('a bypass deploys with a warning', async () => {
  api.answer(paths.approvals, ok([]));
  const shop = await newShop();
  const step = await shop.deploy();
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
  expect(step.annotations.join('\n')).toMatch(/^::warning title=approval-bypassed::/m);
  expect(await approvalOf(shop.namespace)).toMatchObject({ state: 'bypassed' });
});

test.each<[string, keyof typeof paths, Route, string]>([
  ['declined', 'approvals', ok([review('alice', 'rejected')]), 'Not on a Friday.'],
  ['unprotected', 'environment', ok(environment({ reviewers: [] })), 'required reviewers'],
  ['refused by GitHub', 'approvals', forbidden, 'actions: read'],
])('%s: exit code 5, and nothing is changed', async (_, path, route, said) => {
  api.answer(paths[path], route);
  const shop = await newShop();
  const since = Date.now();
  const step = await shop.deploy();
  expect(step.exitCode, step.output).toBe(5);
  expect(step.outputs).toMatchObject({ outcome: 'cancelled', 'exit-code': '5', release: '', changed: '0' });
  for (const text of [step.output, step.summary]) expect(text).toContain(said);
  expect((await deployer.requestsSince(since)).filter(changes)).toEqual([]);
  expect(await approvalOf(shop.namespace)).toBeUndefined();
});

test('a dry run needs no approval; another plan than the expected one is refused before anybody is asked', async () => {
  const shop = await newShop();
  const plan = await shop.deploy({ 'dry-run': 'true' });
  expect(plan.outputs, plan.output).toMatchObject({ outcome: 'planned', 'exit-code': '0' });
  const expected = plan.outputs['plan-digest'] ?? '';
  expect(expected).toMatch(/^sha256:[0-9a-f]{64}$/);
  await writeShop({ namespace: shop.namespace, workloads: [{ name: 'api', replicas: 2 }] }, shop.workspace);
  const step = await shop.deploy({ 'expect-plan': expected });
  expect(step.exitCode, step.output).toBe(1);
  expect(step.outputs).toMatchObject({ outcome: 'failed', reason: 'plan-moved', changed: '0' });
  expect(api.asked).toEqual([]);
});

test('a failed release is rolled back without being asked to', async () => {
  const shop = await newShop();
  expect((await shop.deploy()).outputs).toMatchObject({ outcome: 'succeeded' });
  const broken = { name: 'api', script: 'echo "no database today"; exit 3' };
  await writeShop({ namespace: shop.namespace, workloads: [broken] }, shop.workspace);
  const step = await shop.deploy({ settle: '20s' });
  expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', 'exit-code': '2' });
});
