/** What the API server has filled in by itself goes with the write that it would refuse beside it, and comes back with an undo. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { releaseCluster } from '../../src/cluster/cluster-port.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { referenceOf } from '../../src/domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../src/domain/plan/changes.ts';
import { stateBeforeOf } from '../../src/domain/undo/state-before.ts';
import { applyPlan } from '../../src/flow/apply/apply.ts';
import { placeObjects } from '../../src/flow/plan/desired.ts';
import { makePlan, type Plan } from '../../src/flow/plan/plan.ts';
import { Ledger } from '../../src/flow/run/ledger.ts';
import type { ClusterPort } from '../../src/ports/cluster.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';
import { flowRun } from '../support/flow/flow-run.ts';

let here: ApiCluster;
let cluster: ClusterPort;
let folder: string;

beforeAll(async () => {
  here = await startApiCluster();
  cluster = releaseCluster(here.connection, here.api);
  folder = await mkdtemp(join(tmpdir(), 'orion-leftovers-'));
}, startTimeout);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await here?.stop();
}, 60_000);

async function kubectlApply(object: KubernetesObject): Promise<void> {
  const file = join(folder, 'object.json');
  await writeFile(file, JSON.stringify(object));
  const options = ['--kubeconfig', here.cluster.kubeconfig, 'apply', '-f', file];
  await promisify(execFile)('kubectl', options);
}

async function planFor(object: KubernetesObject, namespace: string): Promise<Plan> {
  const overlay = {
    objects: [object],
    namespace,
    namespaces: [namespace],
    renderer: { name: 'kubectl', version: 'v1', kustomizeVersion: 'v5.0.0' } as const,
    locate: () => ({ file: 'kustomization.yaml', line: 1 }),
  };
  const target = await placeObjects(overlay, namespace, cluster, 'shop');
  return makePlan(cluster, target, { adopt: ['kubectl-client-side-apply'], namespaceExists: true });
}

async function write(plan: Plan): Promise<void> {
  const { run } = flowRun({ holder: 'test', signal: new AbortController().signal, ledger: new Ledger(0) });
  const guard = { ensureHeld: async () => undefined, onApplied: () => undefined, locate: () => undefined };
  const { failures } = await applyPlan(run, cluster, plan.changes, guard);
  expect(failures).toEqual([]);
}

const workload = (namespace: string, kind: string, spec: object, pod: object, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web', namespace },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    ...(kind === 'StatefulSet' ? { serviceName: 'web' } : {}),
    ...spec,
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'registry.test/web:1', ...container }], ...pod },
    },
  },
});

type Parts = readonly [spec: object, pod: object, container?: object];
const exec = { livenessProbe: { exec: { command: ['a'] } } };
const get = { livenessProbe: { httpGet: { port: 80 } } };
const env = (value: object) => ({ env: [{ name: 'A', ...value }] });
const field = { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };

const cases: readonly [string, string, Parts, Parts, boolean][] = [
  ['Recreate', 'Deployment', [{}, {}], [{ strategy: { type: 'Recreate' } }, {}], true],
  ['OnDelete', 'StatefulSet', [{}, {}], [{ updateStrategy: { type: 'OnDelete' } }, {}], true],
  [
    'a volume with a source',
    'Deployment',
    [{}, { volumes: [{ name: 'a' }] }],
    [{}, { volumes: [{ name: 'a', configMap: { name: 'a' } }] }],
    true,
  ],
  ['another handler of a probe', 'Deployment', [{}, {}, get], [{}, {}, exec], false],
  ['a variable from elsewhere', 'Deployment', [{}, {}, env({ value: 'b' })], [{}, {}, env(field)], false],
];

async function live(namespace: string, kind: string): Promise<KubernetesObject> {
  const found = await cluster.get({ apiVersion: 'apps/v1', kind, namespace, name: 'web' });
  if (found === undefined) throw new Error('it is gone');
  return found;
}

describe.each(['orion', 'kubectl'])('made by %s before', (maker) => {
  test.each(cases)('%s', async (_what, kind, first, second, isDefault) => {
    const namespace = await here.newNamespace();
    const before = workload(namespace, kind, ...first);
    if (maker === 'kubectl') await kubectlApply(before);
    else await write(await planFor(before, namespace));
    // Its controller writes to it once, and then no more.
    await vi.waitFor(async () => {
      expect((await live(namespace, kind))['status']).toMatchObject({ observedGeneration: 1 });
    }, 20_000);

    const plan = await planFor(workload(namespace, kind, ...second), namespace);
    expect(plan.validations.map(({ refusal }) => refusal)).toEqual([undefined]);
    const [change] = plan.changes as [PlannedChange];
    // What nobody owns has to be claimed; the rest goes with what is adopted.
    expect((change.claims ?? []).length).toBe(maker === 'orion' && isDefault ? 1 : 0);
    const { restore } = stateBeforeOf(change) as unknown as { restore: { spec: object } };

    const was = await live(namespace, kind);
    await write(plan);
    const is = await live(namespace, kind);
    const values = (object: KubernetesObject) => JSON.stringify(object['spec']);
    expect(values(is)).toBe(values({ ...change.predicted, metadata: is.metadata } as KubernetesObject));
    expect((await planFor(workload(namespace, kind, ...second), namespace)).changes[0]?.action).toBe(
      'unchanged',
    );

    // What the record keeps brings back the values that were there.
    const answer = await cluster.apply(
      { ...referenceObject(was), ...restore } as unknown as KubernetesObject,
      {
        force: false,
        dryRun: true,
      },
    );
    expect(answer.type === 'applied' && values(answer.object)).toBe(values(was));
  });
});

function referenceObject(object: KubernetesObject): object {
  const { apiVersion, kind, name, namespace } = { namespace: '', ...referenceOf(object) };
  return { apiVersion, kind, metadata: { name, namespace } };
}

test('what the overlay itself says wrong stays refused', async () => {
  const namespace = await here.newNamespace();
  await write(await planFor(workload(namespace, 'Deployment', {}, {}), namespace));
  const both = { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } };
  const wrong = await planFor(workload(namespace, 'Deployment', both, {}), namespace);
  expect(wrong.validations[0]?.refusal?.message).toContain('rollingUpdate');
  const selector = { strategy: { type: 'Recreate' }, selector: { matchLabels: { app: 'other' } } };
  const moved = await planFor(workload(namespace, 'Deployment', selector, {}), namespace);
  expect(moved.validations[0]?.refusal).toBeDefined();
});

describe('what kubectl apply wrote before', () => {
  test('an empty value stays where it is', async () => {
    const namespace = await here.newNamespace();
    const settings: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace },
      data: { FEATURE: '', GREETING: 'good day' },
    };
    await kubectlApply(settings);
    await write(await planFor(settings, namespace));
    const live = await cluster.get(referenceOf(settings));
    expect(live?.['data']).toEqual({ FEATURE: '', GREETING: 'good day' });
    expect((await planFor(settings, namespace)).changes).toMatchObject([{ action: 'unchanged' }]);
  });

  test('a variable that it names twice is sent once, over both', async () => {
    const namespace = await here.newNamespace();
    const twice = [
      { name: 'GREETING', value: 'good morning' },
      { name: 'GREETING', value: 'good day' },
    ];
    const web = workload(namespace, 'Deployment', {}, {}, { env: twice, ports: [{ containerPort: 80 }] });
    await kubectlApply(web);
    const plan = await planFor(web, namespace);
    expect(plan.validations).toMatchObject([{ othersConflicts: [] }]);
    expect(plan.validations[0]?.refusal).toBeUndefined();
    await write(plan);
    const live = await cluster.get(referenceOf(web));
    expect(JSON.stringify(live?.['spec'])).toContain('"env":[{"name":"GREETING","value":"good day"}]');
  });
});
