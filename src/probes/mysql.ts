/** Connects to MySQL or MariaDB as a service would and reads its state. Nothing is written. */
import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, TLSSocket } from 'node:tls';
import type { Connection, SslOptions } from 'mysql2';
import type { MysqlError, MysqlFinding } from '../domain/smoke/databases/mysql.ts';
import type { DatabaseAccess } from '../domain/smoke/databases/protocol.ts';
import { connectionFaultOf, type ProbeLimits } from '../domain/smoke/http/connection.ts';
import { trusting } from './authorities.ts';
import { deadlineFault, faultOfError } from './connection-errors.ts';
import { withinDeadline } from './deadline.ts';
import { tlsFactsOf } from './tls-facts.ts';

type Found = Omit<MysqlFinding, 'milliseconds'>;

/**
 * Every response or failure is a finding. With `prefer`, a server that does not complete TLS is tried again without
 * it, as MySQL clients do.
 * @throws the reason of `signal` if the run was stopped
 */
export async function probeMysql(target: DatabaseAccess, limits: ProbeLimits): Promise<MysqlFinding> {
  const start = performance.now();
  const left = () => ({ ...limits, deadline: Math.max(1, limits.deadline - (performance.now() - start)) });
  const first = await ask(target, left(), limits.deadline);
  const isTlsFault = first.connectionFault?.kind.startsWith('tls-') === true;
  const plain = { ...target, tls: { mode: 'disable' } } as const;
  const found =
    target.tls.mode === 'prefer' && (first.withoutTls === true || isTlsFault)
      ? await ask(plain, left(), limits.deadline)
      : first;
  return { milliseconds: performance.now() - start, ...found };
}

async function ask(target: DatabaseAccess, limits: ProbeLimits, whole: number): Promise<Found> {
  const { createConnection } = await import(/* webpackMode: "eager" */ 'mysql2');
  limits.signal.throwIfAborted();
  const { host, port, serverName = host, user = '', password = '', database } = target;
  const socket = connect({ host, port, noDelay: true });
  const ssl = tlsOptions(target);
  const connection = createConnection({
    // The name for SNI and the certificate; the socket has the dialled address.
    host: serverName,
    stream: () => socket,
    user,
    password,
    ...(database === undefined ? {} : { database }),
    ...(ssl === undefined ? {} : { ssl }),
    connectTimeout: 0,
    disableEval: true,
    connectAttributes: { program_name: 'orion-smoke' },
  });
  const opened = new Promise<void>((resolve, reject) => {
    connection.on('connect', () => resolve());
    // Never removed: without a listener a connection that the server closes crashes the process.
    connection.on('error', reject);
  });
  opened.catch(() => {});
  const destroy = () => void socket.destroy(new Error('deadline'));
  let found: Found = {};
  return withinDeadline(limits, destroy, async (isOver) => {
    try {
      await opened;
      const tls = tlsSocketOf(connection);
      const facts = tls && tlsFactsOf(tls);
      if (facts !== undefined) found = { ...found, tls: facts };
      if (tls !== undefined) checkAddress(target, tls);
      await query(connection, 'select 1');
      found = { ...found, ...(await stateOf(connection)) };
      const refusedWrite = await refusalOfWrites(connection);
      return { ...found, ...(refusedWrite === undefined ? {} : { refusedWrite }) };
    } catch (error) {
      const failure = isOver() ? { connectionFault: deadlineFault(whole) } : failureOf(error, connection);
      return { ...found, ...failure };
    } finally {
      destroyQuietly(connection, socket);
    }
  });
}

/**
 * `end` closes the session properly, so that the server does not count an aborted client; a broken connection does
 * not need it.
 */
function destroyQuietly(connection: Connection, socket: Socket): void {
  if (!socket.destroyed) connection.end(() => {});
  setTimeout(() => socket.destroy(), 500).unref();
}

function tlsSocketOf(connection: Connection): TLSSocket | undefined {
  const stream: unknown = 'stream' in connection ? connection.stream : undefined;
  return stream instanceof TLSSocket ? stream : undefined;
}

function tlsOptions({ tls, host, serverName = host }: DatabaseAccess): SslOptions | undefined {
  if (tls.mode === 'disable') return undefined;
  return {
    rejectUnauthorized: tls.mode === 'verify-ca' || tls.mode === 'verify-full',
    verifyIdentity: tls.mode === 'verify-full' && isIP(serverName) === 0,
    ...trusting(tls.ca),
  };
}

