import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { releaseCluster } from '../../src/cluster/cluster-port.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { inWaves } from '../../src/domain/plan/waves.ts';
import { placeObjects } from '../../src/flow/plan/desired.ts';
import { makePlan, type Plan } from '../../src/flow/plan/plan.ts';
import { renderOverlay } from '../../src/kustomize/render-overlay.ts';
import type { ClusterPort } from '../../src/ports/cluster.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';
import { wideOverlay } from './wide-overlay.ts';

let here: ApiCluster;
let cluster: ClusterPort;

beforeAll(async () => {
  here = await startApiCluster();
  cluster = releaseCluster(here.connection, here.api);
}, startTimeout);

afterAll(() => here?.stop(), 60_000);

async function planFor(objects: readonly KubernetesObject[], namespace: string): Promise<Plan> {
  const overlay = {
    objects,
    namespace,
    namespaces: [namespace],
    renderer: { name: 'kubectl', version: 'v1', kustomizeVersion: 'v5.0.0' } as const,
    locate: () => ({ file: 'kustomization.yaml', line: 1 }),
  };
  const target = await placeObjects(overlay, namespace, cluster, 'shop');
  return makePlan(cluster, target, { adopt: [], namespaceExists: true });
}

async function applyAll(plan: Plan): Promise<void> {
  for (const { changes } of inWaves(plan.changes)) {
    await Promise.all(
      changes.map(({ desired }) =>
        vi.waitFor(async () => {
          const answer = await cluster.apply(desired, { force: false, dryRun: false });
          expect(answer.type).toBe('applied');
        }, 20_000),
      ),
    );
  }
}

const changed = (plan: Plan) =>
  plan.changes
    .filter(({ action }) => action !== 'unchanged')
    .map(({ reference, action }) => `${reference.kind} ${reference.name} ${action}`);

describe('the same overlay again changes nothing', () => {
  test('every common kind, also after the controllers wrote to the objects', async () => {
    const namespace = await here.newNamespace();
    const first = await planFor(wideOverlay, namespace);
    expect(first.validations.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
    expect(first.changes.map(({ action }) => action)).toEqual(wideOverlay.map(() => 'created'));
    await applyAll(first);
    expect(changed(await planFor(wideOverlay, namespace))).toEqual([]);
    await vi.waitFor(
      async () => {
        const [deployment] = await cluster.list('apps/v1', 'Deployment', namespace);
        expect(deployment?.['status']).toMatchObject({ availableReplicas: 2 });
      },
      { timeout: 60_000, interval: 500 },
    );
    expect(changed(await planFor(wideOverlay, namespace))).toEqual([]);
  });

  test('a field of every kind that differs is a change of that object alone', async () => {
    const namespace = await here.newNamespace();
    const objects = wideOverlay.filter(({ kind }) => ['ConfigMap', 'Service', 'Secret'].includes(kind));
    await applyAll(await planFor(objects, namespace));
    const moved = objects.map((object) =>
      object.kind === 'Secret'
        ? { ...object, stringData: { url: 'postgres://user:other222@db/one' } }
        : object,
    );
    expect(changed(await planFor(moved, namespace))).toEqual(['Secret wide configured']);
    const without = objects.map((object) => {
      const { stringData: _left, ...rest } = object;
      return object.kind === 'Secret' ? (rest as KubernetesObject) : object;
    });
    expect(changed(await planFor(without, namespace))).toEqual(['Secret wide configured']);
    await applyAll(await planFor(without, namespace));
    const [secret] = await cluster.list('v1', 'Secret', namespace);
    expect(Object.keys((secret?.['data'] ?? {}) as object)).toEqual(['token']);
  });

  test('the example application', async () => {
    const workspace = await mkdtemp(join(tmpdir(), 'orion-unchanged-'));
    const staging = join(workspace, 'overlays/staging');
    await cp(join(import.meta.dirname, '../../examples/orion/k8s'), workspace, { recursive: true });
    await copyFile(join(staging, 'secrets.env.template'), join(staging, 'secrets.env'));
    const { objects } = await renderOverlay({
      overlay: 'overlays/staging',
      workspace,
      allowRemoteBases: false,
      env: process.env,
    });
    await rm(workspace, { recursive: true });
    await here.api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'orion-staging' } });
    await applyAll(await planFor(objects, 'orion-staging'));
    expect(changed(await planFor(objects, 'orion-staging'))).toEqual([]);
  });
});
