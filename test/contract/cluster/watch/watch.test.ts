import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createKubernetesApi } from '../../../../src/cluster/api/api.ts';
import { type Connection, connect } from '../../../../src/cluster/api/connect.ts';
import {
  type WatchChange,
  type WatchOptions,
  type WatchSession,
  watchKinds,
} from '../../../../src/cluster/watch/watch.ts';
import { lineSplitter } from '../../../../src/cluster/watch/watch-stream.ts';
import type { Fault } from '../../../../src/domain/failure/fault.ts';
import {
  json,
  type LocalApiServer,
  startLocalApiServer,
  status,
} from '../../../support/servers/api-server.ts';

const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', labelSelector: 'app=shop' };

let server: LocalApiServer;
let connection: Connection;
let session: WatchSession | undefined;
let changes: WatchChange[];

beforeEach(async () => {
  server = await startLocalApiServer();
  connection = await connect({ kubeconfig: server.kubeconfig(), env: {}, home: '' });
  changes = [];
});

afterEach(async () => {
  await session?.stop();
  session = undefined;
  await connection.close();
  await server.close();
});

async function watch(options: Partial<WatchOptions> = {}, targets = [target]): Promise<void> {
  const api = createKubernetesApi(connection);
  session = await watchKinds(targets, (change) => changes.push(change), { api, random: () => 0, ...options });
}

function configMap(name: string, resourceVersion: string, text = '') {
  return { metadata: { name, resourceVersion, managedFields: [{ manager: 'm' }] }, data: { text } };
}

