/** Servers of all ages tell which resource a kind is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Connection, connect } from '../../../../src/cluster/api/connect.ts';
import { createResourceCatalog, type ResourceCatalog } from '../../../../src/cluster/api/discovery.ts';
import { namespaceContents } from '../../../../src/cluster/api/namespace-contents.ts';
import {
  type AggregatedGroup,
  aggregatedGroup,
  discoveryList,
  json,
  type LocalApiServer,
  startLocalApiServer,
  status,
} from '../../../support/servers/api-server.ts';

let server: LocalApiServer;
let connection: Connection;
let catalog: ResourceCatalog;
/** By path; whatever else is asked for is not found. */
let answers: Map<string, unknown>;

beforeEach(async () => {
  server = await startLocalApiServer();
  server.answersDiscovery = false;
  answers = new Map();
  server.handler = (request, response) => {
    const answer = answers.get((request.url ?? '').replace(/\?.*/, ''));
    if (answer === undefined) return json(response, 404, status(404, 'NotFound'));
    if (typeof answer === 'number') return json(response, answer, status(answer, 'Refused'));
    json(response, 200, answer);
  };
  connection = await connect({ kubeconfig: server.kubeconfig(), env: {}, home: '' });
  catalog = createResourceCatalog(connection.transport);
});

afterEach(async () => {
  await connection.close();
  await server.close();
});

const asked = () => server.requests.map(({ url }) => url.replace(/\?.*/, ''));
const pods = aggregatedGroup('', 'v1', 'Pod pods');
const queues = (version: string) => aggregatedGroup('example.io', version, 'Queue queues');

function serve(...groups: readonly AggregatedGroup[]): void {
  answers.set('/api', discoveryList([pods]));
  answers.set('/apis', discoveryList(groups));
}

/** A group and version as servers of all ages list it by itself. */
function list(apiVersion: string, ...kinds: readonly string[]): void {
  const resources = kinds.map((line) => {
    const [kind, name] = line.split(' ');
    return { name, kind, namespaced: true, verbs: ['list'] };
  });
  const prefix = apiVersion.includes('/') ? '/apis' : '/api';
  answers.set(`${prefix}/${apiVersion}`, { kind: 'APIResourceList', resources });
}

function serveAsBefore(...kinds: readonly string[]): void {
  answers.set('/api', { kind: 'APIVersions', versions: ['v1'] });
  const versions = [{ groupVersion: 'example.io/v1' }, { groupVersion: 'example.io/v2' }];
  const group = { name: 'example.io', versions, preferredVersion: { groupVersion: 'example.io/v2' } };
  answers.set('/apis', { kind: 'APIGroupList', groups: [group] });
  list('v1', 'Pod pods', 'Eviction pods/eviction');
  list('example.io/v2', ...kinds);
}

describe('a server with aggregated discovery', () => {
  test('is asked twice, whatever the number of kinds', async () => {
    serve(queues('v1'));
    expect(await catalog.find('v1', 'Pod')).toMatchObject({ plural: 'pods', namespaced: true });
    expect(await catalog.find('example.io/v1', 'Queue')).toMatchObject({ apiVersion: 'example.io/v1' });
    expect(asked().toSorted()).toEqual(['/api', '/apis']);
  });

  test('is asked again for a kind whose definition came later', async () => {
    serve();
    expect(await catalog.find('example.io/v1', 'Queue')).toBe('unknown');
    list('example.io/v1', 'Queue queues');
    expect(await catalog.find('example.io/v1', 'Queue')).toMatchObject({ plural: 'queues' });
    expect(asked()).toHaveLength(4);
  });

  test('is asked for all groups again once a kind has come later', async () => {
    serve();
    list('example.io/v1', 'Queue queues');
    expect(await catalog.find('example.io/v1', 'Queue')).toMatchObject({ plural: 'queues' });
    serve(aggregatedGroup('example.io', 'v1', 'Queue queues', 'ClusterQueue clusterqueues'));
    const served = await catalog.servedKinds(['Queue.example.io', 'ClusterQueue.example.io']);
    expect(served.map(({ kind }) => kind)).toEqual(['Queue', 'ClusterQueue']);
  });

  test('is asked again for a version that a definition may have lost', async () => {
    serve(queues('v1'));
    list('example.io/v2', 'Queue queues');
    answers.set('/apis/example.io', { versions: [{ groupVersion: 'example.io/v2' }] });
    const found = await catalog.findInGroup('example.io/v1', 'Queue');
    expect(found).toMatchObject({ apiVersion: 'example.io/v2' });
  });

  test('whose extension server is down, as it says, is asked for its group alone', async () => {
    const stale = { metadata: { name: 'example.io' }, versions: [{ version: 'v1', freshness: 'Stale' }] };
    serve(stale);
    answers.set('/apis/example.io/v1', 400);
    await expect(catalog.find('example.io/v1', 'Queue')).rejects.toMatchObject({ status: 400 });
    await expect(namespaceContents(connection.transport, 'shop')).rejects.toMatchObject({ status: 400 });
  });

  test('says which kinds are served, in the preferred version', async () => {
    const [v2, v1] = [queues('v2'), queues('v1')];
    serve({ ...v2, versions: [...v2.versions, ...v1.versions] });
    const served = await catalog.servedKinds(['Queue.example.io', 'Certificate.cert-manager.io', 'Pod']);
    expect(served.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([
      'example.io/v2 Queue',
      'v1 Pod',
    ]);
  });
});

describe('a server without it', () => {
  test('is asked for the group and version of a kind', async () => {
    serveAsBefore('Queue queues');
    expect(await catalog.find('v1', 'Pod')).toMatchObject({ plural: 'pods' });
    expect(await catalog.find('v1', 'Eviction')).toBe('unknown');
    expect(await catalog.servedKinds(['Queue.example.io'])).toMatchObject([{ apiVersion: 'example.io/v2' }]);
  });

  test('is asked so too where this identity may not see the whole', async () => {
    answers.set('/api', 403);
    answers.set('/apis', 403);
    list('v1', 'Pod pods');
    expect(await catalog.find('v1', 'Pod')).toMatchObject({ plural: 'pods' });
    await expect(namespaceContents(connection.transport, 'shop')).rejects.toMatchObject({ status: 403 });
  });
});

describe('what a namespace contains', () => {
  const items = (name: string) => ({ items: [{ metadata: { name } }] });

  test('is listed once for each kind, also where only an older version has it', async () => {
    const older = aggregatedGroup('example.io', 'v1', 'Queue queues', 'Topic topics');
    const newer = queues('v2');
    serve({ ...newer, versions: [...newer.versions, ...older.versions] });
    answers.set('/api/v1/namespaces/shop/pods', items('web'));
    answers.set('/apis/example.io/v2/namespaces/shop/queues', items('mails'));
    answers.set('/apis/example.io/v1/namespaces/shop/topics', items('news'));
    const found = await namespaceContents(connection.transport, 'shop');
    expect(found.map(({ apiVersion, metadata }) => `${apiVersion} ${metadata.name}`)).toEqual([
      'v1 web',
      'example.io/v2 mails',
      'example.io/v1 news',
    ]);
  });

  test('is not known where one kind may not be listed', async () => {
    serve(queues('v1'));
    answers.set('/api/v1/namespaces/shop/pods', items('web'));
    answers.set('/apis/example.io/v1/namespaces/shop/queues', 403);
    await expect(namespaceContents(connection.transport, 'shop')).rejects.toMatchObject({ status: 403 });
  });
});
