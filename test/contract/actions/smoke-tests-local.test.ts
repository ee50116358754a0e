/** The action smoke-tests, by its bundle, against processes on this machine: no cluster anywhere. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { createClient } from '@redis/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepResult } from '../../../testbed/workflow-step.ts';
import { everythingShown, smoke } from '../../support/actions/local-smoke-tests.ts';
import { expiredCertificate } from '../../support/servers/certificates.ts';
import { startPostgres, startRedis, startService } from '../../support/servers/example-processes.ts';
import { freePort, listening } from '../../support/servers/ports.ts';

const password = 'Correct0Horse0Battery';
const closing: (() => unknown)[] = [];
let ports: { readonly postgres: number; readonly redis: number };
let auth: string;
let database: string;
let cache: string;

/** Whatever the database's default, these may write. */
async function alter(connectionString: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString, options: '-c default_transaction_read_only=off' });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

beforeAll(async () => {
  ports = { postgres: await freePort(), redis: await freePort() };
  database = `postgres://orion:${password}@127.0.0.1:${ports.postgres}/orion`;
  cache = `redis://:${password}@127.0.0.1:${ports.redis}`;
  const started = await Promise.all([
    startPostgres(ports.postgres, password),
    startRedis(ports.redis, password),
  ]);
  for (const { stop } of started) closing.push(stop);
  await alter(database.replace(/orion$/, 'postgres'), 'create database orion');
  const service = startService({ SERVICE: 'auth', DATABASE_URL: database, TOKEN_KEY: 'k'.repeat(32) });
  closing.push(() => service.process.kill());
  auth = await service.url;
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** A server that answers all requests alike, after so many milliseconds. */
async function answering(status: number, body: string, after = 0): Promise<string> {
  const server = createServer((_request, response) => {
    setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end(body), after);
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${await listening(server)}/health`;
}

test('all pass, and it says so everywhere; no password is seen', async () => {
  const local = { auth: `${auth}/health`, postgres: database, redis: cache };
  const step = await smoke({ local });
  expect(step.outputs, step.output).toMatchObject({
    outcome: 'succeeded',
    'exit-code': '0',
    passed: '3',
    failed: '0',
    skipped: '0',
  });
  expect(step.exitCode).toBe(0);
  expect(step.summary).toContain('shop on local works');
  expect(step.summary).toContain('All 3 smoke tests passed');
  const { smoke: reports } = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  expect(reports.map(({ facts }: { facts?: object }) => facts)).toMatchObject([
    undefined,
    { role: 'primary', version: expect.stringMatching(/^\d+/) },
    { role: 'primary', memory: expect.stringContaining('bytes') },
  ]);
  expect(await everythingShown(step)).not.toContain(password);
});

test('a service by name, with what it depends on', async () => {
  const services = { auth: { 'depends-on': ['postgres'] } };
  const local = { auth: `${auth}/health`, postgres: database, redis: cache };
  const step = await smoke({ local, services }, { service: 'auth' });
  expect(step.outputs).toMatchObject({ passed: '2', 'exit-code': '0' });
  const wrong = await smoke({ local, services }, { service: 'auht' });
  expect(wrong.outputs).toMatchObject({ 'exit-code': '1', reason: 'bad-input' });
  expect(wrong.output).toContain('auth, postgres, redis');
});

test('nothing to test is a mistake, not a success', async () => {
  expect((await smoke({})).outputs).toMatchObject({ 'exit-code': '1', reason: 'bad-config' });
});

/** Exactly one failure, by this reason. */
async function expectFailure(
  local: Readonly<Record<string, string>>,
  reason: string,
  section = {},
): Promise<StepResult> {
  const step = await smoke({ local: { fine: `${auth}/health`, ...local }, ...section });
  expect(step.outputs, step.output).toMatchObject({ 'exit-code': '4', reason, failed: '1', passed: '1' });
  expect(step.exitCode).toBe(4);
  expect(step.annotations.filter((line) => line.startsWith('::error'))).toHaveLength(1);
  return step;
}

describe('PostgreSQL', () => {
  test('down', async () => {
    await expectFailure(
      { postgres: `postgres://orion@127.0.0.1:${await freePort()}/orion` },
      'connection-refused',
    );
  });

  test('wrong password', async () => {
    await expectFailure({ postgres: database.replace(password, 'Wrong0Horse0Battery') }, 'login-refused');
  });

  test('no such database', async () => {
    await expectFailure({ postgres: `${database}x` }, 'database-missing');
  });

  test('TLS required of a server without', async () => {
    await expectFailure({ postgres: `${database}?sslmode=require` }, 'tls-failed');
  });

  test('read-only', async () => {
    await alter(database, 'alter database orion set default_transaction_read_only = on');
    try {
      await expectFailure({ postgres: database }, 'database-read-only');
    } finally {
      await alter(database, 'alter database orion reset default_transaction_read_only');
    }
  });

  test('a role that was made for reading', async () => {
    await alter(database, "create role reader login password 'Correct0Horse0Battery'");
    try {
      await alter(database, 'alter role reader set default_transaction_read_only = on');
      const url = new URL(database);
      url.username = 'reader';
      url.password = 'Correct0Horse0Battery';
      const step = await smoke({ local: { postgres: url.href } });
      expect(step.outputs, step.output).toMatchObject({ 'exit-code': '0', passed: '1' });
    } finally {
      await alter(database, 'drop role reader');
    }
  });

  test('a server that cannot tell its state, as those that only speak the protocol', async () => {
    const isInRecovery = 'execute on function pg_catalog.pg_is_in_recovery()';
    await alter(database, "create role guest login password 'Correct0Horse0Battery'");
    try {
      await alter(database, `revoke ${isInRecovery} from public`);
      const step = await smoke({ local: { postgres: database.replace('orion:', 'guest:') } });
      expect(step.outputs, step.output).toMatchObject({ 'exit-code': '0', passed: '1' });
    } finally {
      await alter(database, `grant ${isInRecovery} to public`);
      await alter(database, 'drop role guest');
    }
  });

  test('connections exhausted', async () => {
    await alter(database, "create role busy login password 'Correct0Horse0Battery' connection limit 1");
    const busy = database.replace('orion:', 'busy:');
    const holder = new pg.Client({ connectionString: busy });
    await holder.connect();
    try {
      await expectFailure({ postgres: busy }, 'connections-exhausted');
    } finally {
      await holder.end();
    }
  });
});

