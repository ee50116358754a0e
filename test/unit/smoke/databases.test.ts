import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/domain/objects.ts';
import { databaseTests } from '../../../src/domain/smoke/database-tests.ts';
import { databasesOf, parseDatabaseUrl } from '../../../src/domain/smoke/databases.ts';
import { settingReferences } from '../../../src/domain/smoke/settings.ts';

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

describe('the way to a database', () => {
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
