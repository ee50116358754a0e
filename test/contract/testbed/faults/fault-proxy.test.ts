/** Each fault of the proxy, as a client sees it. Behind it is a local TLS server; test/cluster has the API server. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createAuthority, issueCertificate } from '../../../../testbed/control-plane/certificates.ts';
import { type FaultProxy, startFaultProxy } from '../../../../testbed/faults/fault-proxy.ts';

let folder: string;
let server: Server;
let proxy: FaultProxy;
let agent: Agent;
/** What reached the server behind the proxy: method, path, user. */
const reached: string[] = [];
const events = new Set<() => void>();

const pair = (name: string) => ({
  certificate: join(folder, `${name}.crt`),
  key: join(folder, `${name}.key`),
});
const issue = async (name: string, commonName: string, more: object) => {
  await issueCertificate(pair('ca'), { commonName, ...more }, pair(name), new Date());
  return pair(name);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-faults-'));
  await createAuthority(pair('ca'), new Date());
  await issue('server', 'server', { hosts: ['127.0.0.1'] });
  server = createServer({
    ca: await readFile(pair('ca').certificate),
    cert: await readFile(pair('server').certificate),
    key: await readFile(pair('server').key),
    requestCert: true,
    rejectUnauthorized: true,
  });
  server.on('request', (request: IncomingMessage, response) => {
    const user = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
    reached.push(`${request.method} ${request.url} ${user}`);
    if (!request.url?.includes('watch=true')) {
      response.end(JSON.stringify({ path: request.url, filler: 'x'.repeat(2000) }));
      return;
    }
    response.write('{"event":1}\n{"event"');
    const event = () => response.write(':2}\n');
    events.add(event);
    response.on('close', () => events.delete(event));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  reached.length = 0;
  proxy = await startFaultProxy({
    controlPlane: {
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stateDirectory: folder,
      certificateAuthority: pair('ca'),
      issueServerCertificate: (name, hosts) => issue(name, name, { hosts }),
      issueClientCertificate: (name, commonName, organizations) => issue(name, commonName, { organizations }),
    },
  });
  const ca = await readFile(pair('ca').certificate);
  agent = new Agent({ connect: { ca }, allowH2: false, connections: 8 });
});

afterEach(async () => {
  await agent.destroy();
  await proxy.stop();
});

const get = async (path: string, token = 'one', dispatcher = agent, patience = 20_000) => {
  const answer = await dispatcher.request({
    origin: proxy.server,
    path,
    method: 'GET',
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(patience),
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
};
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: { code?: unknown; name: string }) => (typeof error.code === 'string' ? error.code : error.name),
  );

describe('without a fault', () => {
  test('requests pass as one user, by HTTP/1.1 and HTTP/2', async () => {
    const ca = await readFile(pair('ca').certificate);
    const second = new Agent({ connect: { ca }, allowH2: true });
    expect(await get('/a')).toMatchObject({ status: 200 });
    expect(JSON.parse((await get('/b', 'two', second)).text)).toMatchObject({ path: '/b' });
    expect(reached).toEqual(['GET /a fault-proxy', 'GET /b fault-proxy']);
    expect(proxy.requests().map(({ verb, path, token, status }) => [verb, path, token, status])).toEqual([
      ['get', '/a', 'one', 200],
      ['get', '/b', 'two', 200],
    ]);
    await second.destroy();
  });

  test('the kubeconfig leads through the proxy', async () => {
    const config = parse(await readFile(proxy.kubeconfig, 'utf8'));
    expect(config.clusters[0].cluster.server).toBe(proxy.server);
  });
});

describe('requests', () => {
  test('a status with Retry-After, for the requests meant and as often as meant', async () => {
    proxy.inject({ type: 'status', status: 429, retryAfter: 1, path: '^/a', skip: 1, times: 2 });
    const answers = [await get('/a'), await get('/b'), await get('/a'), await get('/a'), await get('/a')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429, 200]);
    expect(answers[2]?.headers['retry-after']).toBe('1');
    expect(reached).toHaveLength(3);
  });

  test('the same seed hits the same requests', async () => {
    const round = async () => {
      proxy.inject({ type: 'status', status: 503, probability: 0.5, seed: 7 });
      const statuses: number[] = [];
      for (let index = 0; index < 12; index += 1) statuses.push((await get('/a')).status);
      proxy.heal();
      return statuses;
    };
    const first = await round();
    expect(new Set(first)).toEqual(new Set([200, 503]));
    expect(await round()).toEqual(first);
  });

  test('a token that is no longer accepted', async () => {
    proxy.inject({ type: 'status', status: 401, token: 'one' });
    expect((await get('/a', 'one')).status).toBe(401);
    expect((await get('/a', 'two')).status).toBe(200);
  });

  test('a reset before the server sees it, and after it has done it', async () => {
    proxy.inject({ type: 'reset', path: '^/a', times: 1 });
    expect(await code(get('/a'))).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(reached).toEqual([]);
    proxy.inject({ type: 'reset', path: '^/a', at: 'answer', times: 1 });
    expect(await code(get('/a'))).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(reached).toEqual(['GET /a fault-proxy']);
    expect((await get('/a')).status).toBe(200);
  });

  test('an answer that never comes', async () => {
    proxy.inject({ type: 'stall', path: '^/a', times: 1 });
    expect(await code(get('/a', 'one', agent, 1500))).toBe('TimeoutError');
    expect((await get('/a')).status).toBe(200);
  });

  test('a fault that ends by itself', async () => {
    proxy.inject({ type: 'status', status: 500, seconds: 0.2 });
    expect((await get('/a')).status).toBe(500);
    await delay(400);
    expect((await get('/a')).status).toBe(200);
  });
});

