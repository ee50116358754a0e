/** What settings say of databases: kinds of names and values, in spellings that people use. */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import { type Database, databasesOf } from '../../../../../src/domain/smoke/databases/databases.ts';
import { readName } from '../../../../../src/domain/smoke/databases/vocabulary.ts';

type Manifest = Readonly<Record<string, unknown>>;

const workload = (name: string, containers: readonly Manifest[], more: Manifest = {}): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: { template: { metadata: { labels: { app: name } }, spec: { containers, ...more } } } as never,
});
const service = (name: string, port: number): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { selector: { app: name }, ports: [{ port }] },
});
const env = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables).map(([name, value]) => ({ name, value }));

function found(
  variables: Readonly<Record<string, string>>,
  ...others: readonly KubernetesObject[]
): readonly Database[] {
  return databasesOf([workload('api', [{ name: 'api', env: env(variables) }]), ...others], new Map());
}

/** `redis cache:6379 user:password/0 stated`. */
function said({ kind, host, port, user = '', password = '', database = '', login }: Database): string {
  return `${kind} ${host}:${port} ${user}:${password}/${database} ${login}`;
}

test.each([
  ['REDIS_HOST', 'redis address'],
  ['CACHE_REDIS_PASSWORD', 'redis cache password'],
  ['AUTH_DB_PASSWORD', 'sql auth password'],
  ['authDbPassword', 'sql auth password'],
  ['auth.db.password', 'sql auth password'],
  ['Auth__Db__Password', 'sql auth password'],
  ['PGHOST', 'postgres address'],
  ['PGPASSWORD', 'postgres password'],
  ['PGDATABASE', 'postgres database'],
  ['POSTGRES_DB', 'postgres database'],
  ['DB_NAME', 'sql database'],
  ['DBUSER', 'sql user'],
  ['REDIS_DB', 'redis database'],
  ['REDIS_AUTH', 'redis password'],
  ['VALKEY_AUTH_TOKEN', 'redis password'],
  ['SPRING_DATASOURCE_USERNAME', 'sql user'],
  ['SPRING_DATA_REDIS_HOST', 'redis address'],
  ['REDIS_MASTER_PASSWORD', 'redis password'],
  ['POSTGRES_PASSWORD_FILE', 'postgres password file'],
  ['DB1_HOST', 'sql 1 address'],
  ['MYSQL_HOST', 'mysql address'],
  ['MYSQLHOST', 'mysql address'],
  ['MARIADB_PASSWORD_FILE', 'mysql password file'],
  ['MYSQL_ROOT_PASSWORD', 'mysql root password'],
])('%s', (name, expected) => {
  const known = readName(name);
  const words = [
    known?.family,
    ...(known?.qualifiers ?? []),
    known?.role,
    known?.file === true ? 'file' : '',
  ];
  expect(words.join(' ').trim()).toBe(expected);
});

test.each([
  'PASSWORD',
  'MONGO_DB_HOST',
  'SMTP_PASSWORD',
  'DB_POOL_NAME',
  'REDIS_ENABLED',
  'REDIS_BIND_ADDRESS',
  'REDIS_SENTINEL_HOST',
  'POSTGRES_HOST_AUTH_METHOD',
  'DATABASE',
  'HOSTNAME',
  'USER',
])('%s says nothing of a database', (name) => {
  expect(readName(name)).toBeUndefined();
});

