import { describe, expect, test } from 'vitest';
import { runsInside } from '../../../../../src/cluster/auth/inside.ts';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import type { ConnectionFaultKind } from '../../../../../src/domain/smoke/http/connection.ts';
import type { HttpAnswer } from '../../../../../src/domain/smoke/http/http-answer.ts';
import { noEntrances } from '../../../../../src/domain/smoke/tests/ingress-routes.ts';
import {
  judgeThrough,
  serviceWays,
  undecidedService,
  withTried,
} from '../../../../../src/domain/smoke/tests/service-routes.ts';
import type { ServiceTest, ServiceWay } from '../../../../../src/domain/smoke/tests/test.ts';
import { serviceTest } from '../../../../support/flow/service-test.ts';

const service = (spec: object, ingress: readonly object[] = []) =>
  ({
    metadata: { name: 'web', namespace: 'shop' },
    spec: { clusterIP: '10.96.0.5', ports: [{ name: 'http', port: 80 }], ...spec },
    status: { loadBalancer: { ingress } },
  }) as unknown as KubernetesObject;
const balanced = { type: 'LoadBalancer' };
const ingresses = [
  {
    metadata: { name: 'it', namespace: 'shop' },
    spec: {
      rules: [
        {
          host: 'shop.example',
          http: { paths: [{ path: '/', backend: { service: { name: 'web', port: { name: 'http' } } } }] },
        },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: '10.0.0.9' }] } },
  } as unknown as KubernetesObject,
];

describe('the ways to a Service, in their order', () => {
  test.each<[string, KubernetesObject, object, object, readonly string[]]>([
    ['a plain one', service({}), {}, {}, ['cluster-job', 'api-proxy']],
    [
      'with everything',
      service(balanced, [{ ip: '10.0.0.1' }]),
      {},
      { ingresses, isInside: true },
      ['cluster-job', 'load-balancer', 'ingress', 'cluster-ip', 'api-proxy'],
    ],
    ['a balancer without an address yet', service(balanced), {}, {}, ['cluster-job', 'api-proxy']],
    [
      'an address that is not of this type any more',
      service({}, [{ ip: '10.0.0.1' }]),
      {},
      {},
      ['cluster-job', 'api-proxy'],
    ],
    ['headless', service({ clusterIP: 'None' }), {}, { isInside: true }, ['cluster-job']],
    [
      'TLS: never by the proxy',
      service({}),
      { scheme: 'https' },
      { isInside: true },
      ['cluster-job', 'cluster-ip'],
    ],
    [
      'headers: never by the proxy',
      service({}),
      { request: { ...serviceTest.request, headers: { a: 'b' } } },
      {},
      ['cluster-job'],
    ],
    [
      'a port without an endpoint: no host of an Ingress',
      service({}),
      { anyAnswer: true },
      { ingresses },
      ['cluster-job', 'api-proxy'],
    ],
  ])('%s', (_, object, more, entrances, ways) => {
    const found = serviceWays(object, { ...serviceTest, ...more }, { ...noEntrances, ...entrances });
    expect(found.map(({ route }) => route)).toEqual(ways);
  });

  test('where each dials, and by which name', () => {
    const entrances = { ...noEntrances, ingresses, isInside: true };
    const targets = serviceWays(
      service(balanced, [{ hostname: 'lb.example' }]),
      serviceTest,
      entrances,
    ).flatMap((way) => ('target' in way ? [way.target] : []));
    expect(targets).toEqual([
      { scheme: 'http', host: 'lb.example', port: 80, serverName: 'lb.example', verify: false },
      { scheme: 'http', host: '10.0.0.9', port: 80, serverName: 'shop.example', verify: true },
      { scheme: 'http', host: '10.96.0.5', port: 80, serverName: 'web.shop', verify: false },
    ]);
  });
});

const answer = (status: number, body = ''): HttpAnswer => ({ status, headers: {}, body, milliseconds: 1 });
const fault = (kind: ConnectionFaultKind): HttpAnswer => ({
  headers: {},
  body: '',
  milliseconds: 1,
  error: { kind, message: 'no' },
});

