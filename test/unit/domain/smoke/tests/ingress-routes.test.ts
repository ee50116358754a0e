import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../../src/domain/kubernetes/objects.ts';
import { entrancesTo, noEntrances, parentsOf } from '../../../../../src/domain/smoke/tests/ingress-routes.ts';

const wanted = { service: 'web', namespace: 'shop', port: 80, portName: 'http', path: '/shop/ready?full=1' };
const object = (metadata: object, spec: object, status: object = {}) =>
  ({ metadata: { name: 'it', namespace: 'shop', ...metadata }, spec, status }) as unknown as KubernetesObject;

const status = { loadBalancer: { ingress: [{ ip: '10.0.0.9' }] } };
const to = (service: string, port: object = { number: 80 }) => ({ service: { name: service, port } });
const path = (value: string, service = 'web', more: object = {}) => ({
  path: value,
  pathType: 'Prefix',
  backend: to(service),
  ...more,
});
const rules = (...paths: readonly object[]) => [{ host: 'shop.example', http: { paths } }];
const found = { route: 'ingress', scheme: 'http', address: '10.0.0.9', port: 80, host: 'shop.example' };

describe('by an Ingress', () => {
  test.each<[string, object, object, object?]>([
    ['of a prefix', { rules: rules(path('/')) }, found],
    ['of a longer prefix', { rules: rules(path('/shop/')) }, found],
    ['of the exact path', { rules: rules(path('/shop/ready', 'web', { pathType: 'Exact' })) }, found],
    [
      'by the name of the port',
      { rules: rules(path('/', 'web', { backend: to('web', { name: 'http' }) })) },
      found,
    ],
    [
      'by TLS where its host has a certificate',
      { rules: rules(path('/')), tls: [{ hosts: ['shop.example'] }] },
      { ...found, scheme: 'https', port: 443 },
    ],
    [
      'by TLS of a wildcard',
      { rules: rules(path('/')), tls: [{ hosts: ['*.example'] }] },
      { ...found, scheme: 'https', port: 443 },
    ],
    [
      'at the name of its balancer',
      { rules: rules(path('/')) },
      { ...found, address: 'lb.example' },
      { loadBalancer: { ingress: [{ hostname: 'lb.example' }] } },
    ],
    [
      'at its host by DNS while it has no address',
      { rules: rules(path('/')) },
      { ...found, address: 'shop.example' },
      {},
    ],
    [
      'without a host, at its address',
      { rules: [{ http: { paths: [path('/')] } }] },
      { route: 'ingress', scheme: 'http', address: '10.0.0.9', port: 80 },
    ],
    [
      'whose longer path is that of another, elsewhere',
      { rules: rules(path('/'), path('/cart', 'cart')) },
      found,
    ],
  ])('%s', (_, spec, entrance, itsStatus = status) => {
    const ingresses = [object({}, spec, itsStatus)];
    expect(entrancesTo(wanted, { ...noEntrances, ingresses })).toEqual([entrance]);
  });

  test.each<[string, object, object?]>([
    ['leads to another Service', { rules: rules(path('/', 'cart')) }],
    ['leads to another port', { rules: rules(path('/', 'web', { backend: to('web', { number: 81 }) })) }],
    ['has another path', { rules: rules(path('/shopping')) }],
    ['sends this path on to another', { rules: rules(path('/'), path('/shop', 'cart')) }],
    [
      'is exact for another there',
      { rules: rules(path('/shop/ready'), path('/shop/ready', 'cart', { pathType: 'Exact' })) },
    ],
    ['has a pattern', { rules: rules(path('/(shop|x)', 'web', { pathType: 'ImplementationSpecific' })) }],
    ['has a host that is a wildcard', { rules: [{ host: '*.example', http: { paths: [path('/')] } }] }],
    ['rewrites', { rules: rules(path('/')) }, { 'nginx.ingress.kubernetes.io/rewrite-target': '/$1' }],
    [
      'asks who it is',
      { rules: rules(path('/')) },
      { 'nginx.ingress.kubernetes.io/auth-url': 'https://login' },
    ],
    ['has nothing to send to', { rules: rules(path('/', 'web', { backend: { resource: {} } })) }],
  ])('not if it %s', (_, spec, annotations = {}) => {
    const ingresses = [object({ annotations }, spec, status)];
    expect(entrancesTo(wanted, { ...noEntrances, ingresses })).toEqual([]);
  });

  test('not if another Ingress of the same host has the longer path', () => {
    const ingresses = [
      object({}, { rules: rules(path('/')) }, status),
      object({ name: 'other' }, { rules: rules(path('/shop', 'cart')) }, status),
    ];
    expect(entrancesTo(wanted, { ...noEntrances, ingresses })).toEqual([]);
  });
});

