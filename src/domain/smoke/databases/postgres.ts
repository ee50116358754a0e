/** PostgreSQL: how it is recognised, and whether it is fit for service. */
import type { z } from 'zod';
import type { Reason } from '../../failure/reasons.ts';
import { judgeConnection, oneLine, type TlsFacts } from '../http/connection.ts';
import type { Judgement } from '../judgement.ts';
import { addressOfKeywords, readKeywords } from './address-parts.ts';
import {
  anyRefusal,
  type Connections,
  type DatabaseRefusal,
  factsOfServer,
  judgeRoom,
  notLetIn,
  refused,
  withFacts,
} from './judging.ts';
import type {
  DatabaseAccess,
  DatabaseAddress,
  DatabaseFinding,
  DatabaseProtocol,
  Login,
  RoleSetting,
  SchemaParts,
  ServerLogin,
} from './protocol.ts';
import { plainest } from './server-login.ts';
import { unknownLogin } from './unknown-login.ts';

/** Where to log in: PostgreSQL has no session without a user and a database. */
export interface PostgresTarget extends DatabaseAccess {
  readonly user: string;
  readonly database: string;
}

/** The server's data; fields are present as far as the probe got. */
export interface PostgresFinding extends DatabaseFinding {
  /** The server's own refusal, with its SQLSTATE. */
  readonly serverError?: { readonly code: string; readonly message: string };
  /** True if TLS was requested and the server has none. */
  readonly withoutTls?: boolean;
  readonly tls?: TlsFacts;
  /** `15.14 (Debian 15.14-0+deb12u1)`. */
  readonly version?: string;
  readonly inRecovery?: boolean;
  /** `transaction_read_only` of a fresh transaction. */
  readonly readOnly?: boolean;
  /** True if the role of this login was set to reading only (`ALTER ROLE … SET default_transaction_read_only`). */
  readonly readOnlyRole?: boolean;
  /** `limit` is without what is reserved for superusers, unless the probe is one; `left` the tightest of server, database and role. */
  readonly connections?: Connections;
}

interface PostgresExpectations {
  /** `host:port/database` for the sentence. */
  readonly address: string;
  /** Milliseconds since the epoch, for the certificate. */
  readonly now: number;
  /** True for a target that is meant to be a replica. */
  readonly replica?: boolean;
  /** `stated` if absent: then a refused login is the workload's too. */
  readonly login?: Login;
  /** False where no setting says a password: that the server wants one is then not the workload's fault. */
  readonly hasPassword?: boolean;
}

const port = 5432;

export const postgres: DatabaseProtocol<PostgresTarget, PostgresFinding> = {
  title: 'PostgreSQL',
  port,
  schemes: { postgres: {}, postgresql: {}, pgsql: {}, psql: {}, postgis: {} },
  documentedSchemes: ['postgres', 'postgresql'],
  recognisedBy: {
    words: 'postgres postgresql pg pgsql psql postgis timescale timescaledb npgsql pgbouncer pgpool',
    family: 'sql',
    drivers: /postgres|pgsql|npgsql|psycopg|timescale|^pg$/i,
    hosts: /(^|[-.\d])(pg|postgres(ql)?|pgsql|pgbouncer|timescale(db)?)($|[-.\d])/i,
  },
  needs: ['user', 'database'],
  accountsByHost: false,
  parseText,
  isDatabase: () => true,
  server: {
    images: /postgres|postgis|timescale|pgvector|spilo|supabase/i,
    programs: /(^|[\s/])(postgres|docker-entrypoint\.sh)(\s|$)/,
    login: (_, named) => serverLogin(named),
  },
  // As libpq does: the user is called as the system's, the database as the user.
  target: ({ user = 'postgres', database = user, ...access }) => ({ ...access, user, database }),
  schema,
  judge: judgePostgres,
};

const portsOfOthers = [3306, 1433, 1521];

/** `Host=db;Username=u;…` of Npgsql, `pgsql:host=db;…` of PDO, `host=db user=u …` of libpq; of SQL Server and MySQL it is none. */
function parseText(text: string): DatabaseAddress | undefined {
  const isPdo = /^pgsql:/i.test(text);
  const read = readKeywords(text.replace(/^pgsql:/i, ''));
  const address = read && addressOfKeywords(read.found);
  if (address === undefined) return undefined;
  const has = (key: string): boolean => read?.said.has(key) === true;
  const isOurs = isPdo || address.port === port || (has('host') && (has('dbname') || has('username')));
  return isOurs && !portsOfOthers.includes(address.port ?? port) ? address : undefined;
}

/** As the official image does it: the user is postgres, the database has the name of the user. */
function serverLogin(named: readonly RoleSetting[]): ServerLogin {
  const user = plainest(named, 'user') ?? 'postgres';
  const password = plainest(named, 'password');
  return {
    user,
    ...(password === undefined ? {} : { password }),
    database: plainest(named, 'database') ?? user,
  };
}

