/** MySQL's protocol against a real MariaDB: asked by the program of the probe image, its log read back, and judged; and by the bundle. */

import { createServer } from 'node:net';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProbeLog } from '../../../src/cluster/in-cluster-job/log.ts';
import { parseDatabaseUrl } from '../../../src/domain/smoke/databases/databases.ts';
import { mysql } from '../../../src/domain/smoke/databases/mysql.ts';
import type { DatabaseTls } from '../../../src/domain/smoke/databases/protocol.ts';
import type { Judgement } from '../../../src/domain/smoke/judgement.ts';
import { directDatabaseTest } from '../../../src/domain/smoke/tests/database-tests.ts';
import { probeProtocol } from '../../../src/domain/smoke/tests/probe.ts';
import { proven } from '../../../src/domain/smoke/tests/proof.ts';
import { fulfilOrder } from '../../../src/probes/fulfil-order.ts';
import { ensureSystemPackages } from '../../../testbed/binaries/system-packages.ts';
import { everythingShown, smoke } from '../../support/actions/local-smoke-tests.ts';
import { expiredCertificate, privateCertificate } from '../../support/servers/certificates.ts';
import { startMariadb, until } from '../../support/servers/example-processes.ts';
import { freePort, listening } from '../../support/servers/ports.ts';

const password = 'Correct0Horse0Battery';
const closing: (() => unknown)[] = [];
const accounts = [
  'create database orion',
  `create user orion@'%' identified by '${password}'`,
  "grant all on orion.* to orion@'%'",
  `create user admin@'%' identified by '${password}'`,
  "grant all on *.* to admin@'%'",
  `create user busy@'%' identified by '${password}' with max_user_connections 1`,
  `create user secure@'%' identified by '${password}' require ssl`,
  `create user elsewhere@'192.0.2.1' identified by '${password}'`,
];

/** Without TLS, with a certificate of its own authority, and with one whose time is over. */
let ports: { readonly plain: number; readonly tls: number; readonly expired: number };
let authority: string;

