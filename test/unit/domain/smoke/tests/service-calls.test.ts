import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import { noEntrances } from '../../../../../src/domain/smoke/tests/ingress-routes.ts';
import { serviceCall } from '../../../../../src/domain/smoke/tests/service-calls.ts';
import type { ServingWorkload } from '../../../../../src/domain/smoke/tests/subject.ts';

const container = {
  name: 'main',
  ports: [{ name: 'http', containerPort: 8080 }],
  livenessProbe: { httpGet: { path: '/health', port: 'http' } },
  readinessProbe: { httpGet: { path: '/ready', port: 8080, scheme: 'HTTPS' } },
};

function workload(name: string, containers: readonly object[]): ServingWorkload {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { template: { metadata: { labels: { app: name, tier: 'front' } }, spec: { containers } } },
  };
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name };
  return { reference, workload: object as unknown as KubernetesObject, isThere: true, pods: [], wanted: 1 };
}

const workloads = [workload('auth', [container]), workload('queue', [{ name: 'main' }])];
const subject = {
  namespace: 'shop',
  configuration: { services: {} },
  entrances: noEntrances,
} as unknown as Parameters<typeof serviceCall>[2];

function service(spec: object): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'auth', namespace: 'shop' },
    spec,
  } as unknown as KubernetesObject;
}

const selector = { app: 'auth' };

test.each([
  ['its targetPort by name', { selector, ports: [{ port: 80, targetPort: 'http' }] }, 80, false],
  ['by number', { selector, ports: [{ port: 80, targetPort: 8080 }] }, 80, false],
  ['by number as text', { selector, ports: [{ port: 80, targetPort: '8080' }] }, 80, false],
  ['without one', { selector, ports: [{ port: 8080 }] }, 8080, false],
  [
    'the second of its ports',
    {
      selector,
      ports: [
        { port: 9, targetPort: 9 },
        { port: 80, targetPort: 8080 },
      ],
    },
    80,
    false,
  ],
  [
    'headless: no port is translated',
    { selector, clusterIP: 'None', ports: [{ port: 80, targetPort: 8080 }] },
    8080,
    false,
  ],
  [
    'a port without an endpoint: only a listener is asked for',
    { selector, ports: [{ port: 80, targetPort: 9090 }] },
    80,
    true,
  ],
])('a Service is called by the port that leads to an endpoint: %s', (_, spec, port, anyAnswer) => {
  expect(serviceCall(service(spec), workloads, subject)).toMatchObject({
    what: 'service',
    scheme: 'https',
    host: 'auth.shop.svc',
    serverName: 'auth.shop',
    port,
    anyAnswer,
    request: { method: 'GET', path: '/ready' },
  });
});

test.each([
  ['selects nothing', { ports: [{ port: 80 }] }],
  [
    'is the name of something outside',
    { type: 'ExternalName', externalName: 'x.example', selector, ports: [{ port: 80 }] },
  ],
  ['selects pods of nobody', { selector: { app: 'other' }, ports: [{ port: 80 }] }],
  ['has pods without HTTP endpoints', { selector: { app: 'queue' }, ports: [{ port: 6379 }] }],
  ['has UDP alone', { selector, ports: [{ port: 53, protocol: 'UDP', targetPort: 8080 }] }],
])('a Service is not called that %s', (_, spec) => {
  expect(serviceCall(service(spec), workloads, subject)).toBeUndefined();
});

test('of several workloads behind it the one that has the port is called, in whatever order they come', () => {
  const worker = workload('worker', [{ name: 'main' }]);
  const web = workload('web', [container]);
  const spec = { selector: { tier: 'front' }, ports: [{ port: 80, targetPort: 'http' }] };
  for (const behind of [
    [worker, web],
    [web, worker],
  ]) {
    expect(serviceCall(service(spec), behind, subject)).toMatchObject({ port: 80, anyAnswer: false });
  }
});
