import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Connection, connect } from '../../../../src/cluster/api/connect.ts';
import { parseWarnings } from '../../../../src/cluster/transport/warnings.ts';
import {
  type Handler,
  json,
  type LocalApiServer,
  startLocalApiServer,
  status,
} from '../../../support/servers/api-server.ts';

const protocols = ['h2', 'http/1.1'] as const;

let server: LocalApiServer;
let connection: Connection;

/** A server of that protocol and a connection to it, new for each test of the describe that calls this. */
function servedOver(protocol: (typeof protocols)[number]): void {
  beforeEach(async () => {
    server = await startLocalApiServer(protocol);
    connection = await connect({ kubeconfig: server.kubeconfig(), env: {}, home: '' });
  });

  afterEach(async () => {
    await connection.close();
    await server.close();
  });
}

/** Answers the first requests by `first`, in order, and all later ones by 200. */
function answering(...first: Handler[]): void {
  let count = 0;
  server.handler = (request, response) => {
    const handler = first[count] ?? ((_, answer) => json(answer, 200, { fine: true }));
    count += 1;
    return handler(request, response);
  };
}

const read = { method: 'GET', path: '/api/v1/pods' } as const;
const apply = {
  method: 'PATCH',
  path: '/x',
  contentType: 'application/apply-patch+yaml',
  body: {},
} as const;
const create = { method: 'POST', path: '/x', body: {} } as const;
const failing =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    json(response, code, status(code, 'InternalError'), headers);
const reset: Handler = (request) => void request.socket.destroy();
const resetInBody: Handler = async (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"items":[');
  await delay(20);
  request.socket.destroy();
};

const forbidden: Handler = (_, response) =>
  json(response, 403, {
    ...(status(403, 'Forbidden') as object),
    message: 'pods is forbidden: User "ci" cannot list resource "pods" in API group "" at the cluster scope',
  });

describe.each(protocols)('%s repeats', (protocol) => {
  servedOver(protocol);

  test.each([
    ['429, also of a create: the server did nothing', create, failing(429, { 'retry-after': '1' })],
    ['500 of a read', read, failing(500)],
    ['502 of a read', read, failing(502)],
    ['503 of an apply', apply, failing(503)],
    ['504 of a dry run', { ...create, query: { dryRun: 'All' } }, failing(504)],
    ['a reset of a read', read, reset],
    ['a reset in the middle of a body', read, resetInBody],
    ['a reset of an apply', apply, reset],
    [
      'a race for a quota',
      create,
      ((_, response) =>
        json(response, 409, {
          ...(status(409, 'Conflict') as object),
          details: { kind: 'resourcequotas' },
        })) as Handler,
    ],
  ])('%s', async (_, request, failure) => {
    answering(failure);
    expect(await connection.transport.request(request)).toMatchObject({
      status: 200,
      body: { fine: true },
    });
    expect(server.requests).toHaveLength(2);
  });

  test.each([
    ['401 of a server that starts', failing(401)],
    ['403 of a server that has not read its roles yet', forbidden],
  ])('what was allowed before: %s', async (_, refusal) => {
    answering((_, response) => json(response, 200, {}), refusal, refusal);
    await connection.transport.request(read);
    expect(await connection.transport.request(read)).toMatchObject({ status: 200, body: { fine: true } });
  });

  test('what was never asked for, refused shortly after a connection was lost: the server may be starting', async () => {
    answering(
      (_, response) => json(response, 200, {}),
      reset,
      (_, response) => json(response, 200, {}),
      forbidden,
    );
    await connection.transport.request(read);
    await connection.transport.request(read);
    const other = { method: 'DELETE', path: '/api/v1/namespaces/shop/secrets/one' } as const;
    expect(await connection.transport.request(other)).toMatchObject({ status: 200 });
  });

  test('waits at least as long as Retry-After says', async () => {
    answering(failing(429, { 'retry-after': '1' }));
    const startedAt = performance.now();
    await connection.transport.request(read);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1000);
  });

  test('a read that got no answer in time', async () => {
    answering(() => undefined);
    expect((await connection.transport.request({ ...read, deadline: 100 })).status).toBe(200);
  });
});

