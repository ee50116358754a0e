import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import { databasesOf, parseDatabaseUrl } from '../../../../../src/domain/smoke/databases/databases.ts';
import { settingReferences } from '../../../../../src/domain/smoke/databases/settings.ts';
import { databaseTests } from '../../../../../src/domain/smoke/tests/database-tests.ts';

const deployment = (name: string, container: object): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: { template: { spec: { containers: [{ name, ...container }] } } },
});
const service = (
  name: string,
  port: number,
  spec: object = { selector: { app: name } },
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { ports: [{ port }], ...spec },
});
const fromSecret = (key: string) => ({
  env: [{ name: 'URL', valueFrom: { secretKeyRef: { name: 'secrets', key } } }],
});

const url = 'postgres://orion:p%40ss@postgres:5433/shop?sslmode=require';

describe('what a URL says', () => {
  test.each([
    [
      url,
      {
        kind: 'postgres',
        name: 'postgres',
        port: 5433,
        user: 'orion',
        password: 'p@ss',
        database: 'shop',
        tls: { mode: 'require' },
      },
    ],
    [
      'postgresql://db.example.com',
      { name: 'db', host: 'db.example.com', port: 5432, tls: { mode: 'prefer' } },
    ],
    [
      'redis://:secret@redis.shop.svc:6379/2',
      { kind: 'redis', password: 'secret', database: '2', tls: { mode: 'disable' } },
    ],
    ['rediss://redis', { kind: 'redis', port: 6379, tls: { mode: 'verify-full' } }],
    ['postgres://u:100%@h/d', { password: '100%' }],
    ['postgres://[::1]:5432/d', { host: '::1' }],
  ])('%s', (text, expected) => {
    expect(parseDatabaseUrl(text, 'a test')).toMatchObject(expected);
  });

  test.each(['http://auth', 'postgres://$(USER)@h/d', 'no url', 'postgres:///d'])('%s is none', (text) => {
    expect(parseDatabaseUrl(text, 'a test')).toBeUndefined();
  });
});

describe('the databases of a release', () => {
  test('one for each URL, whoever refers to it, and where it was found', () => {
    const rendered = [
      deployment('auth', fromSecret('DATABASE_URL')),
      deployment('user', { envFrom: [{ secretRef: { name: 'secrets' } }] }),
      service('postgres', 5432),
    ];
    expect(settingReferences(rendered)).toMatchObject([{ kind: 'Secret', name: 'secrets' }]);
    const found = databasesOf(
      rendered,
      new Map([['Secret/secrets', { DATABASE_URL: 'postgres://o:p@postgres/shop' }]]),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      name: 'postgres',
      source: 'Secret secrets, key DATABASE_URL',
      login: 'stated',
    });
    expect(found[0]?.users.map(({ name }) => name)).toEqual(['auth', 'user']);
  });

  test('a Service on the usual port that nobody names has no credentials', () => {
    const found = databasesOf([service('cache', 6379), service('web', 80)], new Map());
    expect(found).toMatchObject([{ kind: 'redis', name: 'cache', login: 'none', source: 'Service cache' }]);
  });
});

const slice: KubernetesObject = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'postgres-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'postgres' } },
  ports: [{ name: '', port: 15432 }],
  endpoints: [
    { conditions: { ready: false }, targetRef: { kind: 'Pod', name: 'postgres-1' } },
    { conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'postgres-0' } },
  ],
};

const health = (...objects: KubernetesObject[]) =>
  new Map(objects.map((one) => [`${one.kind}/${one.metadata.name}`, one]));

const testOf = (address: string, ...objects: KubernetesObject[]) => {
  const database = parseDatabaseUrl(address, 'a test');
  if (database === undefined) throw new Error(address);
  return databaseTests([database], { namespace: 'shop', health: health(...objects), workloads: [] })[0];
};

const headless = (name: string, ports: readonly object[] = []): KubernetesObject =>
  service(name, 0, { clusterIP: 'None', selector: { app: name }, ports });

