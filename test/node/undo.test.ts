/** `rollback: automatic` with real pods (release state rows 6 and 24): what ran before runs again. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  type Deployer,
  deployerFor,
  dropNamespace,
  type Inputs,
  until,
} from '../support/actions/deployer.ts';
import { idle, probe, type ShopWorkload, statefulSet, writeShop } from '../support/actions/shop-overlay.ts';

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
    const step = await deployer.deploy(workspace, automatic);
    expectRolledBack(step, 'crash-loop');
    const pods = await until('the crashing pod to be gone', async () => {
      const found = await podsOf(namespace);
      return found.some((pod) => pod.includes('no database')) ? undefined : found;
    });
    expect(pods).toHaveLength(1);
    expect(pods[0]).toContain('"phase":"Running"');
    expect(step.output).toMatch(/Restored: \d+ smoke tests? passed, 0 failed/);
    expect(await statuses(namespace)).toEqual(['rolled-back', 'deployed']);
  });

  test('row 8: what is back is up but no longer serves; the failure of the release stays the first thing said', async () => {
    const namespace = 'undo-unserved';
    namespaces.push(namespace);
    const breakable = `let broken = false;
      require('http').createServer(({ url }, answer) => {
        broken ||= url === '/break';
        answer.writeHead(broken && url === '/health' ? 500 : 200).end('no more');
      }).listen(8080);
      process.on('SIGTERM', () => process.exit(0));`;
    const livenessProbe = probe('/health', 8080, { periodSeconds: 600 });
    const web: ShopWorkload = {
      name: 'web',
      container: {
        image: 'orion.example/service:1',
        command: ['/usr/local/bin/node', '-e', breakable],
        livenessProbe,
      },
    };
    const workspace = await writeShop({ namespace, workloads: [web] });
    const first = await deployer.deploy(workspace, automatic);
    expect(first.outputs, first.output).toMatchObject({ outcome: 'succeeded' });
    const { objects } = await deployer.api.list('v1', 'Pod', { namespace });
    const path = `/api/v1/namespaces/${namespace}/pods/${objects[0]?.metadata.name}:8080/proxy/break`;
    await promisify(execFile)('kubectl', ['--kubeconfig', deployer.kubeconfig, 'get', '--raw', path]);
    // Never ready: the pod from before stays.
    const container = { readinessProbe: probe('/health') };
    await writeShop({ namespace, workloads: [{ name: 'web', script: crash, container }] }, workspace);
    const step = await deployer.deploy(workspace, automatic);
    expect(step.outputs, step.output).toMatchObject({
      outcome: 'restore-unverified',
      'exit-code': '2',
      reason: 'crash-loop',
    });
    expect(step.output).toMatch(/did not become healthy again: .*500/);
    expect(step.output.indexOf('no database today')).toBeLessThan(step.output.indexOf('answered 500'));
    for (const said of ['no database today', 'answered 500']) expect(step.summary).toContain(said);
    expect(await statuses(namespace)).toEqual(['restore-unverified', 'deployed']);
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
