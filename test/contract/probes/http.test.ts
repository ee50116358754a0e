/** Calls over HTTP to real servers that are as unhelpful as networks can be. */
import { createServer, type Server } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { callHttp } from '../../../src/probes/http.ts';
import { listening } from '../../support/servers/ports.ts';

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

test.each(['http', 'https'] as const)(
  'a server that takes an %s connection and says nothing has its deadline',
  async (scheme) => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    servers.push(server);
    const port = await listening(server);
    const { signal } = new AbortController();
    const call = { scheme, host: '127.0.0.1', port, verify: true, method: 'GET', path: '/' };
    const answer = await callHttp(call, { deadline: 300, signal });
    expect(answer.error).toMatchObject({ kind: 'timeout' });
    expect(answer.milliseconds).toBeLessThan(5000);
  },
  10_000,
);

test('a stopped run does not wait for a handshake', async () => {
  const server = createServer(() => undefined);
  servers.push(server);
  const port = await listening(server);
  const call = { scheme: 'https' as const, host: '127.0.0.1', port, verify: true, method: 'GET', path: '/' };
  const signal = AbortSignal.timeout(200);
  await expect(callHttp(call, { deadline: 60_000, signal })).rejects.toThrow();
}, 10_000);
