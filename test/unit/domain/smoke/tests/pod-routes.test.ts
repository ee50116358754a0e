import { describe, expect, test } from 'vitest';
import { dialFault, proxyFault } from '../../../../../src/domain/smoke/tests/pod-routes.ts';

/** As kubelet 1.36 said it on the testbed. */
const forwarded =
  'error forwarding port 9 to pod fb52, uid : failed to execute portforward in network namespace "/run/netns/cni-4a": failed to connect to localhost:9 inside namespace fb52: IPv4: dial tcp4 127.0.0.1:9: connect: connection refused IPv6 dial tcp6 [::1]:9: connect: connection refused';

describe('a way that reached nothing', () => {
  test.each([
    [forwarded, 'refused', 'dial tcp4 127.0.0.1:9: connect: connection refused'],
    [
      'error dialing backend: dial tcp 10.0.0.9:10250: i/o timeout',
      'timeout',
      'dial tcp 10.0.0.9:10250: i/o timeout',
    ],
    [
      'dial tcp 10.0.0.9:80: connect: no route to host',
      'unreachable',
      'dial tcp 10.0.0.9:80: connect: no route to host',
    ],
    ['pods "web" not found', 'other', 'pods "web" not found'],
  ])('%s', (words, kind, message) => {
    expect(dialFault(words)).toEqual({ kind, message });
  });

  test('by the proxy of the API server is told from a 503 of the pod', () => {
    const status = JSON.stringify({
      kind: 'Status',
      message: 'error trying to reach service: dial tcp 10.244.0.9:9: connect: connection refused',
      code: 503,
    });
    expect(proxyFault(503, status)).toEqual({
      kind: 'refused',
      message: 'dial tcp 10.244.0.9:9: connect: connection refused',
    });
    expect(proxyFault(503, '{"status":"unhealthy"}')).toBeUndefined();
    expect(proxyFault(200, status)).toBeUndefined();
  });
});