const loginsOfVariables: readonly [string, Readonly<Record<string, string>>, readonly string[]][] = [
  [
    'host, port and password',
    { REDIS_HOST: 'cache', REDIS_PORT: '6380', REDIS_PASSWORD: 'p' },
    ['redis cache:6380 :p/ stated'],
  ],
  ['REDIS_AUTH', { REDIS_ADDR: 'cache:6379', REDIS_AUTH: 'p' }, ['redis cache:6379 :p/ stated']],
  [
    'a URL without a login',
    { REDIS_URL: 'redis://cache', REDIS_PASSWORD: 'p' },
    ['redis cache:6379 :p/ stated'],
  ],
  [
    'a URL without a scheme',
    { REDIS_URL: 'cache:6379/', REDIS_PASSWORD: 'p' },
    ['redis cache:6379 :p/ stated'],
  ],
  [
    'libpq',
    { PGHOST: 'db', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'd' },
    ['postgres db:5432 u:p/d stated'],
  ],
  [
    'a port that says which',
    { DB_HOST: 'main', DB_PORT: '5432', DB_USER: 'u', DB_PASSWORD: 'p', DB_NAME: 'd' },
    ['postgres main:5432 u:p/d stated'],
  ],
  [
    'a driver that says which',
    { DB_CONNECTION: 'pgsql', DB_HOST: 'main', DB_USERNAME: 'u', DB_PASSWORD: 'p', DB_DATABASE: 'd' },
    ['postgres main:5432 u:p/d stated'],
  ],
  [
    'a host that says which',
    { DATABASE_HOST: 'orders-postgres', DATABASE_USER: 'u', DATABASE_PASSWORD: 'p', DATABASE_NAME: 'd' },
    ['postgres orders-postgres:5432 u:p/d stated'],
  ],
  ['nothing says which', { DB_HOST: 'main', DB_USER: 'u', DB_PASSWORD: 'p' }, []],
  [
    'Spring',
    {
      SPRING_DATASOURCE_URL: 'jdbc:postgresql://db:5433/d?sslmode=require',
      SPRING_DATASOURCE_USERNAME: 'u',
      SPRING_DATASOURCE_PASSWORD: 'p',
      SPRING_DATA_REDIS_HOST: 'cache',
      SPRING_DATA_REDIS_PASSWORD: 'r',
    },
    ['postgres db:5433 u:p/d stated', 'redis cache:6379 :r/ stated'],
  ],
  [
    'names with a prefix, two of a kind',
    {
      AUTH_DB_HOST: 'auth-pg',
      AUTH_DB_USER: 'a',
      AUTH_DB_PASSWORD: 'x',
      AUTH_DB_NAME: 'a',
      ORDERS_DB_HOST: 'orders-pg',
      ORDERS_DB_USER: 'o',
      ORDERS_DB_PASSWORD: 'y',
      ORDERS_DB_NAME: 'o',
    },
    ['postgres auth-pg:5432 a:x/a stated', 'postgres orders-pg:5432 o:y/o stated'],
  ],
  [
    '.NET',
    {
      ConnectionStrings__Default:
        'Host=pg;Port=5433;Username=u;Password="p;";Database=d;SSL Mode=VerifyFull'.replace('p;', 'p'),
    },
    ['postgres pg:5433 u:p/d stated'],
  ],
  ['.NET with SQL Server', { ConnectionStrings__Default: 'Server=sql;User Id=sa;Password=p;Database=d' }, []],
  [
    'StackExchange.Redis',
    { ConnectionStrings__Redis: 'cache:6380,password=p,ssl=True,abortConnect=False' },
    ['redis cache:6380 :p/ stated'],
  ],
  [
    'words of libpq',
    { DSN: "host=db user=u password='p q' dbname=d sslmode=disable" },
    ['postgres db:5432 u:p q/d stated'],
  ],
  [
    'PDO',
    { DB_DSN: 'pgsql:host=db;port=5433;dbname=d', DB_USER: 'u', DB_PASS: 'p' },
    ['postgres db:5433 u:p/d stated'],
  ],
  [
    'SQLAlchemy',
    { SQLALCHEMY_DATABASE_URI: 'postgresql+psycopg2://u:p@db/d' },
    ['postgres db:5432 u:p/d stated'],
  ],
  ['camel case', { redisHost: 'cache', redisPassword: 'p' }, ['redis cache:6379 :p/ stated']],
  ['points', { 'redis.host': 'cache', 'redis.password': 'p' }, ['redis cache:6379 :p/ stated']],
  [
    'a password under a more general name',
    { CACHE_REDIS_HOST: 'cache', REDIS_PASSWORD: 'p' },
    ['redis cache:6379 :p/ inferred'],
  ],
  [
    'a password under the only other name',
    { REDIS_HOST: 'cache', SESSION_REDIS_PASSWORD: 'p' },
    ['redis cache:6379 :p/ inferred'],
  ],
  [
    'two passwords that it could be',
    { REDIS_HOST: 'cache', SESSION_REDIS_PASSWORD: 'p', QUOTA_REDIS_PASSWORD: 'q' },
    ['redis cache:6379 :/ none'],
  ],
  ['an administrator’s login', { PGHOST: 'db', POSTGRES_ADMIN_PASSWORD: 'p' }, ['postgres db:5432 :/ none']],
  ['a password that is empty', { REDIS_HOST: 'cache', REDIS_PASSWORD: '' }, ['redis cache:6379 :/ none']],
  ['no database', { PGHOST: 'db', PGUSER: 'u', PGPASSWORD: 'p' }, ['postgres db:5432 u:p/ inferred']],
  ['a socket', { PGHOST: '/var/run/postgresql', PGUSER: 'u' }, []],
  ['another protocol', { QUEUE_URL: 'https://queue.example.com/orders' }, []],
  ['a sentinel', { REDIS_URL: 'redis+sentinel://s:26379/0' }, []],
  [
    'one database by URL and by parts',
    { DATABASE_URL: 'postgres://u:p@db/d', PGHOST: 'db', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'd' },
    ['postgres db:5432 u:p/d stated'],
  ],
  [
    'what the URL refers to',
    { P: 'p', DATABASE_URL: 'postgres://u:$(P)@db/d' },
    ['postgres db:5432 u:p/d stated'],
  ],
];

