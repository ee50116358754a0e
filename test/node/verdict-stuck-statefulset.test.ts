/** Scenario 38 with a StatefulSet on the real node: its controller never replaces a pod that is not ready by itself. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Deployer, deployerFor, dropNamespace } from '../support/actions/deployer.ts';
import { idle, probe, statefulSet, writeShop } from '../support/actions/shop-overlay.ts';

const namespace = 'stuck-statefulset';
let deployer: Deployer;

beforeAll(async () => {
  deployer = await deployerFor('stuck-statefulset', inject('stateDirectory'));
});

afterAll(async () => {
  await dropNamespace(deployer.api, namespace);
  await deployer.close();
});

test('the release before crashes in its first pod; the one that mends it replaces that pod, and says so', async () => {
  const inputs = { rollback: 'manual', timeout: '170s', settle: '20s' };
  // Without a probe it would be ready for a moment between two ends, and the controller might come past it by itself.
  const neverReady = { readinessProbe: probe('/health', 8081) };
  const broken = [statefulSet('echo "no database today"; exit 3', neverReady)];
  const workspace = await writeShop({ namespace, workloads: [], objects: broken });
  const first = await deployer.deploy(workspace, inputs);
  expect(first.outputs, first.output).toMatchObject({ outcome: 'failed', reason: 'crash-loop' });

  await writeShop({ namespace, workloads: [], objects: [statefulSet(idle)] }, workspace);
  const second = await deployer.deploy(workspace, inputs);
  expect(second.outputs, second.output).toMatchObject({ outcome: 'succeeded', 'exit-code': '0' });
  for (const text of [second.output, second.summary]) {
    expect(text).toMatch(/Pod db-0 deleted: it was not ready/);
  }
  const pods = (await deployer.api.list('v1', 'Pod', { namespace })).objects;
  expect(pods.map(({ metadata }) => metadata.name).sort()).toEqual(['db-0', 'db-1']);
  for (const pod of pods) expect(JSON.stringify(pod)).not.toContain('no database');
});
