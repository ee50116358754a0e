/** The example application through deploy-staging: first install, update of one image, nothing changed. */
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import {
  changes,
  type Deployer,
  deployerFor,
  dropNamespace,
  everythingShown,
} from '../support/actions/deployer.ts';

const namespace = 'orion-staging';
const inputs = { app: 'orion', timeout: '120s' };
const workloads = ['auth', 'gateway', 'notification', 'redis', 'user'];
let deployer: Deployer;
let workspace: string;

beforeAll(async () => {
  deployer = await deployerFor('example', inject('stateDirectory'));
  workspace = await mkdtemp(join(tmpdir(), 'orion-example-'));
  await cp(join(import.meta.dirname, '../../examples/orion/k8s'), join(workspace, 'k8s'), {
    recursive: true,
  });
  const overlay = join(workspace, 'k8s/overlays/staging');
  const template = await readFile(join(overlay, 'secrets.env.template'), 'utf8');
  await writeFile(join(overlay, 'secrets.env'), template.replaceAll('changeme', 'Correct0Horse0Battery'));
});

afterAll(async () => {
  await dropNamespace(deployer.api, namespace);
  await deployer.close();
});

async function generations(): Promise<Readonly<Record<string, number | undefined>>> {
  const lists = await Promise.all(
    ['Deployment', 'StatefulSet'].map((kind) => deployer.api.list('apps/v1', kind, { namespace })),
  );
  const objects: readonly KubernetesObject[] = lists.flatMap((list) => list.objects);
  return Object.fromEntries(objects.map(({ metadata }) => [metadata.name, metadata.generation]));
}

test('the first install brings everything up and records it', async () => {
  const step = await deployer.deploy(workspace, inputs);
  expect(step.outputs, step.output).toMatchObject({
    outcome: 'succeeded',
    'exit-code': '0',
    reason: 'succeeded',
    release: 'orion-orion-1',
    failed: '0',
  });
  expect(step.exitCode).toBe(0);
  expect(step.post.exitCode).toBe(0);
  expect(Number(step.outputs['passed'])).toBeGreaterThanOrEqual(10);
  expect(step.annotations.filter((line) => !line.startsWith('::notice'))).toEqual([]);
  for (const name of [...workloads, 'postgres']) expect(step.summary).toContain(name);
  const { objects } = await deployer.api.list('v1', 'Pod', { namespace });
  expect(objects).toHaveLength(7);
  for (const pod of objects) expect(JSON.stringify(pod['status'])).toContain('"type":"Ready"');
  const { releases } = await deployer.records(namespace).list('orion');
  expect(releases.map(({ head }) => head.status)).toEqual(['deployed']);
  expect(await everythingShown(step)).not.toContain('Correct0Horse');
});

test('nothing changed: said before the lock, after nothing but reads, reviews and dry runs', async () => {
  const since = Date.now();
  const step = await deployer.deploy(workspace, inputs);
  expect(step.outputs, step.output).toMatchObject({
    outcome: 'unchanged',
    'exit-code': '0',
    reason: 'nothing-changed',
    changed: '0',
    'previous-release': 'orion-orion-1',
  });
  const requests = await deployer.requestsSince(since);
  expect(requests.length).toBeGreaterThan(20);
  expect(requests.filter(changes)).toEqual([]);
});

test('an update of one image rolls that workload only', async () => {
  const before = await generations();
  const file = join(workspace, 'k8s/overlays/staging/kustomization.yaml');
  const kustomization = parse(await readFile(file, 'utf8'));
  // All four share one image name; the images: entry of another name sets the tag of this one alone.
  kustomization.images.push({ name: 'next', newName: 'orion.example/service', newTag: '2' });
  kustomization.patches = [
    {
      target: { kind: 'Deployment', name: 'user' },
      patch: '- { op: replace, path: /spec/template/spec/containers/0/image, value: next }',
    },
  ];
  await writeFile(file, stringify(kustomization));
  const step = await deployer.deploy(workspace, inputs);
  expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', changed: '1' });
  expect(step.summary).toContain('orion.example/service:2');
  const after = await generations();
  const rolled = Object.keys(after).filter((name) => after[name] !== before[name]);
  expect(rolled).toEqual(['user']);
});
