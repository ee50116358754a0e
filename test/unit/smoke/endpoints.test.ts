import { expect, test } from 'vitest';
import type { JsonObject, KubernetesObject } from '../../../src/domain/objects.ts';
import { endpointsOf } from '../../../src/domain/smoke/endpoint-tests.ts';

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
