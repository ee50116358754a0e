import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Connection, type ConnectOptions, connect } from '../../../../src/cluster/api/connect.ts';
import { Fault } from '../../../../src/domain/failure/fault.ts';
import {
  json,
  type LocalApiServer,
  startLocalApiServer,
  status,
  tokenPlugin,
} from '../../../support/servers/api-server.ts';

let server: LocalApiServer;
let folder: string;
const open: Connection[] = [];

beforeEach(async () => {
  server = await startLocalApiServer();
  folder = await mkdtemp(join(tmpdir(), 'orion-home-'));
});

afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function connectWith(options: Partial<ConnectOptions>): Promise<Connection> {
  const connection = await connect({ env: {}, home: folder, ...options });
  open.push(connection);
  return connection;
}

async function faultOf(options: Partial<ConnectOptions>): Promise<Fault> {
  const error: unknown = await connectWith(options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Fault);
  return error as Fault;
}

describe('where the kubeconfig comes from', () => {
  test('content', async () => {
    const connection = await connectWith({ kubeconfig: server.kubeconfig() });
    expect(connection).toMatchObject({
      context: 'local',
      cluster: 'here',
      namespace: 'shop',
      serverVersion: 'v1.36.0',
    });
  });

  test('a path, with files beside it that it names relatively', async () => {
    await writeFile(
      join(folder, 'config'),
      server.kubeconfig({
        cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.pem' },
      }),
    );
    await expect(connectWith({ kubeconfig: join(folder, 'config') })).rejects.toMatchObject({
      reason: 'kubeconfig-unreadable',
    });
    await writeFile(
      join(server.folder, 'config'),
      server.kubeconfig({
        cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.pem' },
      }),
    );
    expect((await connectWith({ kubeconfig: join(server.folder, 'config') })).context).toBe('local');
  });

  test('KUBECONFIG is a list: missing files are skipped, the first definition of a name wins', async () => {
    await writeFile(join(folder, 'one'), server.kubeconfig());
    await writeFile(join(folder, 'two'), server.kubeconfig({ cluster: { server: 'https://127.0.0.1:1' } }));
    const KUBECONFIG = [join(folder, 'missing'), join(folder, 'one'), join(folder, 'two')].join(':');
    expect((await connectWith({ env: { KUBECONFIG } })).host).toBe(`127.0.0.1:${server.port}`);
  });

  test('nothing at all', async () => {
    expect(await faultOf({})).toMatchObject({ reason: 'kubeconfig-unreadable' });
    expect(await faultOf({ kubeconfig: '  \n' })).toMatchObject({ reason: 'kubeconfig-unreadable' });
  });
});

