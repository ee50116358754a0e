/** The client of `npm run soak -- production`, before real servers. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startClient } from '../../../../bench/production/client.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
  return { server, url, connections: () => connections };
}

test('each call has a connection of its own; none fails', async () => {
  const { url, connections } = await serve((_, answer) => answer.end('fine'));
  const client = startClient(url);
  await delay(1000);
  const { calls, failed } = await client.stop();
  expect(failed).toEqual([]);
  expect(calls).toBeGreaterThan(3);
  expect(connections()).toBe(calls);
});

test.each<[string, RequestListener, string]>([
  ['answers 503', (_, answer) => answer.writeHead(503).end(), 'answered 503'],
  ['hangs up', ({ socket }) => socket.destroy(), 'socket hang up'],
  [
    'breaks off',
    (_, answer) => {
      answer.writeHead(200, { 'content-length': '9' });
      answer.write('half', () => answer.destroy());
    },
    'aborted',
  ],
  ['never answers', () => undefined, 'no answer within 2000 ms'],
])('a server that %s: every call failed', async (_, answer, said) => {
  const { url } = await serve(answer);
  const client = startClient(url);
  await delay(400);
  const { calls, failed } = await client.stop();
  expect(calls).toBeGreaterThan(0);
  expect(failed).toHaveLength(calls);
  expect(failed[0]).toMatch(/^\+\d+\.\d s: /);
  expect(failed[0]).toContain(said);
});

test('nobody listens', async () => {
  const { server, url } = await serve(() => undefined);
  server.close();
  await once(server, 'close');
  const client = startClient(url);
  await delay(400);
  const { calls, failed } = await client.stop();
  expect(failed).toHaveLength(calls);
  expect(failed[0]).toContain('ECONNREFUSED');
});
