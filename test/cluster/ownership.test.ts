import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { releaseCluster } from '../../src/cluster/cluster-port.ts';
import {
  applyEntryOf,
  canonicalJson,
  clientSideApplyEntriesOf,
  extractFields,
} from '../../src/domain/kubernetes/managed-fields.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { settleReplicas } from '../../src/domain/plan/changes.ts';
import { adoptedManagedFields } from '../../src/domain/undo/state-before.ts';
import type { ClusterPort } from '../../src/ports/cluster.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';

let here: ApiCluster;
let cluster: ClusterPort;
let folder: string;

beforeAll(async () => {
  here = await startApiCluster();
  cluster = releaseCluster(here.connection, here.api);
  folder = await mkdtemp(join(tmpdir(), 'orion-ownership-'));
}, startTimeout);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await here?.stop();
}, 60_000);

async function kubectl(...options: readonly string[]): Promise<void> {
  await promisify(execFile)('kubectl', ['--kubeconfig', here.cluster.kubeconfig, ...options]);
}

async function kubectlApply(object: KubernetesObject, ...options: readonly string[]): Promise<void> {
  const file = join(folder, 'object.json');
  await writeFile(file, JSON.stringify(object));
  await kubectl('apply', '-f', file, ...options);
}

const reference = (namespace: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace,
  name: 'web',
});

async function read(namespace: string): Promise<KubernetesObject> {
  const live = await here.api.get(reference(namespace));
  if (live === undefined) throw new Error('the Deployment is gone');
  return live;
}

function deployment(namespace: string, spec: object = {}, container: object = {}): KubernetesObject {
  const labels = { app: 'web' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: {},
          containers: [
            {
              name: 'api',
              image: 'registry.test/web:1',
              args: ['--one', '--two'],
              ports: [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }],
              env: [{ name: 'A', value: '1' }],
              volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
              ...container,
            },
          ],
          volumes: [{ name: 'scratch', emptyDir: {} }],
        },
      },
      ...spec,
    },
  };
}

async function applied(object: KubernetesObject, force = false): Promise<KubernetesObject> {
  const answer = await here.api.apply(object, { force });
  if (answer.type !== 'applied') throw new Error(JSON.stringify(answer.conflicts));
  return answer.object;
}

/** Re-applies what we own, as undo will: nothing may change, neither values nor ownership. */
async function reapplied(live: KubernetesObject): Promise<void> {
  const configuration = extractFields(live, applyEntryOf(live, 'orion')?.fieldsV1);
  const answer = await here.api.apply(configuration, { dryRun: true });
  if (answer.type !== 'applied') throw new Error(JSON.stringify(answer.conflicts));
  // The Deployment controller counts its revisions in an annotation meanwhile.
  expect(answer.object['spec']).toEqual(live['spec']);
  expect(answer.object.metadata.labels).toEqual(live.metadata.labels);
  expect(canonicalJson(applyEntryOf(answer.object, 'orion')?.fieldsV1)).toBe(
    canonicalJson(applyEntryOf(live, 'orion')?.fieldsV1),
  );
}

describe('what we own, applied again, changes nothing', () => {
  test('beside fields, items and labels of other managers', async () => {
    const namespace = await here.newNamespace();
    await applied(deployment(namespace));
    await here.api.apply(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace, labels: { theirs: '1' } },
        spec: {
          template: {
            spec: {
              securityContext: { runAsUser: 7 },
              containers: [
                { name: 'api', env: [{ name: 'B', value: '2' }] },
                { name: 'proxy', image: 'p:1' },
              ],
            },
          },
        },
      },
      { fieldManager: 'someone' },
    );
    await reapplied(await read(namespace));
  });

  // Zero values (`minReadySeconds: 0`, an empty list) are left out: the server owns them for us but never shows them.
  test('any Deployment and any overlap with another manager', async () => {
    const namespace = await here.newNamespace();
    const word = fc.constantFrom('a', 'b', 'c', 'd');
    const variables = fc.uniqueArray(
      fc.record({ name: word, value: fc.string({ minLength: 1, maxLength: 5 }) }),
      {
        selector: ({ name }) => name,
        minLength: 1,
      },
    );
    const ports = fc.uniqueArray(
      fc.record(
        { containerPort: fc.integer({ min: 1, max: 4 }), protocol: fc.constantFrom('TCP', 'UDP') },
        { requiredKeys: ['containerPort'] },
      ),
      { selector: ({ containerPort, protocol = 'TCP' }) => `${containerPort}/${protocol}`, minLength: 1 },
    );
    const container = fc.record(
      { env: variables, ports, args: fc.array(word, { minLength: 1 }) },
      { requiredKeys: [] },
    );
    const spec = fc.record(
      { replicas: fc.integer({ min: 0, max: 3 }), minReadySeconds: fc.integer({ min: 1, max: 2 }) },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(spec, container, spec, container, async (ourSpec, ours, theirSpec, theirs) => {
        const { args: _args, ...parts } = theirs;
        await here.api.apply(deployment(namespace, theirSpec, parts), {
          fieldManager: 'theirs',
          force: true,
        });
        await reapplied(await applied(deployment(namespace, ourSpec, ours), true));
      }),
      { numRuns: 25, seed: 11 },
    );
  });
});

