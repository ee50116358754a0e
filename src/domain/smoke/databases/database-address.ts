/** The forms in which an address of a database is written: URLs, JDBC, keywords of libpq and .NET, `host:port`. */

/**
 * Named as libpq's `sslmode` (PostgreSQL manual, "SSL Support"): `prefer` takes TLS if the server has it, `require` does not
 * check the certificate, `verify-ca` its chain, `verify-full` its name too.
 */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export type DatabaseKind = 'postgres' | 'redis';

/** What one value says; nothing of it is guessed. */
export interface DatabaseAddress {
  /** Absent where the form leaves it open: `db:5432`. */
  readonly kind?: DatabaseKind;
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly tls?: TlsMode;
  /** Said to be for reading only. */
  readonly replica?: true;
}

export const usualPorts = { postgres: 5432, redis: 6379 } as const;

/** Names of schemes that drivers take, without `jdbc:`, `r2dbc:` and what follows a plus. */
const schemes: Readonly<Record<string, { readonly kind: DatabaseKind; readonly tls?: TlsMode }>> = {
  postgres: { kind: 'postgres' },
  postgresql: { kind: 'postgres' },
  pgsql: { kind: 'postgres' },
  psql: { kind: 'postgres' },
  postgis: { kind: 'postgres' },
  redis: { kind: 'redis', tls: 'disable' },
  valkey: { kind: 'redis', tls: 'disable' },
  rediss: { kind: 'redis', tls: 'verify-full' },
  valkeys: { kind: 'redis', tls: 'verify-full' },
};