describe.each(protocols)('%s does not repeat', (protocol) => {
  servedOver(protocol);

  test.each([
    ['500 of a create', create, failing(500), { status: 500 }],
    ['a reset of a create', create, reset, { reason: 'cluster-unreachable' }],
    ['404', read, failing(404), { status: 404 }],
    ['403 that says who may not do what', read, forbidden, { status: 403 }],
    ['403', apply, failing(403), { status: 403 }],
    ['409', apply, failing(409), { status: 409 }],
    [
      'a field that the schema does not have, which apply answers with 500',
      apply,
      ((_, response) =>
        json(
          response,
          500,
          status(500, '', 'failed to create typed patch object: .x: field not declared in schema'),
        )) as Handler,
      { status: 500 },
    ],
  ])('%s', async (_, request, failure, expected) => {
    answering(failure);
    await expect(connection.transport.request(request)).rejects.toMatchObject(expected);
    expect(server.requests).toHaveLength(1);
  });

  test('for longer than its patience', async () => {
    server.handler = failing(503);
    await expect(connection.transport.request({ ...read, patience: 400 })).rejects.toMatchObject({
      status: 503,
    });
    expect(server.requests.length).toBeLessThan(5);
  });

  test('after the caller gave up', async () => {
    server.handler = failing(503, { 'retry-after': '5' });
    const signal = AbortSignal.timeout(150);
    const startedAt = performance.now();
    await expect(connection.transport.request({ ...read, signal })).rejects.toThrow(signal.reason);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe.each(protocols)('%s: answers and connections', (protocol) => {
  servedOver(protocol);

  test('an answer that never comes ends at the deadline', async () => {
    server.handler = () => undefined;
    const request = { ...create, deadline: 100 };
    await expect(connection.transport.request(request)).rejects.toMatchObject({
      reason: 'cluster-unreachable',
    });
  });

  test('connections are kept and shared', async () => {
    answering();
    for (let count = 0; count < 20; count += 1) await connection.transport.request(read);
    // undici opens a second one when an answer's end and the next request meet.
    expect(server.connections()).toBeLessThan(5);
  });

  test('an error carries the Status', async () => {
    const details = {
      kind: 'deployments',
      causes: [{ reason: 'FieldValueInvalid', message: 'no', field: 'spec.replicas' }],
    };
    answering((_, response) =>
      json(response, 422, { ...(status(422, 'Invalid', 'is invalid') as object), details }),
    );
    await expect(connection.transport.request(apply)).rejects.toMatchObject({
      status: 422,
      reason: 'Invalid',
      message: 'is invalid',
      resource: 'deployments',
      causes: [{ reason: 'FieldValueInvalid', message: 'no', field: 'spec.replicas' }],
    });
  });

  test('a page of HTML from a load balancer is an error like any other', async () => {
    answering((_, response) => void response.writeHead(400).end('<html>'));
    await expect(connection.transport.request(apply)).rejects.toMatchObject({
      status: 400,
      reason: '',
      message: 'The API server responded with status 400.',
    });
  });

  test('server warnings are parsed', async () => {
    answering((_, response) => {
      response.setHeader('warning', [
        '299 - "unknown field \\"spec.x\\""',
        '299 - "one", 299 - "two, three"',
      ]);
      json(response, 200, {});
    });
    expect((await connection.transport.request(read)).warnings).toEqual([
      'unknown field "spec.x"',
      'one',
      'two, three',
    ]);
    expect(parseWarnings(undefined)).toEqual([]);
    expect(parseWarnings('110 - "stale"')).toEqual([]);
  });

  test('text stays text', async () => {
    answering((_, response) => void response.end('12\nnull\n'));
    expect(await connection.transport.text(read)).toBe('12\nnull\n');
  });

  test('peek takes any status and no more than it was asked for', async () => {
    answering((_, response) => void response.writeHead(503).end('ä'.repeat(100_000)));
    const answer = await connection.transport.peek(read, 10);
    expect(answer).toEqual({ status: 503, body: 'äääää' });
    answering(() => undefined);
    expect(await connection.transport.peek({ ...read, deadline: 50 }, 10)).toBeUndefined();
  });
});
