import { describe, expect, test } from 'vitest';
import { judgeMysql } from '../../../../../src/domain/smoke/databases/mysql.ts';
import { judgePostgres } from '../../../../../src/domain/smoke/databases/postgres.ts';
import type { Login } from '../../../../../src/domain/smoke/databases/protocol.ts';
import { judgeRedis } from '../../../../../src/domain/smoke/databases/redis.ts';
import type { ConnectionFaultKind } from '../../../../../src/domain/smoke/http/connection.ts';
import type { Route } from '../../../../../src/domain/smoke/report.ts';
import { proven } from '../../../../../src/domain/smoke/tests/proof.ts';
import type { DatabaseTest } from '../../../../../src/domain/smoke/tests/test.ts';

const database: DatabaseTest = {
  id: 'db/postgres',
  subject: 'db',
  kind: 'postgres',
  title: 'PostgreSQL at db.example.com:5432',
  address: 'postgres://db.example.com:5432',
  objects: [],
  what: 'postgres',
  reach: { type: 'direct', host: 'db.example.com', port: 5432 },
  serverName: 'db.example.com',
  tls: { mode: 'verify-full' },
  login: 'stated',
};
const doubt = 'this machine is not where the pods are';

function outcome(kind: ConnectionFaultKind, test: Partial<DatabaseTest>, route: Route = 'direct'): string {
  const connectionFault = { kind, message: 'words' };
  const judgement = judgePostgres({ milliseconds: 1, connectionFault }, { address: 'db', now: 0 });
  const { outcome: said, reason } = proven({ ...database, ...test } as DatabaseTest, judgement, route);
  return `${said} ${reason}`;
}

describe('a database elsewhere that nobody answers for', () => {
  test.each<ConnectionFaultKind>(['timeout', 'dns', 'unreachable', 'refused', 'reset', 'other'])(
    'from this machine, %s proves nothing',
    (kind) => expect(outcome(kind, { doubt })).toBe('inconclusive not-reachable-from-here'),
  );
  test.each<ConnectionFaultKind>(['timeout', 'dns', 'refused'])(
    'where orion.yaml says from here, %s does',
    (kind) => expect(outcome(kind, { doubt, from: 'runner' })).toMatch(/^failed /),
  );
  test.each<[ConnectionFaultKind, string]>([
    ['refused', 'failed connection-refused'],
    ['dns', 'failed dns-unknown'],
    ['timeout', 'inconclusive not-reachable-from-here'],
    ['reset', 'inconclusive not-reachable-from-here'],
  ])('from inside the cluster, %s: %s', (kind, expected) =>
    expect(outcome(kind, { doubt }, 'cluster-job')).toBe(expected),
  );
  test('one in the cluster is down', () => {
    expect(outcome('refused', {}, 'port-forward')).toBe('failed connection-refused');
  });
});

test.each<[ConnectionFaultKind, Partial<DatabaseTest>, string]>([
  ['tls-untrusted', {}, 'inconclusive tls-untrusted'],
  ['tls-untrusted', { tls: { mode: 'verify-full', ca: 'pem' } }, 'failed tls-untrusted'],
  ['tls-required', {}, 'inconclusive tls-required'],
  ['tls-expired', { doubt }, 'failed tls-expired'],
])('%s of %j is %s', (kind, test, expected) => {
  expect(outcome(kind, test)).toBe(expected);
});

test('a server that wants a password where no setting says one is up', () => {
  const message = 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string';
  const told = (code: string, text: string) =>
    judgePostgres(
      { milliseconds: 1, serverError: { code, message: text } },
      { address: 'db', now: 0, login: 'stated', hasPassword: false },
    );
  expect(told('28P01', message)).toMatchObject({ outcome: 'inconclusive', reason: 'login-unknown' });
  expect(told('3D000', 'database "d" does not exist')).toMatchObject({ outcome: 'failed' });
});

test('a role that is meant for reading is told, and no failure', () => {
  const reading = { milliseconds: 1, inRecovery: false, readOnly: true };
  const expected = { address: 'db', now: 0 };
  expect(judgePostgres(reading, expected)).toMatchObject({ outcome: 'failed', reason: 'database-read-only' });
  expect(judgePostgres({ ...reading, readOnlyRole: true }, expected)).toMatchObject({
    outcome: 'passed',
    warning: expect.stringContaining('may only read'),
  });
});

