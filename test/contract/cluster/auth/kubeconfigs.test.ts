/** Kubeconfigs as other people have them: beside their plugin, acting as somebody else, signed by the machine's authorities. */
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Connection, type ConnectOptions, connect } from '../../../../src/cluster/api/connect.ts';
import { json, type LocalApiServer, startLocalApiServer } from '../../../support/servers/api-server.ts';

let server: LocalApiServer;
let folder: string;
let headers: [string, string][];
const open: Connection[] = [];

beforeEach(async () => {
  server = await startLocalApiServer();
  server.answersVersion = false;
  headers = [];
  server.handler = (request, response) => {
    const { rawHeaders } = request;
    headers.push(
      ...rawHeaders.flatMap((name, index) =>
        index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ''] as [string, string]] : [],
      ),
    );
    json(response, 200, { gitVersion: 'v1.36.0' });
  };
  folder = await realpath(await mkdtemp(join(tmpdir(), 'orion-clusters-')));
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

/** A plugin that prints a token of its own. */
async function plugin(path: string, token: string): Promise<void> {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token },
  };
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
  await chmod(path, 0o755);
}

const login = (command: string) => ({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command } });

describe('a credential plugin', () => {
  const authorization = () => headers.find(([name]) => name === 'authorization')?.[1];

  test.each(['./login', 'bin/../login', '../kube/login'])(
    'by the path %s is the one beside the kubeconfig, not the one in the working directory',
    async (command) => {
      await plugin(join(folder, 'kube/login'), 'beside');
      await plugin(join(folder, 'ws/login'), 'checkout');
      await mkdir(join(folder, 'kube/bin'));
      await writeFile(join(folder, 'kube/config'), server.kubeconfig({ user: login(command) }));
      const before = process.cwd();
      process.chdir(join(folder, 'ws'));
      try {
        await connectWith({ kubeconfig: '../kube/config' });
      } finally {
        process.chdir(before);
      }
      expect(authorization()).toBe('Bearer beside');
    },
  );

  test('belongs to the file of a list that defines its user', async () => {
    await plugin(join(folder, 'two/login'), 'two');
    await mkdir(join(folder, 'one'));
    const { users, ...rest } = JSON.parse(server.kubeconfig({ user: login('./login') })) as {
      users: unknown[];
    };
    await writeFile(join(folder, 'one/config'), JSON.stringify(rest));
    await writeFile(join(folder, 'two/config'), JSON.stringify({ apiVersion: 'v1', kind: 'Config', users }));
    await connectWith({ env: { KUBECONFIG: `${folder}/one/config:${folder}/two/config` } });
    expect(authorization()).toBe('Bearer two');
  });

  test('is not run by a relative path of a kubeconfig that is given as content', async () => {
    await expect(
      connectWith({ kubeconfig: server.kubeconfig({ user: login('./login') }) }),
    ).rejects.toMatchObject({
      reason: 'kubeconfig-unreadable',
      message: expect.stringContaining('given as content') as string,
    });
  });

  test('is not found by a relative entry of PATH', async () => {
    await plugin(join(folder, 'ws/orion-login'), 'checkout');
    const before = process.cwd();
    process.chdir(join(folder, 'ws'));
    try {
      const env = { PATH: `.:${process.env['PATH']}` };
      const attempt = connectWith({ env, kubeconfig: server.kubeconfig({ user: login('orion-login') }) });
      await expect(attempt).rejects.toMatchObject({ reason: 'tool-missing' });
    } finally {
      process.chdir(before);
    }
  });
});

test('a token file, a certificate and an authority by relative paths are beside the kubeconfig', async () => {
  await mkdir(join(folder, 'kube'));
  await writeFile(join(folder, 'kube/token'), 'from-file\n');
  await copyFile(join(server.folder, 'ca.pem'), join(folder, 'kube/ca.pem'));
  const kubeconfig = server.kubeconfig({
    user: { tokenFile: 'token' },
    cluster: { 'certificate-authority-data': undefined, 'certificate-authority': './ca.pem' },
  });
  await writeFile(join(folder, 'kube/config'), kubeconfig);
  await connectWith({ kubeconfig: join(folder, 'kube/config') });
  expect(headers).toContainEqual(['authorization', 'Bearer from-file']);
});

test.each(['12e45678', '0123456789012345678901234567890123456789', '0x1F', '1_000', 'off'])(
  'the token %s is text, and so are names of digits',
  async (token) => {
    const quoted = server
      .kubeconfig({ user: { token: 'TOKEN' } })
      .replaceAll('"somebody"', '1234567890123456789');
    const text = token === 'off' ? `"${token}"` : token;
    await connectWith({ kubeconfig: quoted.replace('"TOKEN"', text) });
    expect(headers).toContainEqual(['authorization', `Bearer ${token}`]);
  },
);

describe('impersonation', () => {
  const user = {
    token: 'a-token',
    as: 'jane',
    'as-uid': '06f6',
    'as-groups': ['developers', 'system:masters, not'],
    'as-user-extra': { 'acme.com/project': ['shop', 'web'] },
  };
  const expected = [
    ['impersonate-user', 'jane'],
    ['impersonate-uid', '06f6'],
    ['impersonate-group', 'developers'],
    ['impersonate-group', 'system:masters, not'],
    ['impersonate-extra-acme.com%2fproject', 'shop'],
    ['impersonate-extra-acme.com%2fproject', 'web'],
  ];
  const sent = () => headers.filter(([name]) => name.startsWith('impersonate-')).toSorted();

  test('is sent with requests, each group in a line of its own', async () => {
    await connectWith({ kubeconfig: server.kubeconfig({ user }) });
    expect(sent()).toStrictEqual(expected.toSorted());
  });

  test('is sent with WebSockets too', async () => {
    const connection = await connectWith({ kubeconfig: server.kubeconfig({ user }) });
    headers = [];
    await connection.transport
      .webSocket({ path: '/x', protocol: 'v4.channel.k8s.io', signal: AbortSignal.timeout(5000) })
      .catch(() => undefined);
    const handshake = headers.findIndex(([name]) => name === 'sec-websocket-key');
    expect(handshake).toBeGreaterThanOrEqual(0);
    // The handshake, the question why it failed, and the second handshake.
    expect(sent()).toStrictEqual([...expected, ...expected, ...expected].toSorted());
  });
});
