/** Ports of real pods on this machine, through the API server and the kubelet. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Connection, connect } from '../../src/cluster/api/connect.ts';
import { releaseCluster } from '../../src/cluster/cluster-port.ts';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';
import { callHttp } from '../../src/probes/http.ts';
import { probePostgres } from '../../src/probes/postgres.ts';
import { probeRedis } from '../../src/probes/redis.ts';
import { attachCluster } from '../../testbed/cluster.ts';
import { type Deployer, deployerFor, dropNamespace, until } from '../support/actions/deployer.ts';

const namespace = `port-forward-${process.pid}`;
let deployer: Deployer;
let connection: Connection;
let cluster: ReturnType<typeof releaseCluster>;
const run = new AbortController();
const { signal } = run;
const limits = { deadline: 10_000, signal };

/** Answers with a digest of what it was sent, and with as many bytes as `?bytes=` says. */
const server = `require('http').createServer((request, answer) => {
  const hash = require('crypto').createHash('sha256');
  request.on('data', (part) => hash.update(part)).on('end', () => {
    answer.setHeader('digest', hash.digest('hex'));
    answer.end(Buffer.alloc(Number(new URL(request.url, 'http://x').searchParams.get('bytes')), 'o'));
  });
}).listen(8080, '127.0.0.1')`;

function pod(
  name: string,
  image: string,
  container: Readonly<Record<string, unknown>> = {},
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: `orion.example/${image}`, imagePullPolicy: 'Never', ...container }],
    },
  } as KubernetesObject;
}

const node = (script: string) => ({ command: ['/usr/local/bin/node', '-e', script] });

async function started(object: KubernetesObject): Promise<void> {
  await deployer.api.create(object);
  await until(`pod ${object.metadata.name}`, async () => {
    const found = await deployer.api.get({
      apiVersion: 'v1',
      kind: 'Pod',
      namespace,
      name: object.metadata.name,
    });
    return (found?.['status'] as { phase?: string } | undefined)?.phase === 'Running' ? true : undefined;
  });
}

/** Opens it again until the process inside listens. */
async function reached<T>(
  name: string,
  port: number,
  call: (port: number) => Promise<T | undefined>,
): Promise<T> {
  return until(`an answer of ${name}`, async () => {
    const forward = await cluster.openPortForward({ namespace, pod: name, port, signal });
    try {
      return await call(forward.port);
    } finally {
      await forward.close();
    }
  });
}

const get = (port: number, path: string) =>
  callHttp({ scheme: 'http', host: '127.0.0.1', port, verify: false, method: 'GET', path }, limits);

beforeAll(async () => {
  deployer = await deployerFor('port-forward', inject('stateDirectory'));
  connection = await connect({ kubeconfig: deployer.kubeconfig, env: {}, home: '' });
  cluster = releaseCluster(connection);
  await deployer.newNamespace(namespace);
  await Promise.all([
    started(pod('web', 'service:1', node(server))),
    started(pod('redis', 'redis:7')),
    started(pod('postgres', 'postgres:15', { env: [{ name: 'POSTGRES_PASSWORD', value: 'secret' }] })),
  ]);
});

afterAll(async () => {
  run.abort();
  await dropNamespace(deployer.api, namespace);
  await connection.close();
  await deployer.close();
});

