/** Connects to PostgreSQL as a service would and reads its state. Nothing is written. */
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, TLSSocket } from 'node:tls';
import type { Client } from 'pg';
import type { Connections } from '../domain/smoke/databases/judging.ts';
import type { PostgresFinding, PostgresTarget } from '../domain/smoke/databases/postgres.ts';
import type { ProbeLimits } from '../domain/smoke/http/connection.ts';
import { trusting } from './authorities.ts';
import { deadlineFault, faultOfError } from './connection-errors.ts';
import { withinDeadline } from './deadline.ts';
import { tlsFactsOf } from './tls-facts.ts';

type Found = Omit<PostgresFinding, 'milliseconds'>;

/**
 * Every response or failure is a finding. With `prefer`, a server without TLS is tried again without it, as libpq does.
 * @throws the reason of `signal` if the run was stopped
 */
export async function probePostgres(target: PostgresTarget, limits: ProbeLimits): Promise<PostgresFinding> {
  const start = performance.now();
  const left = () => ({ ...limits, deadline: Math.max(1, limits.deadline - (performance.now() - start)) });
  const first = await ask(target, left(), limits.deadline);
  const plain = { ...target, tls: { mode: 'disable' } } as const;
  const found =
    first.withoutTls === true && target.tls.mode === 'prefer'
      ? await ask(plain, left(), limits.deadline)
      : first;
  return { milliseconds: performance.now() - start, ...found };
}

async function ask(target: PostgresTarget, limits: ProbeLimits, whole: number): Promise<Found> {
  const { default: pg } = await import(/* webpackMode: "eager" */ 'pg');
  const { password = '', database, user, host, port } = target;
  const client = new pg.Client({
    host,
    port,
    user,
    database,
    // A function, because without a password pg would use PGPASSWORD or ~/.pgpass of this machine.
    password: () => password,
    ssl: tlsOptions(target),
    application_name: 'orion-smoke',
  });
  // Without a listener a connection that the server closes crashes the process; the pending query rejects too.
  client.on('error', () => {});
  const destroy = () => void client.connection.stream.destroy(new Error('deadline'));
  let found: Found = {};
  return withinDeadline(limits, destroy, async (isOver) => {
    try {
      await client.connect();
      const { stream } = client.connection;
      const tls = stream instanceof TLSSocket ? tlsFactsOf(stream) : undefined;
      if (tls !== undefined) found = { ...found, tls };
      await client.query('select 1');
      found = { ...found, ...(await stateOf(client)) };
      const connections = await connectionsOf(client);
      return connections === undefined ? found : { ...found, connections };
    } catch (error) {
      return { ...found, ...(isOver() ? { connectionFault: deadlineFault(whole) } : failureOf(error)) };
    } finally {
      destroyQuietly(client);
    }
  });
}

/** `end` closes the session properly, so that the server logs no lost client; a broken connection does not need it. */
function destroyQuietly(client: Client): void {
  const { stream } = client.connection;
  if (!stream.destroyed) void client.end().catch(() => {});
  setTimeout(() => stream.destroy(), 500).unref();
}

function failureOf(error: unknown): Found {
  const message = error instanceof Error ? error.message : String(error);
  // The message of pg, which has no code for it.
  if (message === 'The server does not support SSL connections') return { withoutTls: true };
  // Only an error of the server has a severity; those of sockets have a code too.
  if (error instanceof Error && 'severity' in error) {
    return { serverError: { code: codeOf(error), message } };
  }
  // SASL: pg rejected the server's response, or has no password.
  if (message.startsWith('SASL')) return { serverError: { code: '28P01', message } };
  return { connectionFault: faultOfError(error) };
}

function tlsOptions({ tls, host, serverName = host }: PostgresTarget): ConnectionOptions | false {
  if (tls.mode === 'disable') return false;
  const verifies = tls.mode === 'verify-ca' || tls.mode === 'verify-full';
  return {
    rejectUnauthorized: verifies,
    ...trusting(tls.ca),
    // pg overwrites this with the host it dials unless that is an IP address; the check below does not depend on it.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    checkServerIdentity: (_, certificate) =>
      tls.mode === 'verify-ca' ? undefined : checkServerIdentity(serverName, certificate),
  };
}

/**
 * Undefined if the database only speaks PostgreSQL's protocol (Redshift, Materialize, …) and lacks these functions:
 * it has responded before.
 */
async function stateOf(client: Client): Promise<Found> {
  try {
    return await recoveryOf(client);
  } catch (error) {
    // Class 42: an unknown function or setting; 0A: not supported.
    if (error instanceof Error && 'severity' in error && /^(42|0A)/.test(codeOf(error))) return {};
    throw error;
  }
}

function codeOf(error: object): string {
  return 'code' in error ? String(error.code) : '';
}

async function recoveryOf(client: Client): Promise<Found> {
  const answer = await client.query<{ version: string; recovery: boolean; readonly: string }>(
    `select current_setting('server_version') as version, pg_is_in_recovery() as recovery,
       current_setting('transaction_read_only') as readonly`,
  );
  const [row] = answer.rows;
  if (row === undefined) return {};
  const found = { version: row.version, inRecovery: row.recovery, readOnly: row.readonly === 'on' };
  return found.readOnly && (await isReadOnlyRole(client)) ? { ...found, readOnlyRole: true } : found;
}

/** Set by ALTER ROLE, with or without a database, and not for all roles. */
async function isReadOnlyRole(client: Client): Promise<boolean> {
  const query = "select source from pg_settings where name = 'default_transaction_read_only'";
  try {
    const { rows } = await client.query<{ source: string }>(query);
    return rows.some(({ source }) => source === 'user' || source === 'database user');
  } catch (error) {
    if (error instanceof Error && 'severity' in error) return false;
    throw error;
  }
}

/**
 * Connections by the tightest of three limits. A session that this role may not fully read has no backend_type; only
 * sessions of clients have both a role and a database. 0 in `superuser_reserved_connections` and -1 as limit are no
 * limit.
 */
const connectionsQuery = `
  with session as (
    select datname, usename from pg_stat_activity
    where usename is not null and datname is not null and coalesce(backend_type, 'client backend') = 'client backend'
  )
  select (select count(*) from session)::int as used,
    current_setting('max_connections')::int - case when current_setting('is_superuser') = 'on' then 0
      else current_setting('superuser_reserved_connections')::int
        + coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int end as limit,
    (select datconnlimit - (select count(*) from session s where s.datname = d.datname)
      from pg_database d where d.datname = current_database() and datconnlimit >= 0)::int as database_left,
    (select rolconnlimit - (select count(*) from session s where s.usename = r.rolname)
      from pg_roles r where r.rolname = current_user and rolconnlimit >= 0)::int as role_left`;

/** Undefined if the server (a pooler, a database that only speaks PostgreSQL's protocol) does not report it. */
async function connectionsOf(client: Client): Promise<Connections | undefined> {
  try {
    const answer = await client.query<{
      used: number;
      limit: number;
      database_left: number | null;
      role_left: number | null;
    }>(connectionsQuery);
    const [row] = answer.rows;
    if (row === undefined) return undefined;
    const left = [row.limit - row.used, row.database_left, row.role_left].filter((one) => one !== null);
    return { used: row.used, limit: row.limit, left: Math.max(0, Math.min(...left)) };
  } catch (error) {
    if (error instanceof Error && 'severity' in error) return undefined;
    throw error;
  }
}