/** An address that says by itself of which kind it is; undefined for anything else, and for what is unfinished (`$(USER)`). */
export function parseAddress(text: string): DatabaseAddress | undefined {
  if (/\$[({]/.test(text)) return undefined;
  return parseUrl(text.trim()) ?? parseKeywords(text.trim()) ?? parseRedisOptions(text.trim());
}

/** `cache`, `cache:6379`, `[::1]:6379`; of a list the first. What else a variable called HOST may hold is none. */
export function parseHost(text: string): DatabaseAddress | undefined {
  const [first = ''] = text
    .trim()
    .replace(/^tcp:\/\//, '')
    .split(/[,;\s]/);
  const [, bracketed, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?\/?$/.exec(first) ?? [];
  const host = bracketed ?? plain ?? (/^[0-9a-fA-F]*:[0-9a-fA-F:]+$/.test(first) ? first : undefined);
  if (host === undefined || /^(\d+|true|false|0\.0\.0\.0|::)$/.test(host)) return undefined;
  return { host, ...(port === undefined ? {} : { port: Number(port) }) };
}

function parseUrl(text: string): DatabaseAddress | undefined {
  const bare = text.replace(/^(jdbc:|r2dbc:(pool:)?|vertx-reactive:)/, '');
  const [, name = '', driver = ''] = /^([a-z]+)(?:[+-]([a-z0-9]+))?:\/\//.exec(bare) ?? [];
  const scheme = schemes[name];
  // A sentinel is no Redis: it names one.
  if (scheme === undefined || driver === 'sentinel' || !URL.canParse(bare)) return undefined;
  const url = new URL(bare);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') return undefined;
  const { searchParams: options } = url;
  const user = decoded(url.username) || options.get('user') || options.get('username') || '';
  const password = decoded(url.password) || options.get('password') || '';
  const path = decoded(url.pathname.slice(1));
  const database = path === '' ? (options.get('dbname') ?? options.get('db') ?? '') : path;
  const isNumber = /^\d+$/.test(database);
  const tls = tlsOf(options) ?? scheme.tls;
  const forReading = /standby|secondary|read-only|slave/i.test(
    `${options.get('target_session_attrs') ?? ''} ${options.get('targetServerType') ?? ''}`,
  );
  return {
    kind: scheme.kind,
    host,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    ...(database === '' || (scheme.kind === 'redis' && !isNumber) ? {} : { database }),
    ...(tls === undefined ? {} : { tls }),
    ...(forReading ? { replica: true } : {}),
  };
}

/** Options by which drivers take any certificate: redis-py, Lettuce, go-redis. */
const unchecked = /(^|&)(ssl_cert_reqs=(cert_)?none|verify_?peer=(none|false)|skip_verify=(true|1))(&|$)/i;

function tlsOf(options: URLSearchParams): TlsMode | undefined {
  if (unchecked.test(options.toString())) return 'require';
  return tlsModeOf(options.get('sslmode') ?? options.get('sslMode') ?? options.get('ssl') ?? '');
}

/** The words of libpq, of .NET (`VerifyFull`) and of switches; undefined for others. */
export function tlsModeOf(text: string): TlsMode | undefined {
  const word = text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const modes: Readonly<Record<string, TlsMode>> = {
    disable: 'disable',
    false: 'disable',
    off: 'disable',
    no: 'disable',
    none: 'disable',
    '0': 'disable',
    allow: 'prefer',
    prefer: 'prefer',
    require: 'require',
    required: 'require',
    noverify: 'require',
    true: 'require',
    on: 'require',
    yes: 'require',
    '1': 'require',
    verifyca: 'verify-ca',
    verifyfull: 'verify-full',
  };
  return modes[word];
}

/** Keys of libpq, Npgsql and PDO without blanks; source: their manuals' lists of connection parameters. */
const keywords: Readonly<Record<string, 'host' | 'port' | 'user' | 'password' | 'database' | 'tls'>> = {
  host: 'host',
  hostaddr: 'host',
  server: 'host',
  port: 'port',
  user: 'user',
  username: 'user',
  userid: 'user',
  uid: 'user',
  password: 'password',
  pwd: 'password',
  dbname: 'database',
  database: 'database',
  db: 'database',
  sslmode: 'tls',
};

/** `Host=db;Username=u;…` of Npgsql, `pgsql:host=db;…` of PDO, `host=db user=u …` of libpq; of SQL Server and MySQL it is none. */
function parseKeywords(text: string): DatabaseAddress | undefined {
  const isPdo = /^pgsql:/i.test(text);
  const body = text.replace(/^pgsql:/i, '');
  if (!/^\s*[\w ]+=/.test(body)) return undefined;
  const pairs = body.includes(';')
    ? body.split(';').map((part) => part.split(/=(.*)/s))
    : [...body.matchAll(/(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)/g)].map(([, key, value]) => [key, value]);
  const said = new Map(
    pairs.map(([key = '', value = '']) => [key.toLowerCase().replace(/[\s_]/g, ''), value]),
  );
  const found = new Map(
    [...said].flatMap(([key, value]) => {
      const role = keywords[key];
      return role === undefined ? [] : [[role, value.trim().replace(/^(['"])(.*)\1$/s, '$2')] as const];
    }),
  );
  const host = parseHost((found.get('host') ?? '').replace(/^tcp:/, ''));
  const port = Number(found.get('port') ?? host?.port ?? 0);
  const isOfPostgres =
    isPdo ||
    port === usualPorts.postgres ||
    (said.has('host') && (said.has('dbname') || said.has('username')));
  if (host === undefined || !isOfPostgres || [3306, 1433, 1521].includes(port)) return undefined;
  const [user, password, database] = (['user', 'password', 'database'] as const).map((role) =>
    found.get(role),
  );
  const tls = tlsModeOf(found.get('tls') ?? '');
  return {
    kind: 'postgres',
    host: host.host,
    ...(port === 0 ? {} : { port }),
    ...(user ? { user } : {}),
    ...(password ? { password } : {}),
    ...(database ? { database } : {}),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** `cache:6379,password=…,ssl=True` of StackExchange.Redis. */
function parseRedisOptions(text: string): DatabaseAddress | undefined {
  const [first = '', ...rest] = text.split(',');
  const options = new Map(
    rest
      .filter((part) => part.includes('='))
      .map((part) => {
        const [key = '', value = ''] = part.split(/=(.*)/s);
        return [key.trim().toLowerCase(), value.trim()] as const;
      }),
  );
  const isRedis = ['password', 'abortconnect', 'ssl', 'defaultdatabase'].some((key) => options.has(key));
  const address = first.includes('=') ? undefined : parseHost(first);
  if (!isRedis || address === undefined) return undefined;
  const [user, password, database] = ['user', 'password', 'defaultdatabase'].map((key) => options.get(key));
  const isTls = /^true$/i.test(options.get('ssl') ?? '');
  return {
    kind: 'redis',
    ...address,
    ...(user ? { user } : {}),
    ...(password ? { password } : {}),
    ...(database ? { database } : {}),
    tls: isTls ? 'verify-full' : 'disable',
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray % is part of the password, as drivers take it.
    return text;
  }
}
