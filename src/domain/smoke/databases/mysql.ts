/** MySQL and MariaDB: how they are recognised, and whether one is fit for service. */
import type { z } from 'zod';
import type { Reason } from '../../failure/reasons.ts';
import { judgeConnection, oneLine, type TlsFacts } from '../http/connection.ts';
import type { Judgement } from '../judgement.ts';
import { addressOfKeywords, parseHost, readKeywords, tlsModeOf } from './address-parts.ts';
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
  DatabaseExpectations,
  DatabaseFinding,
  DatabaseProtocol,
  RoleSetting,
  SchemaParts,
  ServerLogin,
  TlsMode,
} from './protocol.ts';
import { plainest } from './server-login.ts';
import { unknownLogin } from './unknown-login.ts';

/** The server's own refusal: a number of its manual's list of errors, and its words. */
export interface MysqlError {
  readonly code: number;
  readonly message: string;
}

/** The server's data; fields are present as far as the probe got. */
export interface MysqlFinding extends DatabaseFinding {
  readonly serverError?: MysqlError;
  /** It wants a way to log in that the probe does not know: the driver's words. */
  readonly unknownMethod?: string;
  /** True if TLS was requested and the server has none. */
  readonly withoutTls?: boolean;
  readonly tls?: TlsFacts;
  /** `10.11.19-MariaDB-0+deb12u1`. */
  readonly version?: string;
  /** Its refusal of a transaction that may write. Whoever may write in spite of `read_only` gets none. */
  readonly refusedWrite?: MysqlError;
  /** Of the session's own transactions, or of InnoDB as a whole. */
  readonly readOnly?: boolean;
  /** `limit` is `max_connections`. */
  readonly connections?: Connections;
}

const port = 3306;
const hosts = /(^|[-.\d])(mysql|mariadb|percona|galera)($|[-.\d])/i;

/** Of MySQL (`REQUIRED`), MariaDB (`trust`), Go (`skip-verify`) and Prisma (`strict`); source: the manuals of their drivers. */
const tlsWords: Readonly<Record<string, TlsMode>> = {
  disabled: 'disable',
  preferred: 'prefer',
  verifyidentity: 'verify-full',
  trust: 'require',
  skipverify: 'require',
  strict: 'verify-full',
  acceptinvalidcerts: 'require',
};

export const mysql: DatabaseProtocol<DatabaseAccess, MysqlFinding> = {
  title: 'MySQL',
  port,
  schemes: { mysql: {}, mariadb: {}, mysql2: {}, trilogy: {} },
  documentedSchemes: ['mysql', 'mariadb'],
  tlsOptions: ['ssl-mode', 'tls', 'useSSL', 'sslaccept'],
  tlsWords,
  recognisedBy: { words: 'mysql mariadb', family: 'sql', drivers: /mysql|maria/i, hosts },
  needs: ['user'],
  accountsByHost: true,
  parseText,
  isDatabase: () => true,
  server: {
    images: /^(?!.*router).*(mysql|mariadb|percona-(server|xtradb))/i,
    programs: /(^|[\s/])(mysqld|mariadbd)(\s|$)/,
    login: (_, named) => serverLogin(named),
  },
  target: (access) => access,
  schema,
  judge: judgeMysql,
};

/** `user:password@tcp(db:3306)/name` of Go, `mysql:host=db;…` of PDO, `Server=db;Port=3306;…` of .NET. */
function parseText(text: string): DatabaseAddress | undefined {
  return parseGo(text) ?? parseKeywords(text);
}

