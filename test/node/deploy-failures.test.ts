/** Failing releases on the real node: each is called by its cause, at the line to edit, long before the timeout. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { trustRegistry } from '../../testbed/node/registry-trust.ts';
import { type Registry, startRegistry } from '../../testbed/registry/registry.ts';
import type { StepResult } from '../../testbed/workflow-step.ts';
import {
  type Deployer,
  deployerFor,
  dropNamespace,
  type Inputs,
  timeout,
} from '../support/actions/deployer.ts';
import { overlayPath, probe, type Shop, webServer, writeShop } from '../support/actions/shop-overlay.ts';

let deployer: Deployer;
let registry: Registry;
const namespaces: string[] = [];

beforeAll(async () => {
  deployer = await deployerFor('failures', inject('stateDirectory'));
  registry = await startRegistry();
  await trustRegistry(inject('stateDirectory'), registry.address);
});

afterAll(async () => {
  await Promise.all(namespaces.map((name) => dropNamespace(deployer.api, name)));
  await registry.stop();
  await deployer.close();
});

interface Failed {
  readonly step: StepResult;
  readonly workspace: string;
}

/** Deploys what must fail in its rollout, and checks what holds of every such end. */
async function deployDoomed(shop: Shop, reason: string, inputs: Inputs = {}): Promise<Failed> {
  namespaces.push(shop.namespace);
  const workspace = await writeShop(shop);
  const step = await deployer.deploy(workspace, inputs);
  expect(step.output).not.toMatch(/\n\s+at .*\.(js|ts):\d+/);
  expect(step.outputs, step.output).toMatchObject({ outcome: 'failed', 'exit-code': '2', reason });
  expect(step.exitCode).toBe(2);
  expect(step.milliseconds / (inputs['timeout'] === undefined ? timeout : 120_000)).toBeLessThan(0.5);
  const { releases } = await deployer.records(shop.namespace).list('shop');
  expect(releases[0]?.head).toMatchObject({ status: 'failed', reason });
  return { step, workspace };
}

/** The number of the only line of a file that holds `text`. */
async function lineOf(workspace: string, file: string, text: string): Promise<string> {
  const lines = (await readFile(join(workspace, file), 'utf8')).split('\n');
  return `file=${file},line=${lines.findIndex((line) => line.includes(text)) + 1}`;
}

describe.concurrent('a failing release: crashes and images', () => {
  test('that crashes at once, without probes', async () => {
    const script = 'echo reading settings; echo "no database today" >&2; exit 3';
    const { step } = await deployDoomed(
      { namespace: 'crash-at-once', workloads: [{ name: 'web', script }] },
      'crash-loop',
      // The third end comes when the kubelet's back-off lets it: 14 to 40 seconds.
      { timeout: '120s' },
    );
    for (const text of [step.output, step.summary]) {
      expect(text).toMatch(/code 3\b/);
      expect(text).toContain('no database today');
    }
    expect(step.annotations.filter((line) => line.startsWith('::error'))).toHaveLength(1);
    expect(step.annotations[0]).toContain('Deployment web');
  });

  test('that runs for six seconds and then crashes, without probes', async () => {
    const script = 'echo serving; sleep 6; echo "lost the lease of the queue"; exit 4';
    const { step } = await deployDoomed(
      { namespace: 'crash-later', workloads: [{ name: 'web', script }] },
      'crash-loop',
      // The profile's own settle: what runs for six seconds would have settled after two.
      { settle: '10s', timeout: '120s' },
    );
    for (const text of [step.output, step.summary]) {
      expect(text).toMatch(/code 4\b/);
      expect(text).toContain('lost the lease of the queue');
    }
  });

  test('whose image does not exist', async () => {
    const image = `${registry.address}/shop/web`;
    const { step, workspace } = await deployDoomed(
      {
        namespace: 'no-image',
        workloads: [{ name: 'web', image }, { name: 'fine' }],
        kustomization: {
          images: [
            { name: 'orion.example/sh', newTag: '1' },
            { name: image, newTag: 'v1.2.4' },
          ],
        },
      },
      'image-not-found',
    );
    const error = step.annotations.find((line) => line.startsWith('::error')) ?? '';
    expect(error).toContain(await lineOf(workspace, `${overlayPath}/kustomization.yaml`, 'v1.2.4'));
    expect(error).toContain(`${image}:v1.2.4`);
    expect(step.summary).toContain(`${image}:v1.2.4`);
  });
});

describe.concurrent('a failing release: probes, quotas and logs', () => {
  test('whose readiness probe asks the wrong port', async () => {
    const container = { readinessProbe: probe('/health', 8081), livenessProbe: probe('/health') };
    const { step, workspace } = await deployDoomed(
      { namespace: 'wrong-port', workloads: [{ name: 'web', script: webServer, container }] },
      'readiness-probe-failing',
    );
    for (const text of [step.output, step.summary]) {
      expect(text).toContain('8081');
      expect(text).toContain('connection refused');
    }
    const error = step.annotations.find((line) => line.startsWith('::error')) ?? '';
    expect(error).toContain('readiness-probe-failing');
    const base = await readFile(join(workspace, 'k8s/base/shop.yaml'), 'utf8');
    const line = base.split('\n').findIndex((text) => text.includes('readinessProbe')) + 1;
    expect(error).toMatch(
      new RegExp(`file=k8s/base/shop.yaml,line=(${line}|${line + 1}|${line + 2}|${line + 3})\\b`),
    );
  });

  test('whose pods a quota forbids once the first one runs', async () => {
    const namespace = await deployer.newNamespace('tight-quota');
    await deployer.api.create({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'tight', namespace },
      spec: { hard: { pods: '1' } },
    });
    const { step } = await deployDoomed(
      { namespace, workloads: [{ name: 'web', replicas: 2 }] },
      'quota-exceeded',
    );
    for (const text of [step.output, step.summary]) expect(text).toContain('exceeded quota: tight');
  });

  test('whose log tries to speak to the runner and to the page', async () => {
    const hostile = [
      '::error file=/etc/passwd::owned by the pod',
      '::stop-commands::pause-forever',
      '  ::set-output name=outcome::succeeded',
      '##[error]owned too',
      '</details><h1>Succeeded</h1><img src=x onerror=alert(1)>',
      '````',
      '# Everything is fine',
      '| a | table |',
    ];
    const script = `${hostile.map((line) => `echo '${line}'`).join('; ')}; exit 9`;
    const { step } = await deployDoomed(
      { namespace: 'hostile-log', workloads: [{ name: 'web', script }] },
      'crash-loop',
      { timeout: '120s' },
    );
    expect(step.output).toContain('owned by the pod');
    const commands = step.output.split('\n').filter((line) => /^\s*::|##\[/.test(line));
    const allowed = /^::(group|endgroup|error|warning|notice|add-mask)\b/;
    expect(commands.filter((line) => !allowed.test(line))).toEqual([]);
    expect(commands.filter((line) => line.startsWith('::error'))).toHaveLength(1);
    expect(commands.join('\n')).not.toContain('/etc/passwd');
    // What the pod wrote stands inside fences longer than any of its own, and nowhere else.
    const fences = step.summary.match(/^(`{5,})(text|diff)\n[\s\S]*?\n\1$/gm) ?? [];
    expect(fences.filter((fence) => fence.includes('text\n') && fence.includes('<h1>'))).toHaveLength(1);
    const page = fences.reduce((summary, fence) => summary.replace(fence, ''), step.summary);
    expect(page).not.toContain('<h1>');
    expect(page).not.toContain('Everything is fine');
  });
});
