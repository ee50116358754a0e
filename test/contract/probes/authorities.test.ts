/** TLS of databases and endpoints by an authority of one's own, against servers on this machine. */
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer as createTcpServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TlsMode } from '../../../src/domain/smoke/databases/protocol.ts';
import { callHttp } from '../../../src/probes/http.ts';
import { probeRedis } from '../../../src/probes/redis.ts';
import { privateCertificate } from '../../support/servers/certificates.ts';
import { listening } from '../../support/servers/ports.ts';

const limits = { deadline: 5000, signal: new AbortController().signal };
const closing: (() => unknown)[] = [];
let cert: string;
let redis: number;
let https: number;

beforeAll(async () => {
  const pair = await privateCertificate();
  cert = pair.cert;
  // Each command is an array: that many replies.
  const server = createTlsServer(pair, (socket) => {
    socket.on('data', (data) => socket.write('+OK\r\n'.repeat((String(data).match(/^\*\d/gm) ?? []).length)));
    socket.on('error', () => undefined);
  });
  // OpenSSL's own answer to plain words, which Node.js does not give: an alert, fatal, protocol_version.
  const front = createTcpServer((socket) => {
    socket.once('data', (data) => {
      if (data[0] !== 0x16) return socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46]));
      const behind = connect(tls, '127.0.0.1').on('error', () => undefined);
      behind.write(data);
      return socket.pipe(behind).pipe(socket);
    });
    socket.on('error', () => undefined);
  });
  const tls = await listening(server);
  const web = createHttpsServer(pair, (_, response) => response.end('fine'));
  closing.push(
    () => server.close(),
    () => front.close(),
    () => web.close(),
  );
  [redis, https] = await Promise.all([listening(front), listening(web)]);
});

afterAll(() => {
  for (const close of closing) close();
});

const ask = (mode: TlsMode, ca?: string) =>
  probeRedis({ host: 'localhost', port: redis, tls: { mode, ...(ca === undefined ? {} : { ca }) } }, limits);

test('Redis that speaks TLS alone: plain words are answered by an alert, and where nobody says which, TLS is tried', async () => {
  expect(await ask('disable')).toMatchObject({ connectionFault: { kind: 'tls-required' } });
  expect(await ask('prefer')).toMatchObject({ write: 'accepted' });
});

test('a private authority is not trusted unless it is named; then it is, beside the usual ones', async () => {
  expect(await ask('verify-full')).toMatchObject({ connectionFault: { kind: 'tls-untrusted' } });
  expect(await ask('verify-full', cert)).toMatchObject({ write: 'accepted' });
  const target = {
    scheme: 'https',
    host: 'localhost',
    port: https,
    verify: true,
    method: 'GET',
    path: '/',
  } as const;
  expect(await callHttp(target, limits)).toMatchObject({ error: { kind: 'tls-untrusted' } });
  expect(await callHttp({ ...target, ca: cert }, limits)).toMatchObject({ status: 200 });
});
