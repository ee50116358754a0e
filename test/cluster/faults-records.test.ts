/** What is stored although the answer to a write is lost: through the fault proxy, against a real API server. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createKubernetesApi, type KubernetesApi } from '../../src/cluster/api/api.ts';
import { releaseCluster } from '../../src/cluster/cluster-port.ts';
import { createReleaseStore, type StoreResult } from '../../src/cluster/release-store/records.ts';
import type { ReleaseBody, ReleaseHead } from '../../src/domain/release/record.ts';
import type { StoredRelease } from '../../src/ports/release-store.ts';
import type { FaultInput } from '../../testbed/faults/fault.ts';
import { type FaultProxy, startFaultProxy } from '../../testbed/faults/fault-proxy.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';

let here: ApiCluster;
let proxy: FaultProxy;
let api: KubernetesApi;

beforeAll(async () => {
  here = await startApiCluster();
  proxy = await startFaultProxy({ controlPlane: here.cluster.controlPlane });
  api = createKubernetesApi(await here.connectAgain(proxy.kubeconfig));
}, startTimeout);

afterEach(() => proxy?.heal());

afterAll(async () => {
  await proxy?.stop();
  await here?.stop();
}, 60_000);

const head: Omit<ReleaseHead, 'body'> = {
  version: 1,
  app: 'shop',
  number: 1,
  status: 'pending',
  overlay: 'k8s/overlays/staging',
  run: { holder: 'job-1' },
  phase: 'apply',
  jobInSteps: false,
  startedAt: '2026-01-01T00:00:00Z',
  planDigest: 'sha256:0',
};
const body = (name: string): ReleaseBody => ({
  rendered: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }],
  before: [],
  inventory: [],
});

function stored(result: StoreResult): StoredRelease {
  if (result.type === 'conflict') throw new Error('conflict');
  return result.release;
}

const secretNames = async (namespace: string) =>
  (await here.api.list('v1', 'Secret', { namespace })).objects.map(({ metadata }) => metadata.name).sort();

/** It reached the server or not, the client cannot tell. */
const ambiguous: readonly [string, Partial<FaultInput>][] = [
  ['a reset before', { type: 'reset', at: 'request' }],
  ['a reset after', { type: 'reset', at: 'answer' }],
  ['a 500 before', { type: 'status', status: 500, at: 'request' }],
  ['a 504 after', { type: 'status', status: 504, at: 'answer' }],
];

test.each(ambiguous)('%s each write of a record leaves one whole record', async (_what, fault) => {
  const namespace = await here.newNamespace();
  const store = createReleaseStore(api, namespace);
  const strike = (verb: string, path: string) =>
    proxy.inject({ ...fault, verb, path: `/${namespace}/secrets${path}`, times: 1 } as FaultInput);

  // The first write is a chunk, the second the head.
  strike('post', '\\?');
  proxy.inject({ ...fault, verb: 'post', path: `/${namespace}/secrets\\?`, skip: 1, times: 1 } as FaultInput);
  const first = stored(await store.create(head, body('one')));
  expect(await store.readBody(first)).toEqual(body('one'));
  strike('post', '\\?');
  strike('put', '/orion-shop-1\\?');
  strike('delete', '/');
  const second = stored(await store.replaceBody(first, body('two'), { phase: 'rollout' }));
  expect(await store.readBody(second)).toEqual(body('two'));
  strike('put', '/orion-shop-1\\?');
  const third = stored(await store.update(second, { status: 'deployed' }));
  expect((await store.list('shop')).releases).toEqual([third]);
  expect(await secretNames(namespace)).toHaveLength(2);
  expect(await store.update(second, { status: 'failed' })).toEqual({ type: 'conflict' });
  strike('delete', '/');
  await store.remove(third);
  expect(await secretNames(namespace)).toEqual([]);
  expect(proxy.requests().filter(({ fault: hit, path }) => hit && path.includes(namespace))).toHaveLength(7);
});

test.each(ambiguous)('%s the adoption of an ownership entry', async (_what, fault) => {
  const namespace = await here.newNamespace();
  const cluster = releaseCluster(await here.connectAgain(proxy.kubeconfig), api);
  const name = 'settings';
  const { object } = await here.api.create(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { a: '1' } },
    { fieldManager: 'kubectl-client-side-apply' },
  );
  const entries = (object.metadata.managedFields as { manager: string }[]).map((entry) => ({
    ...entry,
    manager: 'orion',
    operation: 'Apply',
  }));
  proxy.inject({ ...fault, verb: 'patch', path: `/${namespace}/configmaps/`, times: 1 } as FaultInput);
  const adopted = await cluster.patchManagedFields(object, entries);
  expect(adopted.metadata.managedFields).toMatchObject([{ manager: 'orion', operation: 'Apply' }]);
  const data = { op: 'replace', path: '/data/a', value: '2' } as const;
  await here.api.jsonPatch({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }, [data]);
  await expect(cluster.patchManagedFields(object, entries)).rejects.toThrow();
});
