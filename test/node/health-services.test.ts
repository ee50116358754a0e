/** Pods that are up and that nobody reaches, on the real node: the health phase says so, with exit code 3. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StepResult } from '../../testbed/workflow-step.ts';
import { type Deployer, deployerFor, dropNamespace } from '../support/actions/deployer.ts';
import { type Manifest, type Shop, webServer, writeShop } from '../support/actions/shop-overlay.ts';

let deployer: Deployer;
const namespaces: string[] = [];

beforeAll(async () => {
  deployer = await deployerFor('health-services', inject('stateDirectory'));
});

afterAll(async () => {
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
});

function service(name: string, selector: Readonly<Record<string, string>>, port: Manifest = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector, ports: [{ port: 80, targetPort: 8080, ...port }] },
  };
}

/** Pods that carry which version they are; the selector of their Deployment leaves it out. */
function web(namespace: string, version: string, services: readonly Manifest[]): Shop {
  const spec = `- { op: add, path: /spec/template/metadata/labels/version, value: "${version}" }`;
  return {
    namespace,
    workloads: [{ name: 'web', script: webServer, replicas: 2 }],
    objects: services,
    kustomization: { patches: [{ target: { kind: 'Deployment' }, patch: spec }] },
  };
}

async function deploy(shop: Shop, workspace?: string): Promise<{ step: StepResult; workspace: string }> {
  if (workspace === undefined) namespaces.push(shop.namespace);
  const folder = await writeShop(shop, workspace);
  return { step: await deployer.deploy(folder, { 'health-retries': '8' }), workspace: folder };
}

async function expectMissing(step: StepResult, namespace: string, message: RegExp): Promise<void> {
  expect(step.outputs, step.output).toMatchObject({
    outcome: 'failed',
    'exit-code': '3',
    reason: 'endpoints-missing',
  });
  expect(step.exitCode).toBe(3);
  for (const text of [step.output, step.summary]) expect(text.replaceAll('`', '')).toMatch(message);
  expect(step.annotations.find((line) => line.startsWith('::error'))).toContain('file=k8s/base/shop.yaml');
  const { releases } = await deployer.records(namespace).list('shop');
  expect(releases[0]?.head).toMatchObject({ status: 'failed', reason: 'endpoints-missing' });
}

describe.concurrent('a Service', () => {
  test('that selects no pod: at once, with the labels that it probably meant', async () => {
    const namespace = 'health-no-pod';
    const { step } = await deploy(web(namespace, '1', [service('web', { app: 'wbe' })]));
    await expectMissing(
      step,
      namespace,
      /Service web selects app=wbe, and no pod has that; the nearest, Deployment web, has app=web/,
    );
  });

  test('that selects only pods of the release before', async () => {
    const namespace = 'health-old-pods';
    const pinned = [service('web', { app: 'web', version: '1' })];
    const first = await deploy(web(namespace, '1', pinned));
    expect(first.step.outputs, first.step.output).toMatchObject({ outcome: 'succeeded' });
    expect(first.step.output).toContain('Service web: 2 of 2 new pods in its endpoints');
    const second = await deploy(web(namespace, '2', pinned), first.workspace);
    await expectMissing(second.step, namespace, /Service web selects app=web, version=1, .*has version=2/);
  });

  test('that sends to a port that no container has', async () => {
    const namespace = 'health-no-port';
    const { step } = await deploy(
      web(namespace, '1', [service('web', { app: 'web' }, { targetPort: 'http' })]),
    );
    await expectMissing(step, namespace, /sends to the port named http/);
  });

  test('without a selector, or for pods that are scaled to zero, is no reason to fail', async () => {
    const namespace = 'health-not-judged';
    const shop = web(namespace, '1', [
      service('web', { app: 'web' }),
      service('sleeper', { app: 'sleeper' }),
      { ...service('outside', {}), spec: { ports: [{ port: 80 }] } },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'elsewhere' },
        spec: { type: 'ExternalName', externalName: 'db.example' },
      },
      { ...service('headless', { app: 'web' }), spec: { clusterIP: 'None', selector: { app: 'web' } } },
    ]);
    const { step } = await deploy({
      ...shop,
      workloads: [...shop.workloads, { name: 'sleeper', replicas: 0 }],
    });
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
    const result = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
    const said = result.services.map(
      (one: { reference: { name: string }; state: string }) => `${one.reference.name} ${one.state}`,
    );
    expect(said.sort()).toEqual([
      'elsewhere skipped',
      'headless sound',
      'outside skipped',
      'sleeper skipped',
      'web sound',
    ]);
  });
});