const canary = 'canary-4711';
const faultyOptions: [string, () => Partial<ConnectOptions>, string, RegExp][] = [
  [
    'a path that is not there',
    () => ({ kubeconfig: `/nowhere/${canary}` }),
    'kubeconfig-unreadable',
    /ENOENT/,
  ],
  ['base64 in one line', () => ({ kubeconfig: canary.repeat(600) }), 'kubeconfig-unreadable', /ENAMETOOLONG/],
  ['no YAML', () => ({ kubeconfig: `a: [${canary}\n b: {` }), 'kubeconfig-unreadable', /not valid/],
  [
    'an empty document',
    () => ({ kubeconfig: `# ${canary}\n# nothing` }),
    'kubeconfig-unreadable',
    /not valid/,
  ],
  [
    'YAML of another kind',
    () => ({ kubeconfig: `${canary}: 1\nb: 2` }),
    'kubeconfig-unreadable',
    /no current context/,
  ],
  [
    'no such context',
    () => ({ kubeconfig: server.kubeconfig(), context: canary }),
    'bad-input',
    /no context/,
  ],
  [
    'a plugin that is not there',
    () => ({
      kubeconfig: server.kubeconfig({ user: { exec: { command: 'absent-plugin', args: [canary] } } }),
    }),
    'tool-missing',
    /absent-plugin.*ENOENT/,
  ],
  [
    'a plugin that fails',
    () => ({
      kubeconfig: server.kubeconfig({
        user: { exec: { command: 'sh', args: ['-c', `echo log in first >&2; : ${canary}; exit 3`] } },
      }),
    }),
    'unauthorized',
    /sh of the kubeconfig failed: log in first/,
  ],
  [
    'a plugin that prints nonsense',
    () => ({ kubeconfig: server.kubeconfig({ user: { exec: { command: 'echo', args: [canary] } } }) }),
    'unauthorized',
    /no ExecCredential/,
  ],
  [
    'a plugin that prints other JSON',
    () => ({
      kubeconfig: server.kubeconfig({ user: { exec: { command: 'echo', args: [`{"a":"${canary}"}`] } } }),
    }),
    'unauthorized',
    /no ExecCredential/,
  ],
  [
    'a missing token file',
    () => ({ kubeconfig: server.kubeconfig({ user: { tokenFile: `/nowhere/${canary}` } }) }),
    'kubeconfig-unreadable',
    /ENOENT/,
  ],
  [
    'a certificate that is none',
    () => ({
      kubeconfig: server.kubeconfig({
        user: { 'client-certificate-data': 'bm9uZQ==', 'client-key-data': btoa(canary) },
      }),
    }),
    'kubeconfig-unreadable',
    /certificate or key/,
  ],
  [
    'an unknown authority',
    () => ({ kubeconfig: server.kubeconfig({ cluster: { 'certificate-authority-data': undefined } }) }),
    'cluster-unreachable',
    /authority/,
  ],
  [
    'another name in the certificate',
    () => ({ kubeconfig: server.kubeconfig({ cluster: { 'tls-server-name': 'other.test' } }) }),
    'cluster-unreachable',
    /ALTNAME/,
  ],
  [
    'a name that does not resolve',
    () => ({ kubeconfig: server.kubeconfig({ cluster: { server: 'https://absent.invalid' } }) }),
    'cluster-unreachable',
    /resolved/,
  ],
];

describe('faults name cause and remedy, and nothing of the kubeconfig', () => {
  test.each(faultyOptions)('%s', async (_, options, reason, message) => {
    const fault = await faultOf(options());
    expect(fault.reason).toBe(reason);
    expect(fault.message).toMatch(message);
    expect(fault.remedy).not.toBe('');
    expect(`${fault.message} ${fault.remedy}`).not.toContain(canary);
  });

  test('nobody listens', async () => {
    const unused = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => unused.once('listening', resolve));
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    const fault = await faultOf({
      kubeconfig: server.kubeconfig({ cluster: { server: `https://127.0.0.1:${port}` } }),
    });
    expect(fault).toMatchObject({
      reason: 'cluster-unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('refused credentials', async () => {
    server.answersVersion = false;
    server.handler = (_, response) => json(response, 401, status(401, 'Unauthorized'));
    expect(await faultOf({ kubeconfig: server.kubeconfig() })).toMatchObject({ reason: 'unauthorized' });
    // The same token again: asking a second time would be pointless.
    expect(server.requests).toHaveLength(1);
  });

  test('a server that has too much to do for a while is waited for', { timeout: 20_000 }, async () => {
    server.answersVersion = false;
    const busyUntil = performance.now() + 3500;
    server.handler = (_, response) =>
      performance.now() < busyUntil
        ? json(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '1' })
        : json(response, 200, { gitVersion: 'v1.36.0' });
    expect((await connectWith({ kubeconfig: server.kubeconfig() })).serverVersion).toBe('v1.36.0');
  });

  test('a hidden /version is no fault', async () => {
    server.answersVersion = false;
    server.handler = (_, response) => json(response, 403, status(403, 'Forbidden'));
    expect((await connectWith({ kubeconfig: server.kubeconfig() })).serverVersion).toBe('');
  });
});