function parseGo(text: string): DatabaseAddress | undefined {
  const [, login = '', place = '', database = '', options = ''] =
    /^(?:(.*)@)?tcp\(([^()]*)\)\/([^?]*)(?:\?(.*))?$/s.exec(text) ?? [];
  const host = place === '' ? undefined : parseHost(place);
  if (host === undefined) return undefined;
  const [user = '', password = ''] = login.split(/:(.*)/s);
  const tls = tlsModeOf(new URLSearchParams(options).get('tls') ?? '', tlsWords);
  return {
    ...host,
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    ...(database === '' ? {} : { database }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function parseKeywords(text: string): DatabaseAddress | undefined {
  const isPdo = /^mysql:/i.test(text);
  const read = readKeywords(text.replace(/^mysql:/i, ''));
  const address = read && addressOfKeywords(read.found, tlsWords);
  // SQL Server says `Server=…` too.
  const isOurs = isPdo || address?.port === port || hosts.test(address?.host ?? '');
  return isOurs ? address : undefined;
}

/** As the official images do it: an account of its own, else root. */
function serverLogin(named: readonly RoleSetting[]): ServerLogin | undefined {
  const plain = named.filter(({ qualifiers }) => qualifiers.length === 0);
  const ofRoot = named.filter(({ qualifiers }) => qualifiers.join() === 'root');
  const [user, own, name] = (['user', 'password', 'database'] as const).map((role) => plainest(plain, role));
  const database = name === undefined ? {} : { database: name };
  if (user !== undefined && own !== undefined) return { user, password: own, ...database };
  const password = plainest(ofRoot, 'password');
  return password === undefined ? undefined : { user: 'root', password, ...database };
}

function schema({
  z,
  text,
  count,
  milliseconds,
  serverSaid,
  fault,
  tls,
}: SchemaParts): z.ZodType<MysqlFinding> {
  const error = z.object({ code: z.int(), message: serverSaid });
  return z.object({
    milliseconds,
    connectionFault: fault.exactOptional(),
    serverError: error.exactOptional(),
    unknownMethod: text(500).exactOptional(),
    withoutTls: z.boolean().exactOptional(),
    tls: tls.exactOptional(),
    version: text(500).exactOptional(),
    refusedWrite: error.exactOptional(),
    readOnly: z.boolean().exactOptional(),
    connections: z.object({ used: count, limit: z.number(), left: count }).exactOptional(),
  });
}

const login = (says: string): DatabaseRefusal => ({
  reason: 'login-refused',
  says,
  remedy:
    'Set the password of this account in the Secret, and check that the account may connect from this host.',
});

const database = (says: string): DatabaseRefusal => ({
  reason: 'database-missing',
  says,
  remedy: 'Create the database, grant this account rights on it, or correct its name in the settings.',
});

const exhausted: DatabaseRefusal = {
  reason: 'connections-exhausted',
  says: 'has no connection left',
  remedy: 'Find out who holds the connections (SHOW PROCESSLIST), lower the pools, or raise max_connections.',
};

const ofAccount: DatabaseRefusal = {
  reason: 'connections-exhausted',
  says: 'has no connection left for this account',
  remedy: 'Lower the pools, or raise max_user_connections of the account.',
};

const shutdown: DatabaseRefusal = {
  reason: 'connection-lost',
  says: 'is shutting down',
  remedy: 'Find out who stops it; its log says why.',
};

const wantsTls: DatabaseRefusal = {
  reason: 'tls-required',
  says: 'requires TLS',
  remedy: 'Connect with TLS: sslMode=REQUIRED or stricter in the URL.',
};

/** By the numbers of the servers' manuals, "Server Error Message Reference" and "MariaDB Error Codes". */
const refusals: Readonly<Record<number, DatabaseRefusal>> = {
  1040: exhausted,
  // So answers a server to an account without rights on it, whether it is there or not.
  1044: database('has no such database for this account'),
  1045: login('refused the login'),
  1047: {
    reason: 'database-error',
    says: 'belongs to a cluster whose node accepts no requests',
    remedy: 'Check the state of the cluster: SHOW STATUS LIKE "wsrep%".',
  },
  1049: database('has no such database'),
  1053: shutdown,
  1203: ofAccount,
  1226: ofAccount,
  1698: login('refused the login'),
  1820: login('requires the password of this account to be changed'),
  1862: login('reports that the password of this account has expired'),
  1927: shutdown,
  3118: login('has locked this account'),
  3159: wantsTls,
  4151: login('has locked this account'),
};

/** Accounts are bound to hosts: these say that no account may come from the caller's, whoever it is. */
const ofHost: readonly number[] = [1129, 1130];

/**
 * Fit for service: it lets the login in, has the database, takes writes (unless a replica is expected) and has room for
 * connections.
 */
export function judgeMysql(finding: MysqlFinding, expected: DatabaseExpectations): Judgement {
  const { refusedWrite, readOnly } = finding;
  const takesWrites = refusedWrite === undefined && readOnly !== true;
  const writes = readOnly === undefined ? {} : { writes: takesWrites ? 'accepted' : 'refused' };
  return withFacts(judge(finding, expected), factsOfServer(finding, writes));
}

function judge(finding: MysqlFinding, expected: DatabaseExpectations): Judgement {
  const subject = `MySQL at ${expected.address}`;
  const failed = (reason: Reason, says: string, remedy: string): Judgement =>
    refused(subject, { reason, says, remedy });
  const room = (): Judgement => judgeRoom(subject, finding, { now: expected.now, remedy: exhausted.remedy });
  if (finding.connectionFault !== undefined) return judgeConnection(subject, finding.connectionFault);
  if (finding.withoutTls === true) {
    return failed(
      'tls-failed',
      'does not support TLS, which its URL requires',
      'Enable TLS in the server (ssl_cert, ssl_key), or set sslMode=PREFERRED.',
    );
  }
  if (finding.unknownMethod !== undefined) {
    return unknownLogin(subject, 'none', oneLine(finding.unknownMethod));
  }
  if (finding.serverError !== undefined) return judgeRefusal(subject, finding.serverError, expected);
  const { refusedWrite, readOnly } = finding;
  if (expected.replica) return room();
  if (refusedWrite !== undefined) {
    return failed(
      'database-read-only',
      `refuses writes (${wordsOf(refusedWrite)})`,
      'Point the Service or URL at the primary, or disable read_only.',
    );
  }
  if (readOnly === true) {
    return failed(
      'database-read-only',
      'is read-only: transaction_read_only or innodb_read_only is on',
      'Disable it for the server or the session, or point the Service or URL at the primary.',
    );
  }
  return room();
}

function wordsOf({ code, message }: MysqlError): string {
  return `${code}: ${oneLine(message)}`;
}

function judgeRefusal(
  subject: string,
  error: MysqlError,
  { login: stated, hasPassword }: DatabaseExpectations,
): Judgement {
  const words = wordsOf(error);
  if (ofHost.includes(error.code)) {
    const remedy = 'Create the account for that host too (CREATE USER …@…), if it should be tested.';
    return notLetIn(subject, words, remedy);
  }
  const refusal = refusalOf(error);
  const { reason } = refusal;
  const isOfLogin = reason === 'login-refused' || reason === 'database-missing';
  // A file that an agent writes, a token of the cloud: the workload may know one.
  const isIncomplete = reason === 'login-refused' && !hasPassword;
  if (isOfLogin && (stated !== 'stated' || isIncomplete)) {
    return unknownLogin(subject, isIncomplete ? 'none' : stated, words);
  }
  return refused(subject, refusal, words);
}

function refusalOf({ code, message }: MysqlError): DatabaseRefusal {
  if (/insecure transport/i.test(message)) return wantsTls;
  // 1226 is said of each resource of an account.
  if (code === 1226 && !/connections/.test(message)) return anyRefusal;
  return refusals[code] ?? anyRefusal;
}