const sliceOf = (name: string, more: object): KubernetesObject =>
  ({
    ...slice,
    metadata: { ...slice.metadata, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    ...more,
  }) as KubernetesObject;

const member = (name: string) => ({
  hostname: name,
  addresses: ['10.0.0.1'],
  conditions: { ready: true },
  targetRef: { kind: 'Pod', name },
});

const redises = sliceOf('redis', { ports: [], endpoints: [member('redis-1'), member('redis-0')] });

const pod0 = { reach: { type: 'pod', pod: 'redis-0', port: 6379 } };

const written = sliceOf('db', {
  ports: [{ name: '', port: 15432 }],
  endpoints: [{ addresses: ['192.0.2.7'], conditions: {} }],
});

describe('the way to a database: Services and other hosts', () => {
  test.each(['postgres', 'postgres.shop', 'postgres.shop.svc.cluster.local'])(
    '%s is a ready pod of its Service',
    (host) => {
      const found = testOf(`postgres://o:p@${host}/shop`, service('postgres', 5432), slice);
      expect(found).toMatchObject({
        what: 'postgres',
        pod: 'postgres-0',
        reach: { type: 'pod', pod: 'postgres-0', port: 15432 },
      });
      expect(JSON.stringify(found?.address)).not.toContain('o:p');
    },
  );

  test.each<[string, string, KubernetesObject[], object]>([
    [
      'no Service of that name',
      'postgres://o@db/s',
      [],
      { what: 'decided', judgement: { reason: 'dns-unknown' } },
    ],
    [
      'nobody behind it',
      'postgres://o@postgres/s',
      [service('postgres', 5432)],
      { what: 'decided', judgement: { reason: 'connection-refused' } },
    ],
    [
      'another host',
      'postgres://o@db.example.com/s',
      [],
      { what: 'postgres', reach: { type: 'direct', host: 'db.example.com' } },
    ],
    [
      'an ExternalName',
      'postgres://o@db/s',
      [service('db', 5432, { type: 'ExternalName', externalName: 'db.example.com' })],
      { reach: { type: 'direct', host: 'db.example.com' } },
    ],
  ])('%s', (_, address, objects, expected) => {
    expect(testOf(address, ...objects)).toMatchObject(expected);
  });
});

describe('the way to a database: headless Services, namespaces and ports', () => {
  test.each<[string, string, KubernetesObject[], object]>([
    [
      'a pod behind a headless Service without ports',
      'redis://redis-0.redis',
      [headless('redis'), redises],
      pod0,
    ],
    [
      'its whole name',
      'redis://redis-1.redis.shop.svc.cluster.local:6380',
      [headless('redis'), redises],
      { reach: { type: 'pod', pod: 'redis-1', port: 6380 } },
    ],
    ['without svc', 'redis://redis-0.redis.shop', [headless('redis'), redises], pod0],
    ['the headless Service itself: its first pod', 'redis://redis', [headless('redis'), redises], pod0],
    [
      'a pod that is not there',
      'redis://redis-7.redis',
      [headless('redis'), redises],
      { judgement: { outcome: 'failed', reason: 'connection-refused' } },
    ],
    [
      'another namespace',
      'redis://redis.data.svc.cluster.local',
      [],
      { reach: { type: 'direct' }, doubt: expect.any(String) },
    ],
    [
      'another namespace in short',
      'redis://redis.data',
      [],
      { reach: { type: 'direct' }, doubt: expect.any(String) },
    ],
    [
      'another namespace that is called like a Service of this one',
      'redis://cache.redis',
      [headless('redis'), redises],
      { reach: { type: 'direct', host: 'cache.redis' }, doubt: expect.any(String) },
    ],
    [
      'a Service whose endpoint is elsewhere',
      'postgres://o@db/s',
      [service('db', 5432, {}), written],
      {
        reach: { type: 'direct', host: '192.0.2.7', port: 15432 },
        serverName: 'db',
        doubt: expect.any(String),
      },
    ],
    [
      'a port that the Service does not have',
      'postgres://o@postgres:5433/s',
      [service('postgres', 5432), slice],
      {
        judgement: {
          outcome: 'failed',
          reason: 'connection-refused',
          message: expect.stringMatching(/no port 5433/),
        },
      },
    ],
    [
      'the address of the Service',
      'postgres://o@10.96.0.9/s',
      [service('postgres', 5432, { clusterIP: '10.96.0.9' }), slice],
      { pod: 'postgres-0' },
    ],
  ])('%s', (_, address, objects, expected) => {
    expect(testOf(address, ...objects)).toMatchObject(expected);
  });
});

describe('the way to a database of a sidecar', () => {
  const users = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', namespace: 'shop' }];
  const readyPod = (name: string, isReady = true): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  });
  const testsOf = (host: string, spec: object, ...pods: KubernetesObject[]) => {
    const database = parseDatabaseUrl(`redis://${host}:6379`, 'a test');
    if (database === undefined) throw new Error(host);
    const api = { ...deployment('api', {}), spec: { template: { spec } } } as unknown as KubernetesObject;
    const [reference] = users;
    if (reference === undefined) throw new Error('none');
    const workloads = [{ reference, workload: api, isThere: true, pods, wanted: 2 }];
    return databaseTests([{ ...database, users }], { namespace: 'shop', health: new Map(), workloads });
  };
  const two = { containers: [{ name: 'api' }, { name: 'redis' }] };

  test.each(['127.0.0.1', 'localhost', '[::1]'])('%s is asked in each pod that is ready', (host) => {
    const tests = testsOf(host, two, readyPod('a'), readyPod('b'), readyPod('c', false));
    expect(tests).toMatchObject([
      { what: 'redis', reach: { type: 'pod', pod: 'a', port: 6379 } },
      { what: 'redis', reach: { type: 'pod', pod: 'b', port: 6379 } },
    ]);
    expect(new Set(tests.map(({ id }) => id)).size).toBe(2);
    expect(tests[0]?.doubt).toBeUndefined();
  });

  test('without a pod it is not decided', () => {
    expect(testsOf('localhost', two)).toMatchObject([
      { what: 'decided', judgement: { outcome: 'inconclusive', reason: 'not-reachable-from-here' } },
    ]);
  });

  test('where no other container could be it, that nobody listens proves nothing', () => {
    const alone = { containers: [{ name: 'api' }] };
    expect(testsOf('localhost', alone, readyPod('a'))[0]?.doubt).toMatch(/no other container/);
    const native = { ...alone, initContainers: [{ name: 'redis', restartPolicy: 'Always' }] };
    expect(testsOf('localhost', native, readyPod('a'))[0]?.doubt).toBeUndefined();
  });

  test.each<[string, object, object]>([
    [
      'an entry of its hosts file',
      { hostAliases: [{ ip: '192.0.2.9', hostnames: ['db'] }] },
      { reach: { type: 'direct', host: '192.0.2.9' } },
    ],
    [
      'domains of its own',
      { dnsConfig: { searches: ['corp.example'] } },
      { reach: { type: 'direct', host: 'db' } },
    ],
    ['the names of the node', { dnsPolicy: 'Default' }, { reach: { type: 'direct', host: 'db' } }],
    ['the names of the cluster', {}, { what: 'decided', judgement: { reason: 'dns-unknown' } }],
  ])('a name without a Service, of a pod with %s', (_, spec, expected) => {
    expect(testsOf('db', { ...two, ...spec }, readyPod('a'))).toMatchObject([expected]);
  });
});

