/** A Service as a whole by its ways, with real servers at their ends: an ingress controller that goes by the Host header, a balancer. */
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ServiceTest, ServiceWay } from '../../../../src/domain/smoke/tests/test.ts';
import { runTests } from '../../../../src/flow/smoke/runner.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import { callHttp } from '../../../../src/probes/http.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';
import { serviceTest } from '../../../support/flow/service-test.ts';
import { freePort, listening } from '../../../support/servers/ports.ts';

const servers: Server[] = [];
let controller: number;
let seen: string[];

async function serving(answer: (host: string, path: string) => number): Promise<number> {
  const server = createServer(({ headers, url = '' }, response) => {
    seen.push(`${headers.host}${url}`);
    response.writeHead(answer(headers.host ?? '', url)).end();
  });
  servers.push(server);
  return listening(server);
}

beforeAll(async () => {
  controller = await serving((host, path) => (host === 'shop.example' && path === '/ready' ? 200 : 404));
});
afterAll(() => {
  for (const server of servers) server.close();
});

const at = (
  route: 'ingress' | 'load-balancer' | 'cluster-ip',
  port: number,
  serverName: string,
): ServiceWay => ({
  route,
  title: `${route} :${port}`,
  target: { scheme: 'http', host: '127.0.0.1', port, serverName, verify: true },
});
const byJob: ServiceWay = { route: 'cluster-job', title: 'the Job in the cluster' };
const byProxy: ServiceWay = { route: 'api-proxy', title: 'the API server’s proxy' };

async function report(ways: readonly ServiceWay[], cluster: Partial<ClusterPort> = {}) {
  seen = [];
  const service: ServiceTest = { ...serviceTest, ways };
  const { run } = flowRun({ holder: 'us' });
  const probes = { ...run.probes, callHttp };
  // No probe runs there: what it would have shown is not there.
  const fromWithin = async () => undefined;
  const inside = { cluster: cluster as ClusterPort, namespace: 'shop', fromWithin };
  const ground = { inside, deadline: 2000, retries: 0, parallel: 4, isThere: () => true };
  const [first] = await runTests({ ...run, probes }, [service], ground);
  return first;
}

test('an Ingress is called at its address by the name of its host', async () => {
  expect(await report([byJob, at('ingress', controller, 'shop.example'), byProxy])).toMatchObject({
    outcome: 'passed',
    route: 'ingress',
    status: 200,
    message: expect.stringMatching(/answered 200\.$/),
  });
  expect(seen).toEqual(['shop.example/ready']);
});

test('a controller that does not know the host decides nothing, the next way does', async () => {
  const cluster = { callService: async () => ({ status: 200, body: '', milliseconds: 1 }) };
  const ways = [byJob, at('ingress', controller, 'cart.example'), byProxy];
  expect(await report(ways, cluster)).toMatchObject({ outcome: 'passed', route: 'api-proxy' });
  expect(seen).toEqual(['cart.example/ready']);
});

test('a balancer that nobody listens at decides nothing; one that answers 500 does', async () => {
  const broken = await serving(() => 500);
  const ways = [
    byJob,
    at('load-balancer', await freePort(), 'lb'),
    at('cluster-ip', broken, 'web.shop'),
    byProxy,
  ];
  expect(await report(ways)).toMatchObject({ outcome: 'failed', route: 'cluster-ip', status: 500 });
});

test('without a way that decides it stays open, and says what was tried', async () => {
  const refusal = JSON.stringify({
    kind: 'Status',
    message: 'User "ci" cannot get resource "services/proxy"',
    code: 403,
  });
  const cluster = { callService: async () => ({ status: 403, body: refusal, milliseconds: 1 }) };
  expect(await report([byJob, byProxy], cluster)).toMatchObject({
    outcome: 'inconclusive',
    reason: 'no-route',
    message: expect.stringMatching(/is inconclusive: the API server’s proxy: this identity may not/),
  });
});