function schema({
  z,
  text,
  count,
  milliseconds,
  serverSaid,
  fault,
  tls,
}: SchemaParts): z.ZodType<PostgresFinding> {
  return z.object({
    milliseconds,
    connectionFault: fault.exactOptional(),
    serverError: z.object({ code: text(20), message: serverSaid }).exactOptional(),
    withoutTls: z.boolean().exactOptional(),
    tls: tls.exactOptional(),
    version: text(500).exactOptional(),
    inRecovery: z.boolean().exactOptional(),
    readOnly: z.boolean().exactOptional(),
    readOnlyRole: z.boolean().exactOptional(),
    connections: z.object({ used: count, limit: z.number(), left: count }).exactOptional(),
  });
}

/** By SQLSTATE (PostgreSQL manual, appendix A), the whole code before its class. */
const refusals: Readonly<Record<string, DatabaseRefusal>> = {
  '28P01': {
    reason: 'login-refused',
    says: 'refused the password',
    remedy: 'Set the password of this role in the Secret.',
  },
  '28000': {
    reason: 'login-refused',
    says: 'refused the login',
    remedy: 'Check that the role exists and may log in.',
  },
  '3D000': {
    reason: 'database-missing',
    says: 'has no such database',
    remedy: 'Create the database, or correct its name in the URL.',
  },
  '53300': {
    reason: 'connections-exhausted',
    says: 'has no connection left',
    remedy:
      'Find out who holds the connections (pg_stat_activity), lower the pools, or raise max_connections.',
  },
  '57P03': {
    reason: 'database-loading',
    says: 'is not up yet',
    remedy: 'Wait until its startup, shutdown or recovery is complete; its log shows the progress.',
  },
  '57P01': {
    reason: 'connection-lost',
    says: 'is shutting down',
    remedy: 'Find out who stops it; its log says why.',
  },
  '53': {
    reason: 'database-error',
    says: 'is out of resources',
    remedy: 'Check the disk and memory of the server, and its log.',
  },
};

/** Fit for service: it lets the login in, takes writes (unless a replica is expected) and has room for connections. */
export function judgePostgres(finding: PostgresFinding, expected: PostgresExpectations): Judgement {
  const { inRecovery } = finding;
  const role = inRecovery === undefined ? {} : { role: inRecovery ? 'replica' : 'primary' };
  return withFacts(judge(finding, expected), factsOfServer(finding, role));
}

function judge(finding: PostgresFinding, expected: PostgresExpectations): Judgement {
  const subject = `PostgreSQL at ${expected.address}`;
  const failed = (reason: Reason, says: string, remedy: string): Judgement =>
    refused(subject, { reason, says, remedy });
  if (finding.connectionFault !== undefined) return judgeConnection(subject, finding.connectionFault);
  if (finding.withoutTls === true) {
    return failed(
      'tls-failed',
      'does not support TLS, which its URL requires',
      'Enable TLS in the server (ssl = on), or set sslmode=prefer.',
    );
  }
  if (finding.serverError !== undefined) return judgeRefusal(subject, finding.serverError, expected);
  const isReplica = finding.inRecovery === true;
  if (isReplica && expected.replica !== true) {
    return failed(
      'database-read-only',
      'is a replica in recovery: it refuses every write',
      'Point the Service or URL at the primary, or promote the replica.',
    );
  }
  if (finding.readOnly === true && finding.readOnlyRole !== true && !isReplica && expected.replica !== true) {
    return failed(
      'database-read-only',
      'is read-only: default_transaction_read_only is on',
      'Disable default_transaction_read_only for the server, the database or the role.',
    );
  }
  const { now } = expected;
  const readsOnly =
    finding.readOnly === true && finding.readOnlyRole === true
      ? 'its role may only read (default_transaction_read_only is set for it)'
      : undefined;
  const remedy = refusals['53300']?.remedy ?? '';
  return judgeRoom(subject, finding, { now, remedy, warnings: [readsOnly] });
}

function judgeRefusal(
  subject: string,
  error: { readonly code: string; readonly message: string },
  { login = 'stated', hasPassword = true }: PostgresExpectations,
): Judgement {
  const wantsTls = error.code === '28000' && /no encryption|SSL off/i.test(error.message);
  const refusal: DatabaseRefusal = wantsTls
    ? {
        reason: 'tls-required',
        says: 'requires TLS',
        remedy: 'Connect with TLS: sslmode=require or stricter in the URL.',
      }
    : (refusals[error.code] ?? refusals[error.code.slice(0, 2)] ?? anyRefusal);
  const { reason } = refusal;
  const code = error.code === '' ? '' : `${error.code}: `;
  const words = `${code}${oneLine(error.message)}`;
  if (!wantsTls && /pg_hba\.conf/.test(error.message))
    return notLetIn(subject, words, 'Allow logins from there in pg_hba.conf, if it should be tested.');
  // A file that an agent writes, a token of the cloud: the workload may know one.
  if (error.code === '28P01' && !hasPassword) return unknownLogin(subject, 'none', words);
  const isOfLogin = reason === 'login-refused' || reason === 'database-missing';
  const isCertificate = /client certificate/i.test(error.message);
  if (isOfLogin && (login !== 'stated' || isCertificate)) return unknownLogin(subject, login, words);
  return refused(subject, refusal, words);
}
