import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../bench/judge/writes.ts';
import { servedServices } from '../../../../bench/production/serving.ts';

const probe = { httpGet: { path: '/health', port: 'http' } };
const main = { ports: [{ name: 'http', containerPort: 8080 }], readinessProbe: probe };

function service(more: object = {}): KubernetesObject {
  const spec = { clusterIP: '10.96.0.7', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] };
  return { kind: 'Service', metadata: { name: 'web' }, spec: { ...spec, ...more } };
}

function workload(spec: object = {}, more: object = {}, container: object = main): KubernetesObject {
  const template = { metadata: { labels: { app: 'web', tier: 'one' } }, spec: { containers: [container] } };
  return {
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 2, template, ...spec },
    status: { readyReplicas: 2 },
    ...more,
  };
}

const maxUnavailable = (amount: number | string) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: amount } },
});

test.each<[string, KubernetesObject, boolean]>([
  ['a quarter of two is none', workload(), true],
  ['one replica', workload({ replicas: 1 }), true],
  ['all at once', workload(maxUnavailable('100%')), false],
  ['one of two', workload(maxUnavailable(1)), true],
  ['one of one', workload({ replicas: 1, ...maxUnavailable(1) }), false],
  ['Recreate', workload({ strategy: { type: 'Recreate' } }), false],
  ['a StatefulSet', workload({}, { kind: 'StatefulSet' }), false],
])('old pods: %s', (_, of, oldPodsStay) => {
  expect(servedServices([service(), of])).toEqual([
    { service: 'web', url: 'http://10.96.0.7:80/health', oldPodsStay },
  ]);
});

test.each<[string, KubernetesObject, KubernetesObject]>([
  ['headless', service({ clusterIP: 'None' }), workload()],
  ['without a selector', service({ selector: undefined }), workload()],
  ['for other pods', service({ selector: { app: 'api' } }), workload()],
  ['to another port', service({ ports: [{ port: 80 }] }), workload()],
  ['without a ready pod', service(), workload({}, { status: {} })],
  ['without a probe', service(), workload({}, {}, {})],
  [
    'by TLS',
    service(),
    workload({}, {}, { ...main, readinessProbe: { httpGet: { ...probe.httpGet, scheme: 'HTTPS' } } }),
  ],
])('not called: %s', (_, called, of) => {
  expect(servedServices([called, of])).toEqual([]);
});
