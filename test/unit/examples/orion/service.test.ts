import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { ensureSystemPackages } from '../../../../testbed/binaries/system-packages.ts';
import { freePorts } from '../../../../testbed/control-plane/free-ports.ts';
import {
  type RunningService,
  type Server,
  startPostgres,
  startRedis,
  startService,
  until,
} from '../../../support/servers/example-processes.ts';

const password = 'aSecretOfTheTest';
const running: RunningService[] = [];
const servers: Server[] = [];

// Each test starts processes, which a busy machine may take seconds for.
vi.setConfig({ testTimeout: 30_000 });

beforeAll(() => ensureSystemPackages(['postgresql-15', 'redis-server', 'redis-tools']), 120_000);

function start(environment: Readonly<Record<string, string>>): RunningService {
  const service = startService(environment);
  running.push(service);
  return service;
}

afterEach(async () => {
  for (const { process: child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map((service) => service.ended));
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

async function ask(url: string, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(new URL(path, url));
  return { status: response.status, text: await response.text() };
}

test('four services find PostgreSQL and Redis that come up after them, and do their job', async () => {
  const [databasePort = 0, redisPort = 0] = await freePorts(2);
  const database = { DATABASE_URL: `postgres://orion:${password}@127.0.0.1:${databasePort}/postgres` };
  const redis = { REDIS_URL: `redis://:${password}@127.0.0.1:${redisPort}` };
  const others = {
    auth: start({ SERVICE: 'auth', TOKEN_KEY: 'key', ...database }),
    notification: start({ SERVICE: 'notification', ...redis }),
    user: start({ SERVICE: 'user', ...database }),
  };
  const gateway = await start({
    SERVICE: 'gateway',
    AUTH_URL: await others.auth.url,
    NOTIFICATION_URL: await others.notification.url,
    USER_URL: await others.user.url,
  }).url;
  const urls = await Promise.all(Object.values(others).map((service) => service.url));
  for (const url of urls) {
    expect((await ask(url, '/health')).status).toBe(200);
    expect((await ask(url, '/ready')).status).toBe(503);
  }
  const postgres = await startPostgres(databasePort, password);
  servers.push(await startRedis(redisPort, password), postgres);
  for (const url of [...urls, gateway]) {
    await until(`${url} is ready`, async () => (await ask(url, '/ready')).status === 200);
  }
  const answer = await ask(gateway, '/?account=grace');
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({
    service: 'gateway',
    auth: { account: 'grace', logins: 1, token: expect.any(String) },
    user: { account: 'grace', since: expect.any(String) },
    notification: { account: 'grace', notifications: 1 },
  });
  const metrics = (await ask(gateway, '/metrics')).text;
  expect(metrics).toMatch(/http_requests_total\{path="\/",status="200",service="gateway"\} 1/);
  expect(metrics).toMatch(/http_request_duration_seconds_count\{service="gateway",path="\/"\} 1/);

  await postgres.stop();
  const auth = await others.auth.url;
  await until('auth is not ready', async () => (await ask(auth, '/ready')).status === 503);
  expect((await ask(auth, '/health')).status).toBe(200);

  servers.push(await startPostgres(databasePort, password));
  await until('auth is ready again', async () => (await ask(auth, '/ready')).status === 200);
  expect(JSON.parse((await ask(auth, '/?account=grace')).text)).toMatchObject({ logins: 1 });
  for (const service of running) expect(service.lines.join('\n')).not.toContain(password);
});

const nowhere = 'http://127.0.0.1:9';
const gatewayAlone = {
  SERVICE: 'gateway',
  AUTH_URL: nowhere,
  NOTIFICATION_URL: nowhere,
  USER_URL: nowhere,
};

function lastMessage(service: RunningService): unknown {
  return JSON.parse(service.lines.at(-1) ?? '{}').message;
}

test('SIGTERM lets the request in hand finish and ends with 0', async () => {
  const service = start({ ...gatewayAlone, MISBEHAVE_LATENCY: '500ms' });
  const request = ask(await service.url, '/health');
  await pause(150);
  service.process.kill('SIGTERM');
  expect((await request).status).toBe(200);
  expect(await service.ended).toBe(0);
  expect(lastMessage(service)).toBe('stopped');
});

test('wrong settings end it with 78 and a reason that holds no value', async () => {
  const service = start({ SERVICE: 'auth', DATABASE_URL: `mysql://orion:${password}@db/x` });
  expect(await service.ended).toBe(78);
  expect(service.lines.join('\n')).toContain('DATABASE_URL');
  expect(service.lines.join('\n')).toContain('TOKEN_KEY');
  expect(service.lines.join('\n')).not.toContain(password);
});

test('a misspelt misbehaviour is refused', async () => {
  const service = start({ ...gatewayAlone, MISBEHAVE_EXIT_CODES: '3' });
  expect(await service.ended).toBe(78);
  expect(service.lines.join('\n')).toContain('MISBEHAVE_EXIT_CODES');
});

test('exits at once with the code that was asked for', async () => {
  const service = start({ ...gatewayAlone, MISBEHAVE_EXIT_CODE: '3' });
  expect(await service.ended).toBe(3);
  expect(lastMessage(service)).toBe('cannot go on: exiting with code 3');
});

test('answers first when it exits later', async () => {
  const service = start({ ...gatewayAlone, MISBEHAVE_EXIT_CODE: '4', MISBEHAVE_EXIT_AFTER: '1s' });
  expect((await ask(await service.url, '/health')).status).toBe(200);
  expect(await service.ended).toBe(4);
});

test('fails its first two starts, then runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orion-starts-'));
  const told = { ...gatewayAlone, MISBEHAVE_FAIL_STARTS: '2', MISBEHAVE_STATE_FOLDER: folder };
  try {
    expect(await start(told).ended).toBe(1);
    expect(await start(told).ended).toBe(1);
    expect((await ask(await start(told).url, '/health')).status).toBe(200);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('starts late, and stops at once if told to meanwhile', async () => {
  const service = start({ ...gatewayAlone, MISBEHAVE_START_DELAY: '60s' });
  await until('it says that it starts', async () => service.lines.length > 0);
  service.process.kill('SIGTERM');
  expect(await service.ended).toBe(0);
  expect(service.lines.join('\n')).not.toContain('listening');
});

test('health and readiness answer as told, also only after a time', async () => {
  const told = { MISBEHAVE_HEALTH_STATUS: '500', MISBEHAVE_READY_STATUS: '418' };
  const url = await start({ ...gatewayAlone, ...told, MISBEHAVE_STATUS_AFTER: '600ms' }).url;
  expect((await ask(url, '/health')).status).toBe(200);
  expect((await ask(url, '/ready')).status).toBe(503);
  await until('health turns', async () => (await ask(url, '/health')).status === 500);
  expect((await ask(url, '/ready')).status).toBe(418);
});

test('latency comes before every answer but the metrics', async () => {
  const url = await start({ ...gatewayAlone, MISBEHAVE_LATENCY: '300ms' }).url;
  const startedAt = performance.now();
  await ask(url, '/health');
  // Timers may fire up to a millisecond early.
  expect(performance.now() - startedAt).toBeGreaterThan(298);
  expect((await ask(url, '/metrics')).text).toContain(
    'http_request_duration_seconds_count{service="gateway",path="/health"} 1',
  );
});

test('the asked-for share of requests fails, is logged and is counted', async () => {
  const service = start({ ...gatewayAlone, MISBEHAVE_ERROR_RATE: '0.5' });
  const url = await service.url;
  for (let number = 0; number < 6; number += 1) await ask(url, '/');
  const failed = service.lines.filter((line) => line.includes('"error":"misbehaviour"'));
  expect(failed).toHaveLength(3);
  expect(JSON.parse(failed[0] ?? '{}')).toMatchObject({ level: 'error', service: 'gateway' });
});

test.each([
  ['json', /^\{"level":"error","time":"[^"]+","service":"gateway","message":"misbehaviour: line \d of 3"\}$/],
  ['logfmt', /^time=\S+ level=error service=gateway msg="misbehaviour: line \d of 3"$/],
  ['klog', /^E\d{4} \d\d:\d\d:\d\d\.\d{6} +1 service\.go:42\] misbehaviour: line \d of 3$/],
  ['plain', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ERROR misbehaviour: line \d of 3$/],
])('writes log lines as %s', async (format, pattern) => {
  const told = { MISBEHAVE_LOG_LINES: '3', MISBEHAVE_LOG_FORMAT: format, MISBEHAVE_LOG_INTERVAL: '10ms' };
  const service = start({ ...gatewayAlone, ...told });
  await until('three lines', async () => service.lines.filter((line) => pattern.test(line)).length === 3);
});

test('a stack trace is one field in JSON and several lines in plain text', async () => {
  const told = { MISBEHAVE_LOG_LINES: '1', MISBEHAVE_LOG_STACK: 'true' };
  const json = start({ ...gatewayAlone, ...told });
  await json.url;
  expect(json.lines.filter((line) => line.includes('    at handle'))).toHaveLength(1);
  const plain = start({ ...gatewayAlone, ...told, MISBEHAVE_LOG_FORMAT: 'plain' });
  await plain.url;
  expect(plain.lines.filter((line) => line.startsWith('    at '))).toHaveLength(3);
});

test('holds the memory that was asked for', async () => {
  const service = start({ ...gatewayAlone, MISBEHAVE_MEMORY: '300' });
  await service.url;
  const status = await readFile(`/proc/${service.process.pid}/status`, 'utf8');
  expect(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1])).toBeGreaterThan(300 * 1024);
});