describe('a login that is refused: Redis and PostgreSQL', () => {
  test.each<[string, 'AUTH' | 'PING', Login, string]>([
    ['NOAUTH Authentication required.', 'PING', 'none', 'inconclusive login-unknown'],
    ['NOAUTH Authentication required.', 'PING', 'stated', 'failed login-refused'],
    ['WRONGPASS invalid username-password pair', 'AUTH', 'inferred', 'inconclusive login-unknown'],
    ['WRONGPASS invalid username-password pair', 'AUTH', 'stated', 'failed login-refused'],
    ['DENIED Redis is running in protected mode', 'PING', 'none', 'failed login-refused'],
  ])('Redis, %s', (message, step, login, expected) => {
    const { outcome: said, reason } = judgeRedis(
      { milliseconds: 1, serverError: { step, message } },
      { address: 'cache', login },
    );
    expect(`${said} ${reason}`).toBe(expected);
  });

  test.each<[string, string, Login, string]>([
    ['28P01', 'password authentication failed for user "u"', 'stated', 'failed login-refused'],
    ['28P01', 'password authentication failed for user "u"', 'inferred', 'inconclusive login-unknown'],
    ['28P01', 'SASL: client password must be a string', 'none', 'inconclusive login-unknown'],
    ['3D000', 'database "d" does not exist', 'inferred', 'inconclusive login-unknown'],
    ['3D000', 'database "d" does not exist', 'stated', 'failed database-missing'],
    ['28000', 'role "u" does not exist', 'stated', 'failed login-refused'],
    [
      '28000',
      'no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", SSL encryption',
      'stated',
      'inconclusive not-reachable-from-here',
    ],
    ['28000', 'connection requires a valid client certificate', 'stated', 'inconclusive login-unknown'],
  ])('PostgreSQL, %s %s, %s', (code, message, login, expected) => {
    const { outcome: said, reason } = judgePostgres(
      { milliseconds: 1, serverError: { code, message } },
      { address: 'db', now: 0, login },
    );
    expect(`${said} ${reason}`).toBe(expected);
  });
});

describe('a login that is refused: MySQL', () => {
  test.each<[number, string, Login, string]>([
    [1045, "Access denied for user 'u'@'10.0.0.1' (using password: YES)", 'stated', 'failed login-refused'],
    [
      1045,
      "Access denied for user 'u'@'10.0.0.1' (using password: YES)",
      'inferred',
      'inconclusive login-unknown',
    ],
    [
      1045,
      "Access denied for user 'u'@'10.0.0.1' (using password: NO)",
      'stated',
      'inconclusive login-unknown',
    ],
    [1049, "Unknown database 'd'", 'stated', 'failed database-missing'],
    [1049, "Unknown database 'd'", 'inferred', 'inconclusive login-unknown'],
    [
      1130,
      "Host '10.0.0.1' is not allowed to connect to this MySQL server",
      'stated',
      'inconclusive not-reachable-from-here',
    ],
    [
      1129,
      "Host '10.0.0.1' is blocked because of many connection errors",
      'stated',
      'inconclusive not-reachable-from-here',
    ],
    [1040, 'Too many connections', 'none', 'failed connections-exhausted'],
    [
      1226,
      "User 'u' has exceeded the 'max_user_connections' resource (current value: 5)",
      'stated',
      'failed connections-exhausted',
    ],
    [
      1226,
      "User 'u' has exceeded the 'max_questions' resource (current value: 5)",
      'stated',
      'failed database-error',
    ],
    [1047, 'WSREP has not yet prepared node for application use', 'stated', 'failed database-error'],
    [
      3159,
      'Connections using insecure transport are prohibited while --require_secure_transport=ON.',
      'stated',
      'failed tls-required',
    ],
    [1862, 'Your password has expired.', 'stated', 'failed login-refused'],
    [9999, 'Something else', 'stated', 'failed database-error'],
  ])('MySQL, %s %s, %s', (code, message, login, expected) => {
    const { outcome: said, reason } = judgeMysql(
      { milliseconds: 1, serverError: { code, message } },
      { address: 'db', now: 0, login, replica: false, hasPassword: !message.includes('password: NO') },
    );
    expect(`${said} ${reason}`).toBe(expected);
  });

  test('MySQL, a way to log in that the probe does not know', () => {
    const unknownMethod = 'Server requests authentication using unknown plugin client_ed25519.';
    const expected = { address: 'db', now: 0, login: 'stated', replica: false, hasPassword: true } as const;
    expect(judgeMysql({ milliseconds: 1, unknownMethod }, expected)).toMatchObject({
      outcome: 'inconclusive',
      reason: 'login-unknown',
    });
  });
});