describe('databases that are not asked', () => {
  test('orion.yaml leaves one out', () => {
    const database = parseDatabaseUrl('redis://db.example.com', 'a test');
    const found =
      database &&
      databaseTests([{ ...database, skip: true }], { namespace: 'shop', health: new Map(), workloads: [] });
    expect(found).toMatchObject([{ what: 'decided', judgement: { outcome: 'skipped' } }]);
  });

  test('of a Service on 3306 that nobody names there is nothing to try', () => {
    const objects = [service('mysql', 3306), { ...slice, metadata: { ...slice.metadata, name: 'mysql-1' } }];
    const ground = { namespace: 'shop', health: health(...objects), workloads: [] };
    expect(databaseTests(databasesOf(objects, new Map()), ground)).toMatchObject([
      { id: 'mysql/mysql', what: 'decided', judgement: { outcome: 'inconclusive' } },
    ]);
  });

  test('a PostgreSQL that nobody knows how to log in to is not decided, a Redis may be open', () => {
    const objects = [service('postgres', 5432), slice];
    const databases = databasesOf(objects, new Map());
    const [first] = databaseTests(databases, {
      namespace: 'shop',
      health: health(...objects),
      workloads: [],
    });
    expect(first).toMatchObject({
      what: 'decided',
      judgement: { outcome: 'inconclusive', reason: 'login-unknown' },
    });
  });
});
