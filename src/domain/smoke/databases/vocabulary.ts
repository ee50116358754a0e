/** What the name of a variable says of a database: `AUTH_DB_PASSWORD` is a password, of an SQL database that is called auth. */

import { type DatabaseKind, databaseKinds, isDatabaseKind } from '../report.ts';
import type { OpenFamily, Role } from './protocol.ts';
import { protocols } from './protocols.ts';

/** A protocol, or one of several. */
export type Family = DatabaseKind | OpenFamily;

/** The name of a variable taken apart: which kind of database, which database, which part of its address or login. */
export interface VariableName {
  readonly family: Family;
  /** What is neither family nor role, sorted: `auth`. */
  readonly qualifiers: readonly string[];
  readonly role: Role;
  /** The value is the path of a file that holds it. */
  readonly file: boolean;
}

const openFamilies: Readonly<Record<OpenFamily, readonly string[]>> = {
  sql: words('db database datasource sql rds jdbc r2dbc rdbms typeorm sequelize knex hikari'),
  store: words('cache broker queue celery session sessions sidekiq bull bullmq pubsub'),
};

/** What is not tested. A word that a protocol of the table has too is that protocol's. */
const others = words(
  `mysql mariadb mongo mongodb mssql sqlserver oracle cassandra scylla clickhouse elastic elasticsearch opensearch influx influxdb rabbitmq
  rabbit amqp kafka memcached memcache ldap smtp mail etcd neo4j couchdb couchbase dynamodb sqlite nats sentinel minio s3`,
);

/** The words at the end of a name, those of more words first. */
const roles: Readonly<Record<Role, readonly string[]>> = {
  address: phrases(
    `host | hostname | host name | hostaddr | host addr | server | server name | servers | hosts | fqdn | url | uri | dsn | addr | addrs |
    address | addresses | endpoint | endpoints | nodes | connection string | connectionstring | connection url | connection uri |
    conn str | connstr | conn string | database url | database uri | db url | jdbc url | url string`,
  ),
  connection: phrases('connection | conn | configuration'),
  port: phrases('port | port number | tcp port'),
  user: phrases('user | username | user name | usr | login | uid | userid | user id | db user'),
  password: phrases(
    'password | pass | passwd | pwd | passphrase | requirepass | auth token | access key | primary key | db password',
  ),
  database: phrases(
    `db | database | dbname | db name | database name | db index | database index | db number | database number | index | catalog |
    initial catalog | name`,
  ),
  tls: phrases(
    `ssl | tls | sslmode | ssl mode | tls mode | use ssl | use tls | ssl enabled | tls enabled | enable ssl | enable tls | ssl enable |
    tls enable | require ssl | require tls`,
  ),
  driver: phrases(
    `driver | dialect | engine | type | client | adapter | vendor | kind | db kind | db type | provider | platform | backend |
    driver class name`,
  ),
};

/** They name the usual one; `REDIS_MASTER_HOST` and `REDIS_PASSWORD` belong together. */
const meaningless = new Set(
  words(
    'spring data quarkus app config settings default main master primary writer rw connection connectionstrings connections env common global',
  ),
);

/** Where the process itself listens is no address to call. */
const ownSide = /^(bind|listen|announce|advertised?)$/;
const replicas = /^(replicas?|readonly|read|reader|ro|r|slaves?|secondary|standby|follower)$/;
const familyByWord = new Map<string, Family | 'other'>([
  ...others.map((word) => [word, 'other'] as const),
  ...(['sql', 'store'] as const).flatMap((family) =>
    openFamilies[family].map((word) => [word, family] as const),
  ),
  ...databaseKinds.flatMap((kind) =>
    words(protocols[kind].recognisedBy.words).map((word) => [word, kind] as const),
  ),
]);
const rolesByPhrase = new Map(
  Object.entries(roles).flatMap(([role, all]) => all.map((phrase) => [phrase, role as Role])),
);

/** Undefined for a name that has nothing to do with a database. */
export function readName(name: string): VariableName | undefined {
  const all = tokensOf(name);
  const file = all.length > 1 && ['file', 'path'].includes(all.at(-1) ?? '');
  const tokens = file ? all.slice(0, -1) : all;
  for (const length of [3, 2, 1]) {
    const rest = tokens.slice(0, -length);
    const phrase = tokens.slice(-length).join(' ');
    const role = roleOf(phrase, rest);
    const family = familyOf(rest);
    if (role === undefined || family === undefined) continue;
    if (rest.some((word) => ownSide.test(word))) return undefined;
    return { family, qualifiers: qualifiersOf(rest, family), role, file };
  }
  return undefined;
}

/** The same for a variable whose value is the whole address, whatever it is called: `CELERY_BROKER_URL`. */
export function qualifiersOfName(name: string): readonly string[] {
  const known = readName(name);
  if (known !== undefined) return known.qualifiers;
  const tokens = tokensOf(name);
  return qualifiersOf(rolesByPhrase.get(tokens.at(-1) ?? '') === undefined ? tokens : tokens.slice(0, -1));
}

/** One that is meant for reading only. */
export function saysReplica(qualifiers: readonly string[]): boolean {
  return qualifiers.some((word) => replicas.test(word));
}

function roleOf(phrase: string, rest: readonly string[]): Role | undefined {
  const last = familyByWord.get(rest.at(-1) ?? '');
  // `REDIS_AUTH` is a password, `DB_AUTH` may be anything; of `DB_POOL_NAME` nobody knows what it names.
  const { passwords = [] } = last !== undefined && isDatabaseKind(last) ? protocols[last].recognisedBy : {};
  if (passwords.includes(phrase)) return 'password';
  const role = rolesByPhrase.get(phrase);
  const follows = last !== undefined || meaningless.has(rest.at(-1) ?? '');
  return (phrase === 'name' || phrase === 'index') && !follows ? undefined : role;
}

function familyOf(tokens: readonly string[]): Family | undefined {
  const found = new Set(tokens.map((token) => familyByWord.get(token)));
  if (found.has('other')) return undefined;
  return ([...databaseKinds, 'sql', 'store'] as const).find((family) => found.has(family));
}

/** `cache` tells one store from another, `db` says nothing beside `postgres`. */
function qualifiersOf(tokens: readonly string[], family?: Family): readonly string[] {
  const isFamily = (token: string): boolean => {
    const kind = familyByWord.get(token);
    return (
      kind !== undefined && kind !== 'store' && (kind === family || kind === 'sql' || family === undefined)
    );
  };
  return tokens.filter((token) => !isFamily(token) && !meaningless.has(token)).toSorted();
}

/** `authDbPassword`, `auth.db.password`, `Auth__Db__Password` and `AUTH_DB_PASSWORD` are the same; so are `PGHOST` and `PG_HOST`. */
function tokensOf(name: string): readonly string[] {
  const parted = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2');
  return parted
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((token) => token !== '')
    .flatMap(parts);
}

const joined = new RegExp(
  `^(${[...familyByWord.keys()].toSorted((one, other) => other.length - one.length).join('|')})(.+)$`,
);

function parts(token: string): readonly string[] {
  if (familyByWord.has(token) || rolesByPhrase.has(token)) return [token];
  const [, family = '', rest = ''] = joined.exec(token) ?? [];
  return rolesByPhrase.has(rest) || /^\d+$/.test(rest) ? [family, rest] : [token];
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

function phrases(text: string): readonly string[] {
  return text.split('|').map((phrase) => words(phrase).join(' '));
}
