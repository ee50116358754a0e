/** `rollback: automatic` with real pods (STATES rows 6 and 24; FACTS on StatefulSets): what ran before runs again. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Deployer, deployerFor, dropNamespace, type Inputs, until } from './deployer.ts';
import { idle, type ShopWorkload, statefulSet, writeShop } from './shop-overlay.ts';

let deployer: Deployer;
const namespaces: string[] = [];

beforeAll(async () => {
  deployer = await deployerFor('undo-node', inject('stateDirectory'));
});

afterAll(async () => {
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await deployer.close();
});

/** A busy machine shows a crash seconds late: a settle as short as elsewhere would not see it. */
const automatic: Inputs = { rollback: 'automatic', timeout: '170s', settle: '20s' };
const crash = 'echo "no database today"; exit 3';

async function podsOf(namespace: string) {
  const { objects } = await deployer.api.list('v1', 'Pod', { namespace });
  return objects
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((pod) => JSON.stringify(pod));
}

function expectRolledBack(step: Awaited<ReturnType<Deployer['deploy']>>, reason: string): void {
  expect(step.outputs, step.output).toMatchObject({ outcome: 'rolled-back', 'exit-code': '2', reason });
  expect(step.exitCode).toBe(2);
  for (const text of [step.output, step.summary]) expect(text).toContain('no database today');
}

async function statuses(namespace: string): Promise<readonly string[]> {
  return (await deployer.records(namespace).list('shop')).releases.map(({ head }) => head.status);
}

describe.concurrent('rollback: automatic', () => {
  test('row 6: an update that crashes; the pods from before run again', async () => {
    const namespace = 'undo-crash';
    namespaces.push(namespace);
    const web: ShopWorkload = { name: 'web', script: idle };
    const workspace = await writeShop({ namespace, workloads: [web] });
    const first = await deployer.deploy(workspace, automatic);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
    await writeShop({ namespace, workloads: [{ ...web, script: crash }] }, workspace);
    expectRolledBack(await deployer.deploy(workspace, automatic), 'crash-loop');
    const pods = await until('the crashing pod to be gone', async () => {
      const found = await podsOf(namespace);
      return found.some((pod) => pod.includes('no database')) ? undefined : found;
    });
    expect(pods).toHaveLength(1);
    expect(pods[0]).toContain('"phase":"Running"');
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
  });

  test('rows 6 and 24: a first release that crashes leaves nothing', async () => {
    const namespace = 'undo-first';
    namespaces.push(namespace);
    const workspace = await writeShop({ namespace, workloads: [{ name: 'web', script: crash }] });
    expectRolledBack(await deployer.deploy(workspace, automatic), 'crash-loop');
    await until('the end of the namespace', async () => {
      const reference = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
      return (await deployer.api.get(reference)) === undefined ? true : undefined;
    });
  });

  test('row 6: a StatefulSet whose pod of the bad revision stands in the way', async () => {
    const namespace = 'undo-stateful';
    namespaces.push(namespace);
    const workspace = await writeShop({ namespace, workloads: [], objects: [statefulSet(idle)] });
    const first = await deployer.deploy(workspace, automatic);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
    await writeShop({ namespace, workloads: [], objects: [statefulSet(crash)] }, workspace);
    expectRolledBack(await deployer.deploy(workspace, automatic), 'crash-loop');
    const pods = await podsOf(namespace);
    expect(pods).toHaveLength(2);
    for (const pod of pods) expect(pod).not.toContain('no database');
  });
});