describe('by a Gateway', () => {
  const gateway = object(
    { name: 'edge', namespace: 'edge' },
    {
      listeners: [
        { name: 'ssh', protocol: 'TCP', port: 22 },
        { name: 'web', protocol: 'HTTP', port: 8080 },
        { name: 'tls', protocol: 'HTTPS', port: 443, hostname: 'tls.example' },
      ],
    },
    { addresses: [{ value: '10.0.0.7' }] },
  );
  const parentRefs = [{ name: 'edge', namespace: 'edge' }];
  const backendRefs = [{ name: 'web', port: 80 }];
  const hostnames = ['shop.example'];
  const entrance = {
    route: 'gateway',
    scheme: 'http',
    address: '10.0.0.7',
    port: 8080,
    host: 'shop.example',
  };
  const prefix = (value: string) => [{ path: { type: 'PathPrefix', value } }];

  test.each<[string, object, object]>([
    ['without a match', { parentRefs, hostnames, rules: [{ backendRefs }] }, entrance],
    ['of a prefix', { parentRefs, hostnames, rules: [{ matches: prefix('/shop'), backendRefs }] }, entrance],
    [
      'by the listener that it names, and by its host',
      { parentRefs: [{ ...parentRefs[0], sectionName: 'tls' }], rules: [{ backendRefs }] },
      { ...entrance, scheme: 'https', port: 443, host: 'tls.example' },
    ],
    [
      'with a filter that leaves the path alone',
      { parentRefs, hostnames, rules: [{ filters: [{ type: 'RequestHeaderModifier' }], backendRefs }] },
      entrance,
    ],
  ])('%s', (_, spec, expected) => {
    const entrances = { ...noEntrances, httpRoutes: [object({}, spec)], gateways: [gateway] };
    expect(entrancesTo(wanted, entrances)).toEqual([expected]);
  });

  test.each<[string, object]>([
    ['rewrites the path', { filters: [{ type: 'URLRewrite' }], backendRefs }],
    ['redirects', { filters: [{ type: 'RequestRedirect' }], backendRefs }],
    ['shares callers out', { backendRefs: [...backendRefs, { name: 'web-next', port: 80, weight: 1 }] }],
    ['wants a header', { matches: [{ headers: [{ name: 'x', value: 'y' }] }], backendRefs }],
    ['wants a method', { matches: [{ method: 'POST' }], backendRefs }],
    ['leads to another Service', { backendRefs: [{ name: 'cart', port: 80 }] }],
    ['leads to another namespace', { backendRefs: [{ name: 'web', port: 80, namespace: 'other' }] }],
    ['has another path', { matches: prefix('/shopping'), backendRefs }],
  ])('not if it %s', (_, rule) => {
    const httpRoutes = [object({}, { parentRefs, hostnames, rules: [rule] })];
    expect(entrancesTo(wanted, { ...noEntrances, httpRoutes, gateways: [gateway] })).toEqual([]);
  });

  test('not without an address, or a Gateway that may be read', () => {
    const httpRoutes = [object({}, { parentRefs, hostnames, rules: [{ backendRefs }] })];
    expect(entrancesTo(wanted, { ...noEntrances, httpRoutes })).toEqual([]);
    const pending = { ...gateway, status: {} };
    expect(entrancesTo(wanted, { ...noEntrances, httpRoutes, gateways: [pending] })).toEqual([]);
  });

  test('whose Gateways are those that the route names', () => {
    const refs = [{ name: 'edge' }, { name: 'mesh', kind: 'Service' }, { name: 'x', namespace: 'y' }];
    expect(parentsOf(object({}, { parentRefs: refs }), 'shop')).toEqual([
      { namespace: 'shop', name: 'edge' },
      { namespace: 'y', name: 'x' },
    ]);
  });
});