function event(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object: { apiVersion: 'v1', kind: 'ConfigMap', ...(object as object) } })}\n`;
}

/** Answers lists with one object, and the watches by `streams` in turn; further ones stay silent. */
function serving(...streams: ((response: ServerResponse) => void)[]): void {
  let lists = 0;
  let watches = 0;
  server.handler = (request, response) => {
    if (!request.url?.includes('watch=true')) {
      lists += 1;
      return json(response, 200, {
        metadata: { resourceVersion: `${lists}00` },
        items: [configMap('listed', '7')],
      });
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    streams[watches]?.(response);
    watches += 1;
  };
}

function summary(): string[] {
  return changes.map((change) =>
    change.type === 'listed'
      ? `listed ${change.objects.length}`
      : `${change.type} ${change.object.metadata.name}`,
  );
}

const watchUrls = () => server.requests.map(({ url }) => url).filter((url) => url.includes('watch=true'));
const positions = () =>
  watchUrls().map((url) => new URL(url, 'https://x').searchParams.get('resourceVersion'));

test('lists, then streams from there, with bookmarks and a time limit', async () => {
  serving((response) => {
    response.write(event('ADDED', configMap('a', '101')));
    response.write(event('BOOKMARK', { metadata: { resourceVersion: '102' } }));
    response.write(event('DELETED', configMap('a', '103')));
  });
  await watch();
  expect(summary()).toEqual(['listed 1']);
  await vi.waitFor(() => expect(summary()).toEqual(['listed 1', 'applied a', 'deleted a']));
  expect(server.requests[0]?.url).toBe(
    '/api/v1/namespaces/shop/configmaps?limit=500&labelSelector=app%3Dshop',
  );
  expect(watchUrls()).toEqual([
    '/api/v1/namespaces/shop/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=100&timeoutSeconds=11&labelSelector=app%3Dshop',
  ]);
  const objects = changes.flatMap((change) => (change.type === 'listed' ? change.objects : [change.object]));
  for (const object of objects) {
    expect(object).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(object.metadata.managedFields).toBeUndefined();
  }
});

test('characters and lines may be cut anywhere', async () => {
  const text = 'Grüße 🚀 an alle';
  const bytes = Buffer.from(
    event('ADDED', configMap('a', '101', text)) + event('MODIFIED', configMap('b', '102', text)),
  );
  serving(async (response) => {
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  await watch();
  await vi.waitFor(() => expect(summary()).toEqual(['listed 1', 'applied a', 'applied b']));
  expect(changes[1]).toMatchObject({ object: { data: { text } } });
});

test('any way of cutting gives the same lines', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(40)), (texts, cuts) => {
      const lines = texts.map((text) => JSON.stringify(text));
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const seen: string[] = [];
      const split = lineSplitter((line) => seen.push(line));
      let start = 0;
      for (const cut of [...cuts, bytes.length]) {
        split(bytes.subarray(start, start + cut));
        start += cut;
      }
      split(bytes.subarray(start));
      expect(seen).toEqual(lines);
    }),
  );
});

test('a stream that ends or breaks goes on from the last position, half a line is dropped', async () => {
  serving(
    (response) =>
      void response.write(event('ADDED', configMap('a', '101')), () => response.end('{"type":"ADDED"')),
    (response) =>
      void response.write(event('BOOKMARK', { metadata: { resourceVersion: '150' } }), () =>
        response.destroy(),
      ),
    (response) => void response.write(event('ADDED', configMap('b', '151'))),
  );
  await watch();
  await vi.waitFor(() => expect(summary()).toEqual(['listed 1', 'applied a', 'applied b']), 5000);
  expect(positions()).toEqual(['100', '101', '150']);
});

test.each([
  ['as an event', (response: ServerResponse) => void response.write(event('ERROR', status(410, 'Expired')))],
  [
    'while it streams nonsense afterwards',
    (response: ServerResponse) => void response.write(`${event('ERROR', status(410, 'Expired'))}\n\n`),
  ],
])('410 %s: everything is listed again', async (_, gone) => {
  serving(gone, (response) => void response.write(event('ADDED', configMap('b', '201'))));
  await watch();
  await vi.waitFor(() => expect(summary()).toEqual(['listed 1', 'listed 1', 'applied b']), 5000);
  expect(positions()).toEqual(['100', '200']);
});

test('410 as HTTP status: everything is listed again', async () => {
  serving();
  const lists = server.handler;
  let refused = false;
  server.handler = (request, response) => {
    if (refused || !request.url?.includes('watch=true')) return lists(request, response);
    refused = true;
    return json(response, 410, status(410, 'Expired'));
  };
  await watch();
  await vi.waitFor(() => expect(positions()).toEqual(['100', '200']), 5000);
  expect(summary()).toEqual(['listed 1', 'listed 1']);
});

test('a silent stream is dead and reopened', async () => {
  serving(
    (response) => void response.write(event('ADDED', configMap('a', '101'))),
    (response) => void response.write(event('ADDED', configMap('b', '102'))),
  );
  await watch({ silence: 200 });
  await vi.waitFor(() => expect(summary()).toEqual(['listed 1', 'applied a', 'applied b']), 5000);
  expect(positions().slice(0, 2)).toEqual(['100', '101']);
});

test('a kind that may not be watched is said once and does not stop the others', async () => {
  serving((response) => void response.write(event('ADDED', configMap('a', '101'))));
  const allowed = server.handler;
  server.handler = (request, response) =>
    request.url?.includes('/configmaps')
      ? allowed(request, response)
      : json(response, request.url?.includes('/pods') ? 403 : 404, status(403, 'Forbidden'));
  const unavailable: string[] = [];
  const absent = { apiVersion: 'example.org/v1', kind: 'Absent' };
  const pods = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop' };
  await watch({ onLost: ({ kind }, error) => unavailable.push(`${kind} ${(error as Fault).reason}`) }, [
    pods,
    absent,
    target,
  ] as never);
  await vi.waitFor(() => expect(summary()).toEqual(['listed 1', 'applied a']));
  expect(unavailable.sort()).toEqual(['Absent object-invalid', 'Pod permission-missing']);
});

/** Time that only passes while somebody waits. */
function hastyClock() {
  let now = Date.now();
  return {
    now: () => now,
    wait: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('a watch that is refused after it has worked', () => {
  const refusing = (times: number) => {
    serving(
      (response) => response.end(),
      (response) => void response.write(event('ADDED', configMap('a', '101'))),
    );
    const allowed = server.handler;
    let left = times;
    server.handler = (request, response) => {
      if (watchUrls().length < 2 || left === 0) return allowed(request, response);
      left -= 1;
      return json(response, 401, status(401, 'Unauthorized'));
    };
  };
  const lost: unknown[] = [];
  const onLost = (_: unknown, error: unknown) => lost.push(error);

  beforeEach(() => lost.splice(0));

  test('goes on when the server comes to its senses', async () => {
    refusing(3);
    await watch({ clock: hastyClock(), onLost });
    await vi.waitFor(() => expect(summary()).toEqual(['listed 1', 'applied a']));
    expect(lost).toEqual([]);
  });

  test('is lost when it stays refused, and that is said', async () => {
    refusing(Number.POSITIVE_INFINITY);
    await watch({ clock: hastyClock(), onLost });
    await vi.waitFor(() => expect(lost).toMatchObject([{ reason: 'unauthorized' }]));
    expect(watchUrls().length).toBeGreaterThan(10);
  });

  test('so is one whose changes nobody can take', async () => {
    serving((response) => void response.write(event('ADDED', configMap('a', '101'))));
    session = await watchKinds(
      [target],
      (change) => {
        if (change.type === 'applied') throw new Error('cannot take it');
      },
      { api: createKubernetesApi(connection), onLost },
    );
    await vi.waitFor(() => expect(lost).toMatchObject([{ message: 'cannot take it' }]));
  });
});

test('a first list that fails otherwise is thrown, and nothing goes on', async () => {
  server.handler = (_, response) => json(response, 400, status(400, 'BadRequest'));
  await expect(watch()).rejects.toMatchObject({ status: 400 });
  expect(server.requests).toHaveLength(1);
});

test('a page token that expired starts the list anew', async () => {
  const pages = [
    { metadata: { resourceVersion: '1', continue: 'next' }, items: [configMap('a', '1')] },
    undefined,
    { metadata: { resourceVersion: '2', continue: 'next' }, items: [configMap('a', '1')] },
    { metadata: { resourceVersion: '2' }, items: [configMap('b', '2')] },
  ];
  server.handler = (request, response) => {
    if (request.url?.includes('watch=true')) return void response.writeHead(200).flushHeaders();
    const page = pages.shift();
    return page === undefined ? json(response, 410, status(410, 'Expired')) : json(response, 200, page);
  };
  await watch();
  expect(summary()).toEqual(['listed 2']);
});

test('stop ends the streams at once and delivers nothing more', async () => {
  let answer: ServerResponse | undefined;
  serving((response) => {
    answer = response;
  });
  await watch();
  await vi.waitFor(() => expect(answer).toBeDefined());
  const startedAt = performance.now();
  await session?.stop();
  expect(performance.now() - startedAt).toBeLessThan(500);
  answer?.write(event('ADDED', configMap('late', '200')));
  await vi.waitFor(() => expect(answer?.destroyed).toBe(true));
  expect(summary()).toEqual(['listed 1']);
});
