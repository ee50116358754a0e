import { describe, expect, test } from 'vitest';
import type { JsonObject, KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import { endpointsOf, endpointTests } from '../../../../../src/domain/smoke/tests/endpoint-tests.ts';

const ports = [{ name: 'http', containerPort: 8080 }];

function workload(container: JsonObject): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api', namespace: 'shop' },
    spec: { template: { spec: { containers: [{ name: 'api', ports, ...container }] } } },
  };
}

const said = (container: JsonObject, configured: Parameters<typeof endpointsOf>[1] = []) =>
  endpointsOf(workload(container), configured).map(
    ({ kind, scheme, port, path, method }) => `${kind} ${method} ${scheme}:${port}${path}`,
  );

test.each<[string, JsonObject, readonly string[]]>([
  [
    'named and numbered ports',
    {
      livenessProbe: { httpGet: { port: 'http', path: '/health' } },
      readinessProbe: { httpGet: { port: 9000 } },
    },
    ['health GET http:8080/health', 'readiness GET http:9000/'],
  ],
  [
    'https, and a path without its slash',
    { readinessProbe: { httpGet: { port: '1', path: 'r', scheme: 'HTTPS' } } },
    ['readiness GET https:1/r'],
  ],
  ['an unknown port name', { readinessProbe: { httpGet: { port: 'metrics' } } }, []],
  [
    'other probes',
    { readinessProbe: { tcpSocket: { port: 1 } }, livenessProbe: { exec: { command: [] } } },
    [],
  ],
])('%s', (_, container, expected) => {
  expect(said(container)).toEqual(expected);
});

test('an endpoint of orion.yaml takes the place of a probe’s, or comes besides', () => {
  const container = { readinessProbe: { httpGet: { port: 'http', path: '/ready', scheme: 'HTTPS' } } };
  const endpoint = { path: '/ready', method: 'GET', requestHeaders: {}, expect: { status: [204] } };
  expect(said(container, [endpoint, { ...endpoint, path: '/items', method: 'POST' }])).toEqual([
    'readiness GET https:8080/ready',
    'health POST http:8080/items',
  ]);
  expect(endpointsOf(workload(container), [endpoint])[0]?.expect).toEqual({ status: [204] });
});

test('headers of a probe are sent too', () => {
  const httpHeaders = [{ name: 'X-Tenant', value: 'a' }];
  const [found] = endpointsOf(workload({ readinessProbe: { httpGet: { port: 1, httpHeaders } } }), []);
  expect(found?.headers).toEqual({ 'X-Tenant': 'a' });
});

describe('of a pod', () => {
  const started = '2026-01-01T00:00:00Z';
  const pods = [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'api-1' },
      status: { containerStatuses: [{ name: 'api', state: { running: { startedAt: started } } }] },
    } as unknown as KubernetesObject,
  ];
  const testsOf = (container: JsonObject, spec: JsonObject = {}) => {
    const object = workload(container) as unknown as { spec: { template: { spec: object } } };
    object.spec.template.spec = { ...object.spec.template.spec, ...spec };
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' };
    const serving = {
      reference,
      workload: object as unknown as KubernetesObject,
      isThere: true,
      pods,
      wanted: 1,
    };
    const configuration = { services: {} } as unknown as Parameters<typeof endpointTests>[1]['configuration'];
    return endpointTests(serving, { namespace: 'shop', configuration });
  };
  const live = (more: JsonObject = {}) => ({
    livenessProbe: { httpGet: { path: '/live', port: 9090 }, initialDelaySeconds: 60, ...more },
  });
  const counts = Date.parse(started) + 61_000;

  test.each<[string, JsonObject, object]>([
    ['a port that nobody has asked yet', live(), { countsFrom: counts, waits: true }],
    [
      'a port that answers its readiness probe',
      { ...live(), readinessProbe: { tcpSocket: { port: 9090 } } },
      { countsFrom: counts },
    ],
    [
      'a port that has answered its startup probe',
      { ...live(), startupProbe: { httpGet: { path: '/', port: 9090 } } },
      { countsFrom: counts },
    ],
  ])('liveness with a delay, at %s', (_, container, expected) => {
    const [test] = testsOf(container).filter(({ kind }) => kind === 'health');
    expect(test).toMatchObject(expected);
    expect(test !== undefined && 'waits' in test).toBe('waits' in expected);
  });

  test('without a delay it counts at once', () => {
    expect(testsOf(live({ initialDelaySeconds: 0 }))[0]).not.toHaveProperty('waits');
    expect(testsOf({ livenessProbe: { httpGet: { port: 9090 } } })[0]).not.toHaveProperty('countsFrom');
  });

  test.each<[string, string, JsonObject, object]>([
    [
      'the node’s loopback is left out',
      '127.0.0.1',
      {},
      { what: 'decided', judgement: { outcome: 'skipped' } },
    ],
    [
      'of a pod in the node’s network it is its own',
      'localhost',
      { hostNetwork: true },
      { reach: { type: 'pod', pod: 'api-1', port: 8080 } },
    ],
    [
      'another host is asked there',
      'status.example.com',
      {},
      { reach: { type: 'direct', host: 'status.example.com', port: 8080 }, doubt: expect.any(String) },
    ],
  ])('a probe with a host: %s', (_, host, spec, expected) => {
    const container = { readinessProbe: { httpGet: { host, port: 8080, path: '/health' } } };
    expect(testsOf(container, spec)).toMatchObject([expected]);
    // Nor is it a way to call the Service by.
    const own = endpointsOf(workload(container), []);
    expect(own).toHaveLength(0);
  });
});
