import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createKubernetesApi } from '../../src/cluster/api/api.ts';
import { ApiError, refusesObject } from '../../src/cluster/transport/api-error.ts';
import { type WatchChange, watchKinds } from '../../src/cluster/watch/watch.ts';
import type { Fault } from '../../src/domain/failure/fault.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { type ApiCluster, startApiCluster, startTimeout } from '../support/cluster/api-cluster.ts';

let here: ApiCluster;

beforeAll(async () => {
  here = await startApiCluster();
}, startTimeout);

afterAll(() => here?.stop(), 60_000);

function configMap(namespace: string, data: Record<string, string>, name = 'settings'): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

function deployment(namespace: string, change: Record<string, unknown> = {}): KubernetesObject {
  const labels = { app: 'web' };
  const containers = [{ name: 'web', image: 'registry.test/web:1' }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
      ...change,
    },
  };
}

const reference = (namespace: string, name = 'settings') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace,
  name,
});

describe('apply: created or changed, and conflicts of managers', () => {
  test('says whether it created; a dry run changes nothing', async () => {
    const namespace = await here.newNamespace();
    const dry = await here.api.apply(deployment(namespace), { dryRun: true });
    expect(dry).toMatchObject({
      type: 'applied',
      created: true,
      object: { spec: { revisionHistoryLimit: 10 } },
    });
    expect(
      await here.api.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' }),
    ).toBeUndefined();
    expect(await here.api.apply(deployment(namespace))).toMatchObject({ created: true });
    expect(await here.api.apply(deployment(namespace))).toMatchObject({ created: false });
  });

  test('tells conflicts with several managers apart, field by field', async () => {
    const namespace = await here.newNamespace();
    const replicas = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: { replicas: 5 },
    };
    await here.api.apply(deployment(namespace));
    await here.api.apply(replicas, { fieldManager: 'kubectl', force: true });
    await here.api.apply(
      { ...replicas, spec: { paused: true, minReadySeconds: 3 } },
      { fieldManager: 'odd "name" with 🚀', force: true },
    );
    const result = await here.api.apply(deployment(namespace, { paused: false, minReadySeconds: 4 }), {
      dryRun: true,
    });
    expect(result.type).toBe('conflict');
    const conflicts = result.type === 'conflict' ? result.conflicts : [];
    expect(conflicts.toSorted((one, other) => one.field.localeCompare(other.field))).toEqual([
      { manager: 'odd "name" with 🚀', field: '.spec.minReadySeconds' },
      { manager: 'odd "name" with 🚀', field: '.spec.paused' },
      { manager: 'kubectl', field: '.spec.replicas' },
    ]);
    expect(await here.api.apply(deployment(namespace), { force: true })).toMatchObject({
      object: { spec: { replicas: 1 } },
    });
  });

  test('a conflict with a write of another kind (Update, by subresource) names its manager too', async () => {
    const namespace = await here.newNamespace();
    await here.api.apply(deployment(namespace));
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web/scale`;
    await here.connection.transport.request({
      method: 'PATCH',
      path,
      query: { fieldManager: 'autoscaler' },
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: 7 } },
    });
    const result = await here.api.apply(deployment(namespace), { dryRun: true });
    expect(result).toEqual({
      type: 'conflict',
      conflicts: [{ manager: 'autoscaler', field: '.spec.replicas' }],
    });
  });

  test('a stale resourceVersion is an error and no conflict of managers', async () => {
    const namespace = await here.newNamespace();
    await here.api.apply(configMap(namespace, { a: '1' }));
    const stale = here.api.apply(configMap(namespace, { a: '2' }), { force: true, resourceVersion: '1' });
    await expect(stale).rejects.toMatchObject({ status: 409, reason: 'Conflict', causes: [] });
  });
});

describe('apply: refusals, warnings and unknown kinds', () => {
  test('what the server refuses is refused at once', async () => {
    const namespace = await here.newNamespace();
    const attempts = [
      here.api.apply({ ...configMap(namespace, {}), unknown: 1 }),
      here.api.apply(deployment(namespace, { replicas: -1 })),
      here.api.apply(deployment(namespace, { replicas: 'three' })),
      here.api.apply(configMap(namespace, {}, 'Not A Name')),
    ];
    const errors = (await Promise.allSettled(attempts)).map((result) =>
      result.status === 'rejected' ? result.reason : 'applied',
    );
    expect(errors.map((error) => [error instanceof ApiError, refusesObject(error)])).toEqual(
      Array(4).fill([true, true]),
    );
  });

  test('the server warns, and the warning is kept', async () => {
    const namespace = await here.newNamespace();
    const containers = [
      {
        name: 'web',
        image: 'a',
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
    ];
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers } };
    const result = await here.api.create(deployment(namespace, { template }), { dryRun: true });
    expect(result.warnings).toEqual([expect.stringContaining('hides previous definition')]);
  });

  test('a kind that the cluster does not know is a fault, a CRD that comes later is found', async () => {
    const thing = {
      apiVersion: 'orion.test/v1',
      kind: 'Thing',
      metadata: { name: 'one' },
      spec: { any: 'thing' },
    };
    await expect(here.api.apply(thing)).rejects.toMatchObject({ reason: 'object-invalid' });
    expect(await here.api.get({ apiVersion: 'orion.test/v1', kind: 'Thing', name: 'one' })).toBeUndefined();
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await here.api.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.orion.test' },
      spec: {
        group: 'orion.test',
        scope: 'Cluster',
        names: { plural: 'things', kind: 'Thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    await vi.waitFor(
      async () => expect(await here.api.apply(thing)).toMatchObject({ type: 'applied' }),
      20_000,
    );
    expect(await here.api.resources.find('orion.test/v1', 'Thing')).toMatchObject({
      plural: 'things',
      namespaced: false,
    });
  }, 30_000);
});

describe('other writes', () => {
  test('replace and patch: optimistic', async () => {
    const namespace = await here.newNamespace();
    const { object } = await here.api.create(configMap(namespace, { a: '1' }));
    await here.api.replace({ ...object, data: { a: '2' } });
    await expect(here.api.replace({ ...object, data: { a: '3' } })).rejects.toMatchObject({ status: 409 });
    const operations = [
      { op: 'test', path: '/data/a', value: '2' },
      { op: 'add', path: '/data/b.c', value: 'x' },
      { op: 'remove', path: '/data/a' },
    ] as const;
    const patched = await here.api.jsonPatch(reference(namespace), operations);
    expect(patched.object['data']).toEqual({ 'b.c': 'x' });
    await expect(here.api.jsonPatch(reference(namespace), operations)).rejects.toMatchObject({ status: 422 });
  });

  test('delete: only the object with this UID', async () => {
    const namespace = await here.newNamespace();
    const { object } = await here.api.create(configMap(namespace, {}));
    await expect(here.api.delete(reference(namespace), { uid: 'another' })).rejects.toMatchObject({
      status: 409,
    });
    expect(await here.api.delete(reference(namespace), { uid: object.metadata.uid ?? '' })).toBe(true);
    expect(await here.api.delete(reference(namespace))).toBe(false);
  });
});

describe('reading', () => {
  test('pages of a list are put together', async () => {
    const namespace = await here.newNamespace();
    const names = Array.from({ length: 620 }, (_, index) => `c-${String(index).padStart(3, '0')}`);
    await Promise.all(names.map((name) => here.api.create(configMap(namespace, {}, name))));
    const { objects } = await here.api.list('v1', 'ConfigMap', {
      namespace,
      fieldSelector: 'metadata.name!=kube-root-ca.crt',
    });
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(objects[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  }, 60_000);

  test('who we are, and what we may not do', async () => {
    const namespace = await here.newNamespace();
    const kubeconfig = await here.cluster.controlPlane.issueKubeconfig('reader', 'reader', ['readers']);
    const reader = createKubernetesApi(await here.connectAgain(kubeconfig));
    expect(await reader.identity()).toMatchObject({
      username: 'reader',
      groups: expect.arrayContaining(['readers']),
    });
    const permissions = ['get', 'patch'].map((verb) => ({
      verb,
      group: 'apps',
      resource: 'deployments',
      namespace,
    }));
    expect(await reader.missingPermissions(permissions)).toEqual(permissions);
    expect(await here.api.missingPermissions(permissions)).toEqual([]);
    const unavailable: string[] = [];
    const session = await watchKinds([{ apiVersion: 'v1', kind: 'Pod', namespace }], () => undefined, {
      api: reader,
      onLost: (target, error) => unavailable.push(`${target.kind} ${(error as Fault).reason}`),
    });
    await session.stop();
    expect(unavailable).toEqual(['Pod permission-missing']);
  });

  test('the log of a pod that is not there is empty, a call of it is an answer', async () => {
    const namespace = await here.newNamespace();
    expect(await here.api.podLog({ namespace, pod: 'absent', container: 'a' }, { tailLines: 5 })).toEqual([]);
    const endpoint = { namespace, pod: 'absent', port: 80, scheme: 'https', path: '/health?full=1' } as const;
    const answer = await here.api.callPod(endpoint, { deadline: 5000 });
    expect(answer).toMatchObject({
      status: 404,
      body: expect.stringContaining('pods \\"absent\\" not found'),
    });
  });
});

describe('watch', () => {
  test('delivers what happens, in order, also across a restart of the API server', async () => {
    const namespace = await here.newNamespace();
    const changes: WatchChange[] = [];
    const fieldSelector = 'metadata.name!=kube-root-ca.crt';
    const session = await watchKinds(
      [{ apiVersion: 'v1', kind: 'ConfigMap', namespace, fieldSelector }],
      (change) => changes.push(change),
      { api: here.api },
    );
    const seen = () =>
      changes.map((change) => (change.type === 'listed' ? `listed ${change.objects.length}` : change.type));
    expect(seen()).toEqual(['listed 0']);
    await here.api.apply(configMap(namespace, { a: '1' }));
    await here.api.apply(configMap(namespace, { a: '2' }));
    await here.api.delete(reference(namespace));
    await vi.waitFor(() => expect(seen()).toEqual(['listed 0', 'applied', 'applied', 'deleted']));
    await here.cluster.controlPlane.restartApiServer();
    await here.api.apply(configMap(namespace, { a: '3' }, 'after'));
    await vi.waitFor(() => expect(seen().at(-1)).toMatch(/applied|listed 1/), 30_000);
    await session.stop();
    const count = changes.length;
    await here.api.apply(configMap(namespace, { a: '4' }, 'late'));
    await delay(200);
    expect(changes).toHaveLength(count);
  }, 90_000);
});
