import { describe, expect, test } from 'vitest';
import type { HealthState } from '../../../../../src/domain/health/state.ts';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import type { ConfiguredStep } from '../../../../../src/domain/smoke/configuration.ts';
import { noSmokeConfiguration } from '../../../../../src/domain/smoke/configuration.ts';
import { journeyTests } from '../../../../../src/domain/smoke/tests/journey-tests.ts';
import { dependenciesOf, selectTests } from '../../../../../src/domain/smoke/tests/selection.ts';
import type { ServingWorkload } from '../../../../../src/domain/smoke/tests/subject.ts';

const object = (value: object) => value as unknown as KubernetesObject;
const ready = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };

function workload(name: string, pods: readonly object[]): ServingWorkload {
  const container = {
    ports: [
      { name: 'admin', containerPort: 9090 },
      { name: 'https', containerPort: 8443 },
    ],
    readinessProbe: { httpGet: { path: '/ready', port: 'https', scheme: 'HTTPS' } },
  };
  return {
    reference: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name },
    workload: object({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { template: { metadata: { labels: { app: name } }, spec: { containers: [container] } } },
    }),
    isThere: true,
    pods: pods.map((pod, index) => object({ metadata: { name: `${name}-${index}` }, ...pod })),
    wanted: pods.length,
  };
}

const service = object({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'gateway', namespace: 'shop' },
  spec: { selector: { app: 'front' }, ports: [{ port: 443, targetPort: 'https' }] },
});
const health: HealthState = new Map([['it', service]]);
const workloads = [workload('front', [{}, ready]), workload('auth', [ready]), workload('cold', [{}])];
const step: ConfiguredStep = {
  service: 'gateway',
  method: 'GET',
  path: '/',
  requestHeaders: {},
  expect: {},
  capture: {},
};

function planned(steps: readonly Partial<ConfiguredStep>[], values: Record<string, string | undefined> = {}) {
  const journeys = { buy: { variables: {}, steps: steps.map((one) => ({ ...step, ...one })) } };
  const configuration = { ...noSmokeConfiguration, journeys };
  const subject = { namespace: 'shop', health, configuration, variables: new Map([['buy', values]]) };
  return journeyTests(subject, workloads)[0];
}

describe('a step of a journey goes', () => {
  test.each<[string, Partial<ConfiguredStep>, string, number, 'http' | 'https']>([
    ['to a ready pod behind the Service, by the port of its probes', {}, 'front-1', 8443, 'https'],
    ['to the port it names', { port: 'admin' }, 'front-1', 9090, 'http'],
    ['to the port it numbers', { port: 9090 }, 'front-1', 9090, 'http'],
    ['to a workload without a Service', { service: 'auth' }, 'auth-0', 8443, 'https'],
  ])('%s', (_, more, pod, port, scheme) => {
    expect(planned([more])).toMatchObject({
      what: 'journey',
      pod,
      steps: [{ reach: { type: 'pod', pod, port }, scheme, serverName: `${more.service ?? 'gateway'}.shop` }],
    });
  });

  test('to the service it names itself', () => {
    expect(planned([{ name: 'log in', path: '/login' }, { service: 'auth' }])).toMatchObject({
      title: 'Journey buy',
      steps: [
        { title: 'step 1 of 2 (log in: GET /login)', reach: { pod: 'front-1' } },
        { title: 'step 2 of 2 (GET /)', reach: { pod: 'auth-0' } },
      ],
    });
  });

  test.each<[string, Partial<ConfiguredStep>, object]>([
    ['there is no such Service', { service: 'nobody' }, { outcome: 'failed', reason: 'endpoints-missing' }],
    ['no pod is ready', { service: 'cold' }, { outcome: 'failed', reason: 'pods-not-ready' }],
    ['no container has that port', { port: 'grpc' }, { outcome: 'inconclusive', reason: 'no-route' }],
  ])('nowhere if %s', (_, more, judgement) => {
    expect(planned([{}, more])).toMatchObject({ what: 'decided', judgement });
  });
});

test('a journey whose variable is not set is not decided', () => {
  expect(planned([{}], { password: undefined, user: 'x' })).toMatchObject({
    what: 'decided',
    judgement: {
      outcome: 'inconclusive',
      reason: 'variable-unset',
      message: 'Journey buy was not tested: nothing is set for password.',
    },
  });
});

test('a journey goes with each service that it calls', () => {
  const journey = planned([{}, { service: 'auth' }]);
  if (journey === undefined) throw new Error('no journey');
  const steps = [step, { ...step, service: 'auth' }];
  const journeys = { buy: { variables: {}, steps } };
  const dependencies = dependenciesOf({ services: {}, journeys }, []);
  expect(dependencies.get('buy')).toEqual(['gateway', 'auth']);
  const chosen = (...services: string[]) => selectTests([journey], services, dependencies).tests.length;
  expect([chosen('auth'), chosen('gateway'), chosen('buy'), chosen('user')]).toEqual([1, 1, 1, 0]);
});