/** The driver checks names only. */
function checkAddress({ tls, host, serverName = host }: DatabaseAccess, socket: TLSSocket): void {
  if (tls.mode !== 'verify-full' || isIP(serverName) === 0) return;
  const mismatch = checkServerIdentity(serverName, socket.getPeerCertificate());
  if (mismatch !== undefined) throw mismatch;
}

function failureOf(error: unknown, connection: Connection): Found {
  const message = error instanceof Error ? error.message : String(error);
  const refusal = serverErrorOf(error);
  if (refusal !== undefined) return { serverError: refusal };
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'HANDSHAKE_NO_SSL_SUPPORT':
      return { withoutTls: true };
    case 'AUTH_SWITCH_PLUGIN_ERROR':
    case 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED':
      return { unknownMethod: message.slice(0, 500) };
    // The driver replaces Node.js' error code with its own.
    case 'HANDSHAKE_SSL_ERROR':
      return { connectionFault: connectionFaultOf(codeOfTls(connection, message), message) };
    case 'PROTOCOL_CONNECTION_LOST':
      return { connectionFault: { kind: 'reset', message } };
    default:
      return { connectionFault: faultOfError(error) };
  }
}

function codeOfTls(connection: Connection, message: string): string {
  const refused: unknown = tlsSocketOf(connection)?.authorizationError;
  return refused ? String(refused) : (/\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? 'EPROTO');
}

/** Only errors of the server have an SQLSTATE; socket errors have a number too. */
function serverErrorOf(error: unknown): MysqlError | undefined {
  if (!(error instanceof Error) || !('sqlState' in error) || !('errno' in error)) return undefined;
  return { code: Number(error.errno), message: error.message };
}

type Row = readonly unknown[];

function query(connection: Connection, sql: string): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, rowsAsArray: true }, (error, rows) =>
      error === null ? resolve(Array.isArray(rows) ? (rows as Row[]) : []) : reject(error),
    );
  });
}

/** By SHOW, which omits unknown names: they differ between MySQL and MariaDB, and between versions. */
async function stateOf(connection: Connection): Promise<Found> {
  const rows = [
    ...(await rowsIfToldBy(
      connection,
      `show variables where variable_name in
        ('version', 'max_connections', 'tx_read_only', 'transaction_read_only', 'innodb_read_only')`,
    )),
    ...(await rowsIfToldBy(connection, `show global status where variable_name = 'Threads_connected'`)),
  ];
  const values = new Map(rows.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
  const version = values.get('version');
  const readOnly = ['tx_read_only', 'transaction_read_only', 'innodb_read_only'].some((name) =>
    ['ON', '1'].includes(values.get(name) ?? ''),
  );
  const limit = Number(values.get('max_connections'));
  const used = Number(values.get('threads_connected'));
  // TiDB reports 0 for no limit.
  const isCounted = limit > 0 && Number.isFinite(used);
  return {
    ...(version === undefined ? {} : { version }),
    ...(values.size === 0 ? {} : { readOnly }),
    ...(isCounted ? { connections: { used, limit, left: Math.max(0, limit - used) } } : {}),
  };
}

/** Undefined if a proxy, or a database that only speaks this protocol, does not report it. */
async function rowsIfToldBy(connection: Connection, sql: string): Promise<readonly Row[]> {
  try {
    return await query(connection, sql);
  } catch (error) {
    if (serverErrorOf(error) !== undefined) return [];
    throw error;
  }
}

/** 1290 and 1836: the server is read-only. */
const readOnlyErrors = [1290, 1836];

/**
 * A read-write transaction is refused if `read_only` is on, except for accounts that may write nevertheless (MySQL
 * manual, "SET TRANSACTION Statement"). It does nothing, and is rolled back.
 */
async function refusalOfWrites(connection: Connection): Promise<MysqlError | undefined> {
  try {
    await query(connection, 'start transaction read write');
    await query(connection, 'rollback');
    return undefined;
  } catch (error) {
    const refusal = serverErrorOf(error);
    if (refusal === undefined) throw error;
    return readOnlyErrors.includes(refusal.code) ? refusal : undefined;
  }
}