describe('credentials', () => {
  const get = (connection: Connection) =>
    connection.transport.request({ method: 'GET', path: '/api/v1/namespaces' });
  const accepting = (token: string) => {
    server.handler = (request, response) =>
      request.headers.authorization === `Bearer ${token}`
        ? json(response, 200, { items: [] })
        : json(response, 401, status(401, 'Unauthorized'));
  };

  test('a plugin runs once, and again after a 401, also when many requests get it at once', async () => {
    const user = await tokenPlugin(server.folder, ['first', 'second', 'third']);
    const connection = await connectWith({ kubeconfig: server.kubeconfig({ user }) });
    accepting('first');
    await get(connection);
    accepting('second');
    const answers = await Promise.all(Array.from({ length: 10 }, () => get(connection)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
    accepting('nobody');
    await expect(get(connection)).rejects.toMatchObject({ reason: 'unauthorized' });
  });

  test('a plugin learns about the cluster', async () => {
    const script = join(folder, 'plugin.sh');
    await writeFile(
      script,
      '#!/bin/sh\nprintf \'{"status":{"token":"%s"}}\' "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)"\n',
      { mode: 0o755 },
    );
    const connection = await connectWith({
      kubeconfig: server.kubeconfig({ user: { exec: { command: script, provideClusterInfo: true } } }),
    });
    accepting('nobody');
    await get(connection).catch(() => undefined);
    const info = JSON.parse(atob((server.requests[0]?.authorization ?? '').replace('Bearer ', '')));
    expect(info).toMatchObject({
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: `https://127.0.0.1:${server.port}` } },
    });
  });

  test('a token file is read again after a 401, line break and all', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'old\n');
    const connection = await connectWith({ kubeconfig: server.kubeconfig({ user: { tokenFile } }) });
    accepting('old');
    await get(connection);
    await writeFile(tokenFile, 'new\n');
    accepting('new');
    expect((await get(connection)).status).toBe(200);
  });

  test('user and password', async () => {
    const connection = await connectWith({
      kubeconfig: server.kubeconfig({ user: { username: 'u', password: 'p' } }),
    });
    await get(connection).catch(() => undefined);
    expect(server.requests[0]).toMatchObject({
      authorization: `Basic ${btoa('u:p')}`,
      userAgent: 'orion-deploy/development',
    });
  });
});

describe('proxies', () => {
  /** A CONNECT proxy that sends every tunnel to the local server. */
  async function startProxy() {
    const tunnels: string[] = [];
    const proxy = createHttpServer();
    proxy.on('connect', (request, client) => {
      tunnels.push(request.url ?? '');
      const upstream = connectSocket(server.port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const close = () => new Promise((resolve) => proxy.close(resolve));
    return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels, close };
  }
  const elsewhere = { server: 'https://orion.test:6443' };

  test('HTTPS_PROXY is used, but not for NO_PROXY', async () => {
    const proxy = await startProxy();
    const kubeconfig = server.kubeconfig({ cluster: elsewhere });
    const connection = await connectWith({ kubeconfig, env: { HTTPS_PROXY: proxy.url } });
    expect(connection.serverVersion).toBe('v1.36.0');
    expect(proxy.tunnels).toEqual(['orion.test:6443']);
    const env = { https_proxy: proxy.url, NO_PROXY: '.test' };
    expect(await faultOf({ kubeconfig, env })).toMatchObject({ reason: 'cluster-unreachable' });
    await open.pop()?.close();
    await proxy.close();
  });

  test('proxy-url of the kubeconfig is used', async () => {
    const proxy = await startProxy();
    const connection = await connectWith({
      kubeconfig: server.kubeconfig({ cluster: { ...elsewhere, 'proxy-url': proxy.url } }),
    });
    expect(connection.serverVersion).toBe('v1.36.0');
    expect(proxy.tunnels).toEqual(['orion.test:6443']);
    await open.pop()?.close();
    await proxy.close();
  });
});