describe('a port-forward', () => {
  test('reaches HTTP, Redis and PostgreSQL', async () => {
    const http = await reached('web', 8080, async (port) => {
      const answer = await get(port, '/?bytes=3');
      return answer.status === undefined ? undefined : answer;
    });
    expect(http).toMatchObject({ status: 200, body: 'ooo' });
    const target = { host: '127.0.0.1', tls: { mode: 'disable' as const } };
    const redis = await reached('redis', 6379, async (port) => {
      const finding = await probeRedis({ ...target, port }, limits);
      return finding.connectionFault === undefined && finding.serverError === undefined ? finding : undefined;
    });
    expect(redis).toMatchObject({ role: 'master' });
    const postgres = await reached('postgres', 5432, async (port) => {
      const login = { user: 'postgres', password: 'secret', database: 'postgres' };
      const finding = await probePostgres({ ...target, ...login, port }, limits);
      return finding.connectionFault === undefined && finding.serverError === undefined ? finding : undefined;
    });
    expect(postgres).toMatchObject({ version: expect.stringMatching(/^15/) });
  });

  test('carries 20 connections at once, each whole', async () => {
    const forward = await cluster.openPortForward({ namespace, pod: 'web', port: 8080, signal });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => get(forward.port, `/?bytes=${30_000 + index}`)),
    );
    expect(answers.map(({ status, body }) => [status, body.length])).toEqual(
      answers.map((_, index) => [200, 30_000 + index]),
    );
    expect(forward.lastError()).toBeUndefined();
    await forward.close();
  });

  test('carries 5 MB there and 5 MB back without a change', async () => {
    const forward = await cluster.openPortForward({ namespace, pod: 'web', port: 8080, signal });
    const sent = randomBytes(5_000_000);
    const answer = await fetch(`http://127.0.0.1:${forward.port}/?bytes=5000000`, {
      method: 'POST',
      body: sent,
    });
    expect(answer.headers.get('digest')).toBe(createHash('sha256').update(sent).digest('hex'));
    expect(await answer.text()).toBe('o'.repeat(5_000_000));
    await forward.close();
  });
});

describe('a port-forward that breaks, ends or is refused', () => {
  test('to a port that nothing listens on breaks the connection and says why', async () => {
    const forward = await cluster.openPortForward({ namespace, pod: 'web', port: 9, signal });
    const answer = await get(forward.port, '/');
    expect(answer.error?.kind).toBe('reset');
    expect(forward.lastError()).toMatch(/connect: connection refused/);
    await forward.close();
  });

  test('ends with its pod', async () => {
    await started(pod('mortal', 'redis:7'));
    const forward = await cluster.openPortForward({ namespace, pod: 'mortal', port: 6379, signal });
    const socket = dial(forward.port, '127.0.0.1').on('error', () => {});
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toBe('+PONG\r\n');
    const closed = once(socket, 'close');
    await deployer.api.delete({ apiVersion: 'v1', kind: 'Pod', namespace, name: 'mortal' });
    await closed;
    const after = await get(forward.port, '/');
    expect(after.error?.kind).toBe('reset');
    expect(forward.lastError()).toMatch(/mortal/);
    await forward.close();
  });

  test('is refused when it is opened: no such pod, no permission', async () => {
    const missing = await cluster
      .openPortForward({ namespace, pod: 'nobody', port: 80, signal })
      .catch((error: unknown) => error);
    expect(cluster.refusalOf(missing)).toMatchObject({ status: 404 });
    const { controlPlane } = await attachCluster(inject('stateDirectory'));
    const kubeconfig = await controlPlane.issueKubeconfig('port-forward-nobody', 'port-forward-nobody');
    const other = await connect({ kubeconfig, env: {}, home: '' });
    const forbidden = await releaseCluster(other)
      .openPortForward({ namespace, pod: 'web', port: 8080, signal })
      .catch((error: unknown) => error);
    expect(cluster.refusalOf(forbidden)).toMatchObject({ status: 403 });
    await other.close();
  });

  test('is gone with the signal, its connections too', async () => {
    const own = new AbortController();
    const forward = await cluster.openPortForward({
      namespace,
      pod: 'redis',
      port: 6379,
      signal: own.signal,
    });
    const socket = dial(forward.port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    own.abort();
    await closed;
    const [late] = await once(dial(forward.port, '127.0.0.1'), 'error');
    expect(late).toMatchObject({ code: 'ECONNREFUSED' });
    await forward.close();
  });
});