/** Controllers write the status at the same time: the patch is refused for an object that has moved, and made again. */
function adopt(namespace: string): Promise<KubernetesObject> {
  return vi.waitFor(async () => {
    const live = await read(namespace);
    const entries = adoptedManagedFields(live.metadata.managedFields ?? [], clientSideApplyEntriesOf(live));
    return cluster.patchManagedFields(live, entries);
  }, 5000);
}

describe('adoption of what kubectl apply made', () => {
  test('a field that the next apply leaves out goes, and so does the bookkeeping annotation', async () => {
    const namespace = await here.newNamespace();
    await kubectlApply(deployment(namespace, { minReadySeconds: 5 }));
    const live = await read(namespace);
    expect(live.metadata.annotations).toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
    const adopted = await adopt(namespace);
    expect(adopted['spec']).toEqual(live['spec']);
    const after = await applied(deployment(namespace));
    expect(after['spec']).not.toHaveProperty('minReadySeconds');
    expect(after.metadata.annotations ?? {}).not.toHaveProperty([
      'kubectl.kubernetes.io/last-applied-configuration',
    ]);
  });

  test('leaves the same object and ownership as the migration of kubectl apply --server-side', async () => {
    const [ours, theirs] = [await here.newNamespace(), await here.newNamespace()];
    for (const namespace of [ours, theirs])
      await kubectlApply(deployment(namespace, { minReadySeconds: 5, replicas: 2 }));
    await adopt(ours);
    await applied(deployment(ours));
    await kubectlApply(deployment(theirs), '--server-side', '--field-manager=orion');
    const [one, other] = [await read(ours), await read(theirs)];
    expect(one['spec']).toEqual(other['spec']);
    expect(one.metadata.annotations).toEqual(other.metadata.annotations);
    expect(applyEntryOf(one, 'orion')?.fieldsV1).toEqual(applyEntryOf(other, 'orion')?.fieldsV1);
    expect(clientSideApplyEntriesOf(one)).toEqual([]);
  });
});

describe('replicas under an autoscaler', () => {
  const targets = [{ kind: 'Deployment', name: 'web' }];
  const scale = (namespace: string, replicas: number) =>
    here.connection.transport.request({
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/${namespace}/deployments/web/scale`,
      query: { fieldManager: 'kube-controller-manager' },
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas } },
    });
  const replicasOf = (object: KubernetesObject) => (object['spec'] as { replicas?: number }).replicas;

  test('what the autoscaler set stays, release after release', async () => {
    const namespace = await here.newNamespace();
    await applied(deployment(namespace, { replicas: 2 }));
    await scale(namespace, 7);
    for (let release = 0; release < 2; release += 1) {
      const wanted = settleReplicas(
        deployment(namespace, { replicas: 2 }),
        await read(namespace),
        targets,
        false,
      );
      expect(replicasOf(wanted)).toBeUndefined();
      expect(replicasOf(await applied(wanted))).toBe(7);
    }
  });

  test('until it scales, dropping replicas from the overlay does not reset them', async () => {
    const namespace = await here.newNamespace();
    await applied(deployment(namespace, { replicas: 3 }));
    const wanted = settleReplicas(deployment(namespace), await read(namespace), targets, false);
    expect(replicasOf(await applied(wanted))).toBe(3);
  });

  test('nor does adoption of an object that kubectl apply made', async () => {
    const namespace = await here.newNamespace();
    await kubectlApply(deployment(namespace, { replicas: 3 }));
    const live = await read(namespace);
    const wanted = settleReplicas(deployment(namespace, { replicas: 1 }), live, targets, true);
    await adopt(namespace);
    expect(replicasOf(await applied(wanted))).toBe(3);
  });
});