describe('what an answer proves', () => {
  type Proof = 'passed' | 'failed' | 'nothing';
  const job = 'cluster-job';
  test.each<[string, ServiceWay['route'], HttpAnswer, Proof, Partial<ServiceTest>?]>([
    ['200', job, answer(200), 'passed'],
    ['503', job, answer(503), 'failed'],
    ['404', job, answer(404), 'failed'],
    ['302', job, answer(302), 'passed'],
    ['403: the policy of a mesh', job, answer(403, 'RBAC: access denied'), 'nothing'],
    ['403 that is expected', job, answer(403), 'passed', { expect: { status: [403] } }],
    ['200 where 403 is expected', job, answer(200), 'failed', { expect: { status: [403] } }],
    ['a refusal', job, fault('refused'), 'failed'],
    ['a name that is not there', job, fault('dns'), 'failed'],
    ['silence: a network policy', job, fault('timeout'), 'nothing'],
    ['a reset: a mesh that wants a certificate', job, fault('reset'), 'nothing'],
    ['503 of a port that nobody knows', job, answer(503), 'passed', { anyAnswer: true }],
    [
      '403 of a port that nobody knows: a mesh says so before it looks',
      job,
      answer(403),
      'nothing',
      { anyAnswer: true },
    ],
    ['a refusal of a port that nobody knows', job, fault('refused'), 'failed', { anyAnswer: true }],
    ['200', 'load-balancer', answer(200), 'passed'],
    ['404', 'load-balancer', answer(404), 'failed'],
    ['503', 'load-balancer', answer(503), 'failed'],
    ['403: a firewall', 'load-balancer', answer(403), 'nothing'],
    ['a refusal: perhaps the wrong network', 'load-balancer', fault('refused'), 'nothing'],
    ['200', 'ingress', answer(200), 'passed'],
    ['502', 'ingress', answer(502), 'failed'],
    ['404 of the controller', 'ingress', answer(404), 'nothing'],
    ['401 of a login before it', 'ingress', answer(401), 'nothing'],
    ['a redirect to TLS', 'ingress', answer(308), 'nothing'],
    ['a redirect that is expected', 'ingress', answer(302), 'passed', { expect: { status: ['3xx'] } }],
    ['a name that DNS does not know yet', 'ingress', fault('dns'), 'nothing'],
    ['an authority that we do not know', 'gateway', fault('tls-untrusted'), 'nothing'],
    ['an expired certificate', 'gateway', fault('tls-expired'), 'failed'],
    ['200', 'cluster-ip', answer(200), 'passed'],
    ['a refusal', 'cluster-ip', fault('refused'), 'failed'],
    ['silence', 'cluster-ip', fault('timeout'), 'nothing'],
    ['200', 'api-proxy', answer(200), 'passed'],
    ['a refusal', 'api-proxy', fault('refused'), 'failed'],
  ])('%s by %s', (_, route, given, proof, more = {}) => {
    const judged = judgeThrough({ ...serviceTest, ...more }, route, given, 0);
    expect('undecided' in judged ? 'nothing' : judged.outcome).toBe(proof);
  });
});

test('what was tried before is said', () => {
  const tried = [
    { title: 'the Job in the cluster', why: 'it did not run: no image.' },
    { title: 'LoadBalancer address 10.0.0.1:80', why: 'no answer (timeout)' },
  ];
  const passed = { outcome: 'passed', message: 'Service web answered 200.' } as const;
  expect(withTried(passed, 'ClusterIP 10.96.0.5:80', tried).message).toBe(
    'Service web answered 200. So by ClusterIP 10.96.0.5:80; the Job in the cluster: it did not run: no image; LoadBalancer address 10.0.0.1:80: no answer (timeout).',
  );
  expect(withTried(passed, 'the Job in the cluster', [])).toBe(passed);
  expect(undecidedService('Service web', tried)).toMatchObject({
    outcome: 'inconclusive',
    reason: 'no-route',
    message: expect.stringContaining('no image; LoadBalancer address'),
  });
});

test.each<[string, string | undefined, boolean]>([
  ['10.96.0.1:443', '10.96.0.1', true],
  ['[fd00::1]:443', 'fd00::1', true],
  ['kubernetes.default.svc:443', '10.96.0.1', true],
  ['kubernetes.default.svc.cluster.local', '10.96.0.1', true],
  ['10.0.0.1:6443', '10.96.0.1', false],
  ['kubernetes.example:6443', '10.96.0.1', false],
  ['10.96.0.1:443', undefined, false],
])('%s with KUBERNETES_SERVICE_HOST %s is this cluster: %s', (host, own, inside) => {
  expect(runsInside(host, { KUBERNETES_SERVICE_HOST: own })).toBe(inside);
});