beforeAll(async () => {
  await ensureSystemPackages(['mariadb-server-core', 'mariadb-client-core']);
  const [own, expired] = await Promise.all([privateCertificate(), expiredCertificate()]);
  authority = own.cert;
  ports = { plain: await freePort(), tls: await freePort(), expired: await freePort() };
  const started = await Promise.all([
    startMariadb(ports.plain, { statements: accounts }),
    startMariadb(ports.tls, { statements: accounts, tls: own }),
    startMariadb(ports.expired, { statements: accounts, tls: expired, characterSet: 'gbk' }),
  ]);
  for (const { stop } of started) closing.push(stop);
}, 180_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

function url(
  user: string,
  { port = ports.plain, secret = password, name = 'orion', more = '' } = {},
): string {
  return `mysql://${user}:${secret}@localhost:${port}/${name}${more}`;
}

/** By the order and the log of the probe in the cluster. */
async function found(address: string, tls: Partial<DatabaseTls> = {}, deadline = 10_000) {
  const database = parseDatabaseUrl(address, 'a test');
  if (database === undefined) throw new Error(address);
  const { host, port, user, password: secret, database: name, login } = database;
  const target = mysql.target({
    ...{ host: '127.0.0.1', port, serverName: host, tls: { ...database.tls, ...tls } },
    ...(user === undefined ? {} : { user }),
    ...(secret === undefined ? {} : { password: secret }),
    ...(name === undefined ? {} : { database: name }),
  });
  const requests = [{ what: 'mysql', target, deadline }] as const;
  const lines: string[] = [];
  const order = { protocol: probeProtocol, token: 'f00', requests };
  await fulfilOrder(order, (line) => lines.push(line), AbortSignal.timeout(60_000));
  const said = readProbeLog(lines, 'f00', requests);
  if (!('findings' in said)) throw new Error(said.unreadable);
  const [first] = said.findings;
  if (first?.what !== 'mysql') throw new Error('no finding');
  const hasPassword = secret !== undefined;
  const expected = { address: `${host}:${port}`, now: Date.now(), replica: false, login, hasPassword };
  return { finding: first.finding, judgement: mysql.judge(first.finding, expected), lines, database };
}

async function judged(address: string, tls: Partial<DatabaseTls> = {}): Promise<Judgement> {
  return (await found(address, tls)).judgement;
}

async function alter(...statements: readonly string[]): Promise<void> {
  const admin = await createConnection(url('admin'));
  for (const statement of statements) await admin.query(statement);
  await admin.end();
}

test('one that is well says its version, that it takes writes, and its connections', async () => {
  const { finding, judgement } = await found(url('orion'));
  expect(judgement).toMatchObject({
    outcome: 'passed',
    message: expect.stringMatching(/^MySQL at localhost:\d+ answers, version \d+\.\d+\.\d+-MariaDB/),
    facts: { version: expect.stringContaining('MariaDB'), writes: 'accepted' },
  });
  const { used = 0, limit = 0, left = 0 } = finding.connections ?? {};
  expect([used >= 1, used + left, limit]).toEqual([true, limit, 151]);
  expect(finding.tls).toBeUndefined();
});

test('it is left as it was', async () => {
  await found(url('admin'));
  const admin = await createConnection(url('admin', { name: 'orion' }));
  const [tables] = await admin.query<RowDataPacket[]>('show tables');
  const [aborted] = await admin.query<RowDataPacket[]>("show global status like 'Aborted_clients'");
  await admin.end();
  expect(tables).toEqual([]);
  expect(aborted).toMatchObject([{ Value: '0' }]);
});

const faultyAddresses: readonly [string, () => string, object][] = [
  [
    'wrong password',
    () => url('orion', { secret: 'Wrong0Horse0Battery' }),
    { outcome: 'failed', reason: 'login-refused', message: expect.stringContaining('1045: ') },
  ],
  ['an account that is not there', () => url('nobody'), { outcome: 'failed', reason: 'login-refused' }],
  [
    'a password that nobody says',
    () => url('orion', { secret: '' }),
    { outcome: 'inconclusive', reason: 'login-unknown' },
  ],
  [
    'an account without rights there',
    () => url('orion', { name: 'nix' }),
    { outcome: 'failed', reason: 'database-missing', message: expect.stringContaining('1044: ') },
  ],
  [
    'no such database',
    () => url('admin', { name: 'nix' }),
    { outcome: 'failed', reason: 'database-missing', message: expect.stringContaining('1049: ') },
  ],
  [
    'TLS required of a server without',
    () => url('orion', { more: '?sslMode=REQUIRED' }),
    { outcome: 'failed', reason: 'tls-failed' },
  ],
];

describe('what is wrong', () => {
  test.each(faultyAddresses)('%s', async (_, address, expected) => {
    expect(await judged(address())).toMatchObject(expected);
  });

  test('down, and from elsewhere that proves nothing', async () => {
    const { judgement, database } = await found(url('orion', { port: await freePort() }));
    expect(judgement).toMatchObject({ outcome: 'failed', reason: 'connection-refused' });
    const elsewhere = { ...directDatabaseTest(database), doubt: 'this machine is not where the pods are' };
    expect(proven(elsewhere, judgement, 'direct')).toMatchObject({
      outcome: 'inconclusive',
      reason: 'not-reachable-from-here',
    });
  });

  test('read-only, but not to whoever may write all the same', async () => {
    await alter('set global read_only = 1');
    try {
      expect(await judged(url('orion'))).toMatchObject({
        outcome: 'failed',
        reason: 'database-read-only',
        facts: { writes: 'refused' },
      });
      expect(await judged(url('admin'))).toMatchObject({ outcome: 'passed', facts: { writes: 'accepted' } });
      const { finding } = await found(url('orion'));
      const replica = {
        address: 'db',
        now: Date.now(),
        replica: true,
        login: 'stated',
        hasPassword: true,
      } as const;
      expect(mysql.judge(finding, replica)).toMatchObject({ outcome: 'passed' });
    } finally {
      await alter('set global read_only = 0');
    }
  });

  test('transactions that only read', async () => {
    await alter('set global tx_read_only = 1');
    try {
      expect(await judged(url('orion'))).toMatchObject({ outcome: 'failed', reason: 'database-read-only' });
    } finally {
      await alter('set global tx_read_only = 0');
    }
  });

  test('no connection left for the account', async () => {
    const holder = await createConnection(url('busy', { name: '' }));
    try {
      expect(await judged(url('busy', { name: '' }))).toMatchObject({
        outcome: 'failed',
        reason: 'connections-exhausted',
        message: expect.stringContaining('1226: '),
      });
    } finally {
      await holder.end();
    }
  });

  test('too many connections, and the last one', async () => {
    const holders = await Promise.all(Array.from({ length: 9 }, () => createConnection(url('orion'))));
    await alter('set global max_connections = 10');
    // The administrator's own connection counts until the server has seen its end.
    await until('only the holders are connected', async () => {
      const [rows] = (await holders[0]?.query("show status like 'Threads_connected'")) ?? [];
      const [{ Value: threads }] = rows as [{ Value: string }];
      return Number(threads) === holders.length;
    });
    try {
      expect(await judged(url('orion'))).toMatchObject({
        outcome: 'failed',
        reason: 'connections-exhausted',
        message: expect.stringContaining('0 of 10'),
      });
      // The probe's own connection is gone some moments after its goodbye.
      await until('the last connection is free', async () => {
        const last = await createConnection(url('orion')).catch(() => undefined);
        if (last !== undefined) holders.push(last);
        return last !== undefined;
      });
      expect(await judged(url('orion'))).toMatchObject({
        outcome: 'failed',
        reason: 'connections-exhausted',
        message: expect.stringContaining('1040: '),
      });
    } finally {
      for (const holder of holders) await holder.end();
    }
  });

  test('a server that says nothing', async () => {
    const silent = createServer(() => undefined);
    closing.push(() => silent.close());
    const { judgement } = await found(url('orion', { port: await listening(silent) }), {}, 300);
    expect(judgement).toMatchObject({ outcome: 'failed', reason: 'connection-timeout' });
  });
});

describe('TLS', () => {
  const at = (port: number, mode: string) => url('orion', { port, more: `?sslMode=${mode}` });

  test.each<[string, () => string, () => Partial<DatabaseTls>, object]>([
    [
      'is taken where the server has it',
      () => url('secure', { port: ports.tls, name: '' }),
      () => ({}),
      {
        outcome: 'passed',
        facts: { 'certificate valid until': expect.any(String) },
      },
    ],
    ['required: any certificate', () => at(ports.tls, 'REQUIRED'), () => ({}), { outcome: 'passed' }],
    [
      'an authority that is not known',
      () => at(ports.tls, 'VERIFY_CA'),
      () => ({}),
      {
        outcome: 'failed',
        reason: 'tls-untrusted',
      },
    ],
    [
      'an authority that is named',
      () => at(ports.tls, 'VERIFY_IDENTITY'),
      () => ({ ca: authority }),
      {
        outcome: 'passed',
      },
    ],
    [
      'another name',
      () => at(ports.tls, 'VERIFY_IDENTITY').replace('localhost', 'db.example.com'),
      () => ({ ca: authority }),
      { outcome: 'failed', reason: 'tls-name-mismatch' },
    ],
    [
      'another address',
      () => at(ports.tls, 'VERIFY_IDENTITY').replace('localhost', '127.0.0.1'),
      () => ({ ca: authority }),
      { outcome: 'failed', reason: 'tls-name-mismatch' },
    ],
    [
      'another name, where only the authority counts',
      () => at(ports.tls, 'VERIFY_CA').replace('localhost', 'db.example.com'),
      () => ({ ca: authority }),
      { outcome: 'passed' },
    ],
    [
      'an expired certificate',
      () => at(ports.expired, 'VERIFY_CA'),
      () => ({}),
      {
        outcome: 'failed',
        reason: 'tls-expired',
      },
    ],
    [
      'an expired certificate that is not asked for',
      () => url('orion', { port: ports.expired }),
      () => ({}),
      {
        outcome: 'passed',
        warning: expect.stringContaining('has expired'),
      },
    ],
  ])('%s', async (_, address, tls, expected) => {
    expect(await judged(address(), tls())).toMatchObject(expected);
  });
});

describe('by the bundle', () => {
  test('all pass, and no password is seen', async () => {
    const step = await smoke({
      local: { shop: url('orion'), secure: url('secure', { port: ports.tls, name: '' }) },
    });
    expect(step.outputs, step.output).toMatchObject({ outcome: 'succeeded', passed: '2', failed: '0' });
    expect(await everythingShown(step)).not.toContain(password);
  });

  test('wrong password', async () => {
    const step = await smoke({ local: { shop: url('orion', { secret: 'Wrong0Horse0Battery' }) } });
    expect(step.outputs, step.output).toMatchObject({
      'exit-code': '4',
      reason: 'login-refused',
      failed: '1',
    });
  });

  test('a server whose own character set is none of Node.js', async () => {
    const wrong = url('orion', { port: ports.expired, secret: 'Wrong0Horse0Battery' });
    const step = await smoke({ local: { shop: wrong } });
    expect(step.outputs, step.output).toMatchObject({ 'exit-code': '4', reason: 'login-refused' });
    expect(step.output).toContain('Access denied for user');
  });
});