const mysqlLoginsOfVariables: readonly [string, Readonly<Record<string, string>>, readonly string[]][] = [
  [
    'MySQL by its port',
    { DB_HOST: 'main', DB_PORT: '3306', DB_USER: 'u', DB_PASSWORD: 'p', DB_NAME: 'd' },
    ['mysql main:3306 u:p/d stated'],
  ],
  [
    'MySQL by its driver',
    { DB_CONNECTION: 'mysql', DB_HOST: 'main', DB_USERNAME: 'u', DB_PASSWORD: 'p' },
    ['mysql main:3306 u:p/ stated'],
  ],
  [
    'MySQL by its host',
    { WORDPRESS_DB_HOST: 'mysql:3307', WORDPRESS_DB_USER: 'u', WORDPRESS_DB_PASSWORD: 'p' },
    [],
  ],
  [
    'WordPress',
    { WORDPRESS_DB_HOST: 'blog-mysql', WORDPRESS_DB_USER: 'u', WORDPRESS_DB_PASSWORD: 'p' },
    ['mysql blog-mysql:3306 u:p/ stated'],
  ],
  [
    'MYSQL_*',
    { MYSQL_HOST: 'db', MYSQL_USER: 'u', MYSQL_PASSWORD: 'p', MYSQL_DATABASE: 'd' },
    ['mysql db:3306 u:p/d stated'],
  ],
  ['a user that nobody says', { MYSQL_HOST: 'db', MYSQL_PASSWORD: 'p' }, ['mysql db:3306 :p/ inferred']],
  ['no login', { MYSQL_HOST: 'db', MYSQL_ROOT_PASSWORD: 'p' }, ['mysql db:3306 :/ none']],
  [
    'Spring with MySQL',
    {
      SPRING_DATASOURCE_URL: 'jdbc:mysql://db/d?useSSL=true',
      SPRING_DATASOURCE_USERNAME: 'u',
      SPRING_DATASOURCE_PASSWORD: 'p',
    },
    ['mysql db:3306 u:p/d stated'],
  ],
  [
    'MariaDB by JDBC',
    { DB_URL: 'jdbc:mariadb://db:3307/d?user=u&password=p' },
    ['mysql db:3307 u:p/d stated'],
  ],
  ['SQLAlchemy', { DATABASE_URL: 'mysql+pymysql://u:p%40@db/d' }, ['mysql db:3306 u:p@/d stated']],
  ['Rails', { DATABASE_URL: 'mysql2://u:p@db/d' }, ['mysql db:3306 u:p/d stated']],
  ['Go', { DSN: 'u:p@:s@tcp(db:3307)/d?parseTime=true' }, ['mysql db:3307 u:p@:s/d stated']],
  [
    'PDO with MySQL',
    { DB_DSN: 'mysql:host=db;port=3307;dbname=d', DB_USER: 'u', DB_PASS: 'p' },
    ['mysql db:3307 u:p/d stated'],
  ],
  [
    '.NET with MySQL',
    { ConnectionStrings__Default: 'Server=db;Port=3306;Database=d;Uid=u;Pwd=p;SslMode=Required' },
    ['mysql db:3306 u:p/d stated'],
  ],
  [
    'both SQL databases, each by its driver',
    {
      AUTH_DB_TYPE: 'mysql',
      AUTH_DB_HOST: 'a',
      AUTH_DB_USER: 'u',
      AUTH_DB_PASSWORD: 'p',
      AUTH_DB_NAME: 'e',
      SHOP_DB_TYPE: 'postgres',
      SHOP_DB_HOST: 'b',
      SHOP_DB_USER: 'u',
      SHOP_DB_PASSWORD: 'q',
      SHOP_DB_NAME: 'd',
    },
    ['mysql a:3306 u:p/e stated', 'postgres b:5432 u:q/d stated'],
  ],
  ['a cache whose driver is a database', { CACHE_DRIVER: 'mysql', CACHE_HOST: 'redis' }, []],
];

