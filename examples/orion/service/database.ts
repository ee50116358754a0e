import pg from 'pg';
import type { Log } from './log.ts';

export interface Database {
  /** Runs one statement; rejects if PostgreSQL is not reachable within a second. */
  readonly query: (statement: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
  readonly checkReady: () => Promise<void>;
  readonly close: () => Promise<void>;
}

type Row = Readonly<Record<string, unknown>>;

/** `create table if not exists` by two replicas at once fails in one of them, so the schema is made under a lock. */
const schemaLock = 7_310_001;

/**
 * A pool that connects when asked, so PostgreSQL may come up after the service. `schema` is applied again after every
 * failure: the database behind the address may be a new and empty one.
 */
export function openDatabase(url: string, schema: string, log: Log): Database {
  const limits = { max: 4, connectionTimeoutMillis: 1000, query_timeout: 1000 };
  const pool = new pg.Pool({ connectionString: url, ...limits });
  let schemaIsThere = false;
  // Without a listener, a connection that PostgreSQL closes ends the process.
  pool.on('error', (error) => {
    schemaIsThere = false;
    log('warn', 'PostgreSQL closed a connection', { error: error.message });
  });
  return {
    query: async (statement, values = []) => (await pool.query(statement, [...values])).rows,
    checkReady: async () => {
      try {
        if (!schemaIsThere) await applySchema(pool, schema);
        schemaIsThere = true;
        await pool.query('select 1');
      } catch (error) {
        schemaIsThere = false;
        throw error;
      }
    },
    close: () => pool.end(),
  };
}

async function applySchema(pool: pg.Pool, schema: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(`begin; select pg_advisory_xact_lock(${schemaLock}); ${schema}; commit`);
  } finally {
    client.release();
  }
}