describe('connections', () => {
  test('a stall tells nobody, new connections work, heal lets it go on', async () => {
    const ca = await readFile(pair('ca').certificate);
    const stalled = new Agent({ connect: { ca }, allowH2: false, connections: 1 });
    await get('/a', 'one', stalled);
    proxy.inject({ type: 'stall' });
    const waiting = get('/b', 'one', stalled);
    const other = new Agent({ connect: { ca }, allowH2: false });
    expect((await get('/c', 'one', other)).status).toBe(200);
    expect(reached).toEqual(['GET /a fault-proxy', 'GET /c fault-proxy']);
    proxy.heal();
    expect((await waiting).status).toBe(200);
    await Promise.all([stalled.destroy(), other.destroy()]);
  });

  test('a partition drops or refuses new connections and ends after its time', async () => {
    proxy.inject({ type: 'partition', seconds: 0.4 });
    expect((await get('/a')).status).toBe(200);
    proxy.inject({ type: 'partition', new: 'refuse', seconds: 0.4 });
    const ca = await readFile(pair('ca').certificate);
    const other = new Agent({ connect: { ca }, allowH2: false });
    expect(await code(get('/b', 'one', other))).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    await delay(600);
    expect((await get('/b', 'one', other)).status).toBe(200);
    await other.destroy();
  });

  test('slow bytes', async () => {
    await get('/a');
    proxy.inject({ type: 'slow', bytesPerSecond: 4000 });
    const startedAt = performance.now();
    expect((await get('/a')).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(500);
  });
});

describe('watches', () => {
  const open = async () => {
    const answer = await agent.request({ origin: proxy.server, path: '/pods?watch=true', method: 'GET' });
    let text = '';
    const ended = (async () => {
      for await (const chunk of answer.body) text += chunk;
    })().catch(() => undefined);
    await expect.poll(() => text).toBe('{"event":1}\n');
    return { text: () => text, ended };
  };

  test('events come as whole lines', async () => {
    const watch = await open();
    for (const event of events) event();
    await expect.poll(watch.text).toBe('{"event":1}\n{"event":2}\n');
  });

  test('gone: an ERROR event 410, then the end; and as often as meant for new ones', async () => {
    const watch = await open();
    proxy.inject({ type: 'gone', times: 1 });
    await watch.ended;
    expect(JSON.parse(watch.text().split('\n')[1] ?? '')).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired' },
    });
    expect(JSON.parse((await get('/pods?watch=true')).text)).toMatchObject({ type: 'ERROR' });
    await open();
  });

  test('end: the stream ends well', async () => {
    const watch = await open();
    proxy.inject({ type: 'end' });
    await watch.ended;
    expect(watch.text()).toBe('{"event":1}\n');
  });
});

test('what is no fault is refused', () => {
  expect(() => proxy.inject({ type: 'status', status: 200 })).toThrow();
  expect(() => proxy.inject({ type: 'reset', path: '(' })).toThrow(/no regular expression/);
});
