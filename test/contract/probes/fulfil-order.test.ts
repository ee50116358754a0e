/** The program of the probe image, with real servers at its ends and its own log read back. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { readProbeLog } from '../../../src/cluster/in-cluster-job/log.ts';
import { type ProbeRequest, probeProtocol } from '../../../src/domain/smoke/tests/probe.ts';
import { fulfilOrder } from '../../../src/probes/fulfil-order.ts';
import { freePort, listening } from '../../support/servers/ports.ts';

const closing: { close(): unknown }[] = [];
afterAll(() => {
  for (const one of closing) one.close();
});

const token = '0123456789abcdef';

async function serving(answer: RequestListener): Promise<number> {
  const server: Server = createServer(answer);
  closing.push(server);
  return listening(server);
}

async function probed(requests: readonly ProbeRequest[], protocol = probeProtocol) {
  const lines: string[] = [];
  const order = { protocol, token, requests };
  // What the Secret holds is JSON.
  await fulfilOrder(
    JSON.parse(JSON.stringify(order)),
    (line) => lines.push(line),
    AbortSignal.timeout(30_000),
  );
  const said = readProbeLog(lines, token, requests);
  return { lines, findings: 'findings' in said ? said.findings.map(({ finding }) => finding) : said };
}

const get = (port: number, path = '/', more: object = {}): ProbeRequest => ({
  what: 'http',
  call: { scheme: 'http', host: '127.0.0.1', port, verify: true, method: 'GET', path, ...more },
  deadline: 2000,
});

test('answers come whole, with line breaks, other alphabets and what looks like a line of ours', async () => {
  const body = `first\n${token} {"over":9}\r\né \u0000 "quoted"`;
  const port = await serving((_, response) => {
    response.writeHead(503, { 'x-name': 'web', 'set-cookie': ['a=1', 'b=2'] }).end(body);
  });
  const { findings, lines } = await probed([get(port), get(await freePort())]);
  expect(findings).toMatchObject([
    { status: 503, body, headers: { 'x-name': ['web'], 'set-cookie': ['a=1', 'b=2'] } },
    { error: { kind: 'refused' } },
  ]);
  expect(lines.every((line) => !line.includes('\n'))).toBe(true);
  expect(lines.at(-1)).toBe(`${token} {"over":2}`);
});

test('many long answers stay below what a kubelet keeps of a log', async () => {
  const port = await serving((_, response) => response.end('\u0001'.repeat(100_000)));
  const { findings, lines } = await probed(Array.from({ length: 60 }, () => get(port)));
  expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(8 * 2 ** 20);
  expect(findings).toHaveLength(60);
  expect(findings).toMatchObject(Array(60).fill({ status: 200, truncated: true }));
});

test('no line has a password or a credential that was sent, also where the server says it back', async () => {
  const echo = await serving(({ headers }, response) => response.end(JSON.stringify(headers)));
  const database = createTcpServer((socket) => {
    socket.on('error', () => undefined).on('data', () => socket.write('-WRONGPASS hunter2 is not it\r\n'));
  });
  closing.push(database);
  const port = await listening(database);
  const tls = { mode: 'disable' } as const;
  const { findings, lines } = await probed([
    get(echo, '/', { headers: { authorization: 'Bearer t0k3n', 'x-plain': 'shown' } }),
    { what: 'redis', target: { host: '127.0.0.1', port, password: 'hunter2', tls }, deadline: 2000 },
  ]);
  expect(findings).toMatchObject([
    { status: 200, body: expect.stringMatching(/"authorization":"\*\*\*".*"x-plain":"shown"/) },
    { serverError: { step: 'AUTH', message: 'WRONGPASS *** is not it' } },
  ]);
  expect(lines.join()).not.toMatch(/hunter2|t0k3n/);
});

test('a database that nobody listens at is a finding', async () => {
  const port = await freePort();
  const target = {
    host: '127.0.0.1',
    port,
    user: 'shop',
    database: 'shop',
    tls: { mode: 'disable' },
  } as const;
  const { findings } = await probed([{ what: 'postgres', target, deadline: 2000 }]);
  expect(findings).toMatchObject([{ connectionFault: { kind: 'refused' } }]);
});

test('response times say of each request what it got, and come after the single calls', async () => {
  let [asked, singles] = [0, 0];
  const port = await serving(({ url }, response) => {
    if (url === '/single') singles += 1;
    else expect(singles).toBe(1);
    if (url === '/measured') asked += 1;
    const turn = url === '/measured' ? asked % 3 : 0;
    if (turn === 1) response.writeHead(503).end();
    else if (turn === 2) response.destroy();
    else setTimeout(() => response.end('ok'), url === '/single' ? 300 : 0);
  });
  const schedule = { requests: 30, rate: 100, maxInFlight: 10, timeout: 2000 };
  const call = { scheme: 'http', host: '127.0.0.1', port, verify: true, method: 'GET' } as const;
  const { findings } = await probed([
    { what: 'latency', call: { ...call, path: '/measured' }, schedule, expect: { status: ['2xx'] } },
    get(port, '/single'),
  ]);
  const [samples] = findings as unknown as [readonly { readonly ok: boolean; readonly got?: string }[]];
  const counts = Map.groupBy(samples, ({ ok, got }) => (ok ? 'ok' : got));
  expect([...counts].map(([got, list]) => [got, list.length]).toSorted()).toEqual([
    ['connection reset', 10],
    ['ok', 10],
    ['status 503', 10],
  ]);
});

test('a database of a protocol that the image does not know is missed by its kind, and stops nothing else', async () => {
  const target = { host: '127.0.0.1', port: 1, tls: { mode: 'disable' } };
  const unknown = { what: 'cassandra', target, deadline: 2000 } as unknown as ProbeRequest;
  const { findings, lines } = await probed([unknown, get(await freePort())]);
  expect(findings).toEqual({ unreadable: 'its log lacks the finding of a cassandra request' });
  expect(lines).toHaveLength(2);
});

test('an order of another version is answered with our own', async () => {
  const { findings, lines } = await probed([], probeProtocol + 1);
  expect(lines).toEqual([`${token} {"protocol":${probeProtocol}}`]);
  expect(findings).toMatchObject({ unreadable: expect.any(String) });
});
