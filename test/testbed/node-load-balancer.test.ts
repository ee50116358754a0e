import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignAddresses, type Service } from '../../testbed/node/load-balancer.ts';

const addresses = ['10.0.0.1', '10.0.0.2'];

function service(
  name: string,
  ports: readonly string[],
  options: { type?: string; address?: string; loadBalancerClass?: string } = {},
): Service {
  const { type = 'LoadBalancer', address, ...others } = options;
  return {
    metadata: { namespace: 'shop', name },
    spec: {
      type,
      ...others,
      ports: ports.map((text) => {
        const [protocol = '', port] = text.split(' ');
        return { port: Number(port), protocol };
      }),
    },
    status: { loadBalancer: address === undefined ? {} : { ingress: [{ ip: address }] } },
  };
}

describe('addresses of load balancers', () => {
  const cases: { title: string; services: Service[]; given: Record<string, string> }[] = [
    { title: 'the first one', services: [service('a', ['TCP 80'])], given: { a: '10.0.0.1' } },
    {
      title: 'shared by different ports',
      services: [service('a', ['TCP 80']), service('b', ['TCP 443', 'TCP 81'])],
      given: { a: '10.0.0.1', b: '10.0.0.1' },
    },
    {
      title: 'shared by one port of two protocols',
      services: [service('a', ['TCP 53']), service('b', ['UDP 53'])],
      given: { a: '10.0.0.1', b: '10.0.0.1' },
    },
    {
      title: 'another for the second that wants a port',
      services: [service('a', ['TCP 80']), service('b', ['TCP 443', 'TCP 80'])],
      given: { a: '10.0.0.1', b: '10.0.0.2' },
    },
    {
      title: 'not one that a later Service has already',
      services: [service('a', ['TCP 80']), service('b', ['TCP 80'], { address: '10.0.0.1' })],
      given: { a: '10.0.0.2' },
    },
    {
      title: 'none if all are taken',
      services: [
        service('a', ['TCP 80'], { address: '10.0.0.1' }),
        service('b', ['TCP 80'], { address: '10.0.0.2' }),
        service('c', ['TCP 80']),
      ],
      given: {},
    },
    {
      title: 'none for the class of another controller',
      services: [
        service('a', ['TCP 80'], { loadBalancerClass: 'example.org/none' }),
        service('b', ['TCP 80']),
      ],
      given: { b: '10.0.0.1' },
    },
    {
      title: 'none for other types, whose ports count for nothing',
      services: [service('a', ['TCP 80'], { type: 'ClusterIP' }), service('b', ['TCP 80'])],
      given: { b: '10.0.0.1' },
    },
  ];

  test.each(cases)('$title', ({ services, given }) => {
    const assigned = assignAddresses(services, addresses).map(({ name, address }) => [name, address]);
    expect(Object.fromEntries(assigned)).toEqual(given);
  });

  test('no address and port ever has two owners', () => {
    const port = fc
      .tuple(fc.constantFrom('TCP', 'UDP'), fc.integer({ min: 1, max: 4 }))
      .map((it) => it.join(' '));
    const ports = fc.uniqueArray(port, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(ports, { maxLength: 8 }), (lists) => {
        const services = lists.map((list, index) => service(String(index), list));
        const owned = assignAddresses(services, addresses).flatMap(({ name, address }) =>
          (lists[Number(name)] ?? []).map((text) => `${address} ${text}`),
        );
        expect(new Set(owned).size).toBe(owned.length);
      }),
    );
  });
});
