/** deploy-production undoes three broken updates while a client calls the Service all the time: no call fails, and nothing differs afterwards. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { differences } from '../../bench/judge/restored.ts';
import { smokeTests, unhealthy } from '../../bench/judge/rolled-back.ts';
import { startClient } from '../../bench/production/client.ts';
import { servedServices } from '../../bench/production/serving.ts';
import { comparedKinds, snapshot } from '../../bench/trials/snapshot.ts';
import { trustRegistry } from '../../testbed/node/registry-trust.ts';
import { type Registry, startRegistry } from '../../testbed/registry/registry.ts';
import {
  type Deployer,
  deployerFor,
  dropNamespace,
  type Inputs,
  until,
} from '../support/actions/deployer.ts';
import {
  overlayPath,
  probe,
  type ShopWorkload,
  webServer,
  writeShop,
} from '../support/actions/shop-overlay.ts';

const namespaces: string[] = [];
let deployer: Deployer;
let registry: Registry;

beforeAll(async () => {
  registry = await startRegistry();
  await trustRegistry(inject('stateDirectory'), registry.address);
  deployer = await deployerFor('production-undo', inject('stateDirectory'), 'deploy-production');
});

afterAll(async () => {
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
  await registry.stop();
});

const inputs: Inputs = {
  overlay: overlayPath,
  'skip-approval': 'true',
  'min-nodes': '1',
  monitor: '0s',
  comprehensive: 'false',
  'smoke-image': 'orion.example/probe:1',
  timeout: '170s',
};
const lifecycle = { preStop: { sleep: { seconds: 2 } } };
const web: ShopWorkload = {
  name: 'web',
  replicas: 2,
  script: webServer,
  container: { readinessProbe: probe('/health'), lifecycle },
  pod: { terminationGracePeriodSeconds: 5 },
};
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};

/** It is deployed and up; `look` shows its objects as they are now. */
async function newShop() {
  const namespace = `production-undo-${Math.random().toString(36).slice(2, 8)}`;
  namespaces.push(await deployer.newNamespace(namespace, { 'orion.dev/environment': 'production' }));
  const workspace = await writeShop({ namespace, workloads: [web], objects: [service] });
  const first = await deployer.deploy(workspace, inputs);
  expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
  const place = { namespace, scenario: workspace, localise: (text: string) => text };
  return {
    look: () => snapshot(inject('kubeconfig'), place, comparedKinds([])),
    async deploy(broken: Partial<ShopWorkload>) {
      await writeShop({ namespace, workloads: [{ ...web, ...broken }], objects: [service] }, workspace);
      return deployer.deploy(workspace, inputs);
    },
  };
}

/** The liveness probe proves that the program is up, so that its readiness is not waited for long. */
const listensElsewhere = {
  lifecycle,
  livenessProbe: probe('/health'),
  readinessProbe: probe('/health', 8081),
};

describe.concurrent('a client of the Service sees no failed call, and what was there is there again', () => {
  test.each<[string, string, () => Partial<ShopWorkload>]>([
    ['a crash loop', 'crash-loop', () => ({ script: 'echo "no database today"; exit 3' })],
    [
      'an image that is not there',
      'image-not-found',
      () => ({ image: `${registry.address}/shop/web:v1.2.4` }),
    ],
    ['never ready', 'readiness-probe-failing', () => ({ container: listensElsewhere })],
  ])('%s', async (_, reason, broken) => {
    const shop = await newShop();
    const before = await shop.look();
    const served = servedServices(before);
    expect(served).toMatchObject([{ service: 'web', oldPodsStay: true }]);
    const client = startClient(served[0]?.url ?? '');
    const step = await shop.deploy(broken());
    const { calls, failed } = await client.stop();
    expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', 'exit-code': '2', reason });
    expect(smokeTests(step.output), step.output).toBeGreaterThan(0);
    const after = await until('what is restored to be up', async () => {
      const found = await shop.look();
      return unhealthy(before, found).length === 0 ? found : undefined;
    });
    expect(differences(before, after)).toEqual([]);
    expect(failed).toEqual([]);
    expect(calls).toBeGreaterThan(20);
  });
});