describe('variables of their own', () => {
  test.each(loginsOfVariables)('%s', (_, variables, expected) => {
    expect(found(variables).map(said)).toEqual(expected);
  });

  test.each(mysqlLoginsOfVariables)('%s', (_, variables, expected) => {
    expect(found(variables).map(said)).toEqual(expected);
  });

  test('where the name leaves it open, the Service of that name decides', () => {
    const variables = { DB_HOST: 'main', DB_USER: 'u', DB_PASSWORD: 'p', DB_NAME: 'd', CACHE_HOST: 'store' };
    expect(found(variables, service('main', 5432), service('store', 6379)).map(said)).toEqual([
      'postgres main:5432 u:p/d stated',
      'redis store:6379 :/ none',
    ]);
    expect(found(variables, service('main', 3306)).map(said)).toEqual(['mysql main:3306 u:p/d stated']);
  });

  test.each([
    [{ REDIS_HOST: 'cache', REDIS_TLS: 'true' }, 'require'],
    [{ REDIS_HOST: 'cache', REDIS_USE_SSL: '0' }, 'disable'],
    [{ REDIS_HOST: 'cache' }, 'prefer'],
    [{ PGHOST: 'db', PGSSLMODE: 'verify-full' }, 'verify-full'],
    [{ REDIS_URL: 'rediss://cache?ssl_cert_reqs=none' }, 'require'],
    [{ DATABASE_URL: 'mysql://u:p@db/d?ssl-mode=VERIFY_IDENTITY' }, 'verify-full'],
    [{ DATABASE_URL: 'mysql://u:p@db/d?sslMode=DISABLED' }, 'disable'],
    [{ DATABASE_URL: 'mysql://u:p@db/d' }, 'prefer'],
    [{ DSN: 'u:p@tcp(db)/d?tls=skip-verify' }, 'require'],
    [{ MYSQL_HOST: 'db', MYSQL_SSL_MODE: 'REQUIRED' }, 'require'],
  ])('TLS of %j is %s', (variables, mode) => {
    expect(found(variables)[0]?.tls).toEqual({ mode });
  });

  test.each([
    [{ DATABASE_REPLICA_URL: 'postgres://u:p@db-2/d' }, true],
    [{ DATABASE_URL: 'postgres://u:p@orders-ro/d' }, true],
    [{ DATABASE_URL: 'postgres://u:p@orders-rw/d' }, undefined],
  ])('%j may be read-only: %s', (variables, replica) => {
    expect(found(variables)[0]?.replica).toBe(replica);
  });
});

