/** Scenario 28 on the real node: somebody writes a field of ours while its pods roll. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Deployer, deployerFor, dropNamespace, until } from '../support/actions/deployer.ts';
import { probe, webServer, writeShop } from '../support/actions/shop-overlay.ts';

const namespace = 'engine-other-manager';
let deployer: Deployer;

beforeAll(async () => {
  deployer = await deployerFor('engine-other-manager', inject('stateDirectory'));
});

afterAll(async () => {
  await dropNamespace(deployer.api, namespace);
  await deployer.close();
});

test('a field of ours that another manager writes mid-rollout ends it at once, naming manager and field', async () => {
  const container = { readinessProbe: probe('/health', 8080, { initialDelaySeconds: 30 }) };
  const workspace = await writeShop({
    namespace,
    workloads: [{ name: 'web', script: webServer, container }],
  });
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' };
  const running = await deployer.start(workspace);
  await until('a pod that starts', async () => {
    const pods = (await deployer.api.list('v1', 'Pod', { namespace })).objects;
    return pods.length > 0 ? true : undefined;
  });
  await deployer.api.jsonPatch(
    reference,
    [{ op: 'replace', path: '/spec/template/spec/terminationGracePeriodSeconds', value: 7 }],
    { fieldManager: 'night-shift' },
  );
  const patchedAt = Date.now();
  const step = await running.result;
  const seconds = (Date.now() - patchedAt) / 1000;
  expect(step.outputs, step.output).toMatchObject({
    outcome: 'failed',
    'exit-code': '2',
    reason: 'changed-by-other',
  });
  for (const text of [step.output, step.summary]) {
    expect(text).toContain('night-shift');
    expect(text).toContain('terminationGracePeriodSeconds');
    expect(text).toMatch(/is 7, not 1\b/);
  }
  // The pods would have been ready half a minute later: the verdict did not wait for them.
  console.log(`verdict and end of the process ${seconds.toFixed(1)} s after the foreign write`);
  const { releases } = await deployer.records(namespace).list('shop');
  expect(releases[0]?.head).toMatchObject({ status: 'failed', reason: 'changed-by-other' });
});