describe('Redis', () => {
  const command = async (...words: readonly string[]): Promise<void> => {
    const client = createClient({ url: cache });
    await client.connect();
    await client.sendCommand([...words]);
    await client.close();
  };

  test('down', async () => {
    await expectFailure({ redis: `redis://127.0.0.1:${await freePort()}` }, 'connection-refused');
  });

  test.each([
    ['no password', () => `redis://127.0.0.1:${ports.redis}`],
    ['wrong password', () => cache.replace(password, 'Wrong0Horse0Battery')],
  ])('%s', async (_, url) => {
    await expectFailure({ redis: url() }, 'login-refused');
  });

  test('full', async () => {
    await command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      await expectFailure({ redis: cache }, 'memory-full');
    } finally {
      await command('CONFIG', 'SET', 'maxmemory', '0');
    }
  });

  test('a replica', async () => {
    await command('REPLICAOF', '127.0.0.1', String(await freePort()));
    try {
      await expectFailure({ redis: cache }, 'database-read-only');
    } finally {
      await command('REPLICAOF', 'NO', 'ONE');
    }
  });
});

describe('services', () => {
  test('500', async () => {
    const step = await expectFailure(
      { user: await answering(500, '{"error":"no table"}') },
      'status-unexpected',
    );
    expect(step.summary).toContain('no table');
  });

  test('a body that lies', async () => {
    await expectFailure({ user: await answering(200, '{"status":"down"}') }, 'says-unhealthy');
  });

  test('slower than its deadline', async () => {
    const user = await answering(200, '{}', 3000);
    await expectFailure({ user }, 'connection-timeout', { deadline: '1s' });
  });

  test('lines without CR, which the kubelet takes too, are an answer', async () => {
    const server = createTcpServer((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.0 503 Service Unavailable\nContent-Type: text/plain\n\nlost'),
      );
    });
    closing.push(() => server.close());
    const step = await expectFailure(
      { user: `http://127.0.0.1:${await listening(server)}/` },
      'status-unexpected',
    );
    expect(step.output).toContain('answered 503');
  });

  test('a DNS name that is wrong', async () => {
    await expectFailure({ user: 'http://no-such-host.invalid/health' }, 'dns-unknown');
  });

  test('an expired certificate', async () => {
    const server = createTlsServer(await expiredCertificate(), (_request, response) => response.end('fine'));
    closing.push(() => server.close());
    await expectFailure({ user: `https://localhost:${await listening(server)}/` }, 'tls-expired');
  });

  test('what orion.yaml expects of an endpoint', async () => {
    const user = await answering(200, '{"orders":[{"open":false}]}');
    const endpoints = [{ path: '/orders', json: { '$.orders[0].open': true } }];
    await expectFailure({ user }, 'body-unexpected', { services: { user: { endpoints } } });
  });
});

test('a second try is shown as one', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(asked === 1 ? 503 : 200).end();
  });
  closing.push(() => server.close());
  const local = { user: `http://127.0.0.1:${await listening(server)}/` };
  const step = await smoke({ local, retries: 1 });
  expect(step.outputs).toMatchObject({ passed: '1', 'exit-code': '0' });
  expect(step.output).toContain('attempt 2');
  expect(step.summary).toContain('(attempt 2)');
});

test('response times are measured, and judged by p95', async () => {
  // Far beyond the limit: by how much this machine is late itself counts for the service.
  const local = { auth: `${auth}/health`, user: await answering(200, '{}', 1000), redis: cache };
  const services = { auth: { 'max-latency': '5s' } };
  const inputs = { comprehensive: 'true', 'max-latency': '100ms' };
  const step = await smoke({ local, services }, inputs);
  expect(step.outputs, step.output).toMatchObject({
    'exit-code': '4',
    reason: 'too-slow',
    failed: '1',
    passed: '4',
  });
  const { smoke: reports } = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8'));
  const measured = (reports as { subject: string; latency?: object }[]).filter(
    ({ latency }) => latency !== undefined,
  );
  expect(measured.map(({ subject }) => subject)).toEqual(['auth', 'user']);
  expect(measured[1]?.latency).toMatchObject({ requests: 120, errors: 0, rate: 40, threshold: 100 });
  expect(step.summary).toContain('Response times of 2 endpoints');
  expect(step.summary).toContain('xychart-beta');
});