describe('settings of Secrets, ConfigMaps and files', () => {
  const values = new Map([
    ['Secret/cache', { host: 'cache', password: 'p', port: '6379' }],
    ['ConfigMap/conf', { 'redis.conf': 'port 6379\n requirepass "from the file"\n' }],
  ]);

  test('envFrom with its prefix', () => {
    const envFrom = [{ prefix: 'redis_', secretRef: { name: 'cache' } }];
    expect(databasesOf([workload('api', [{ name: 'api', envFrom }])], values).map(said)).toEqual([
      'redis cache:6379 :p/ stated',
    ]);
  });

  test('a password in a file that is mounted', () => {
    const container = {
      name: 'api',
      env: env({ REDIS_HOST: 'cache', REDIS_PASSWORD_FILE: '/run/secrets/redis/password' }),
      volumeMounts: [{ name: 'secret', mountPath: '/run/secrets/redis/' }],
    };
    const volumes = [{ name: 'secret', secret: { secretName: 'cache' } }];
    expect(databasesOf([workload('api', [container], { volumes })], values).map(said)).toEqual([
      'redis cache:6379 :p/ stated',
    ]);
  });

  const api = workload('api', [{ name: 'api', env: env({ REDIS_HOST: 'cache' }) }]);
  const mounted = {
    volumeMounts: [{ name: 'conf', mountPath: '/etc/redis.conf', subPath: 'redis.conf' }],
  };
  test.each<[string, Manifest, string]>([
    ['a flag', { args: ['--requirepass', '$(REDIS_PASSWORD)'], env: env({ REDIS_PASSWORD: 'q' }) }, 'q'],
    [
      'a shell',
      { command: ['sh', '-c', 'exec redis-server --requirepass "$' + '{PW}"'], env: env({ PW: 'q' }) },
      'q',
    ],
    ['a variable of its image', { env: env({ VALKEY_PASSWORD: 'q' }) }, 'q'],
    ['a file', mounted, 'from the file'],
  ])('where its users do not say it, the password of the server: %s', (_, container, password) => {
    const volumes = [{ name: 'conf', configMap: { name: 'conf' } }];
    const server = workload('cache', [{ name: 'redis', image: 'docker.io/library/redis:7', ...container }], {
      volumes,
    });
    const [first] = databasesOf([api, server, service('cache', 6379)], values);
    expect(first).toMatchObject({ host: 'cache', password, login: 'inferred' });
  });

  test('a PostgreSQL of the overlay that nobody names', () => {
    const server = workload('db', [
      { name: 'db', image: 'postgres:16', env: env({ POSTGRES_PASSWORD: 'p', POSTGRES_USER: 'u' }) },
    ]);
    expect(databasesOf([server, service('db', 5432)], new Map()).map(said)).toEqual([
      'postgres db:5432 u:p/u inferred',
    ]);
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'an account of its own',
      { MYSQL_USER: 'u', MYSQL_PASSWORD: 'p', MYSQL_ROOT_PASSWORD: 'r', MYSQL_DATABASE: 'd' },
      'u:p/d inferred',
    ],
    ['root', { MARIADB_ROOT_PASSWORD: 'r', MARIADB_DATABASE: 'd' }, 'root:r/d inferred'],
    ['none', { MYSQL_ALLOW_EMPTY_PASSWORD: 'yes' }, ':/ none'],
  ])('a MySQL of the overlay that nobody names, with the login of %s', (_, variables, expected) => {
    const server = workload('db', [{ name: 'db', image: 'mysql:8.4', env: env(variables) }]);
    expect(databasesOf([server, service('db', 3306)], new Map()).map(said)).toEqual([
      `mysql db:3306 ${expected}`,
    ]);
  });

  test('an exporter is no server, and its address is the pod’s own', () => {
    const exporter = {
      name: 'metrics',
      image: 'oliver006/redis_exporter',
      env: env({ REDIS_ADDR: 'redis://localhost:6379' }),
    };
    const redis = { name: 'redis', image: 'redis:7', args: ['--requirepass', 'q'] };
    expect(databasesOf([workload('cache', [redis, exporter])], new Map())).toMatchObject([
      { name: 'cache-redis', host: 'localhost', password: 'q', login: 'inferred' },
    ]);
  });
});
