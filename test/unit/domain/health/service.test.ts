/** A Service by the name of a port: whose pods get its traffic, and when nobody does. */
import { expect, test } from 'vitest';
import type { PodEndpoint } from '../../../../src/domain/health/endpoints.ts';
import type { Member, Membership } from '../../../../src/domain/health/pod-membership.ts';
import { judgeService } from '../../../../src/domain/health/service.ts';
import type { KubernetesObject } from '../../../../src/domain/kubernetes/objects.ts';

function member(name: string, ports: readonly object[], membership: Membership = 'ours'): Member {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: name, labels: { app: 'orders' } },
    spec: { containers: [{ name: 'main', ports }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  } as unknown as KubernetesObject;
  return { pod, membership, changed: true, leaving: false };
}

const http = [{ name: 'http', containerPort: 8080 }];
const admin = [{ name: 'admin', containerPort: 9090 }];

function judged(ports: readonly object[], ...members: readonly Member[]) {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'orders', namespace: 'shop' },
    spec: { selector: { app: 'orders' }, ports },
  } as unknown as KubernetesObject;
  const endpoints = members.map(
    ({ pod }): PodEndpoint => ({
      pod: pod.metadata.name,
      uid: pod.metadata.uid,
      ready: true,
      draining: false,
    }),
  );
  const { report, failure } = judgeService(service, {
    members: { selectedBy: () => members, sources: [] },
    endpoints,
    unknownMakers: false,
  });
  return `${report.state} ${failure?.field?.join('.') ?? ''}`.trim();
}

const byName = (targetPort: string | number, protocol?: string) => ({
  port: 80,
  targetPort,
  ...(protocol ? { protocol } : {}),
});

test.each<[string, readonly object[], readonly Member[], string]>([
  ['that all pods have', [byName('http')], [member('a', http), member('b', http)], 'sound'],
  ['that some pods have', [byName('http')], [member('a', http), member('b', [])], 'sound'],
  ['that some have, the others first', [byName('http')], [member('b', []), member('a', http)], 'sound'],
  [
    'that nobody has',
    [byName('http')],
    [member('a', admin), member('b', [])],
    'failed spec.ports.0.targetPort',
  ],
  [
    'two, each of some pods',
    [byName('http'), byName('admin')],
    [member('a', http), member('b', admin)],
    'sound',
  ],
  [
    'the second of nobody',
    [byName('http'), byName('grpc')],
    [member('a', http), member('b', [])],
    'failed spec.ports.1.targetPort',
  ],
  [
    'that another workload’s pods have',
    [byName('http')],
    [member('a', []), member('b', http, 'other')],
    'sound',
  ],
  [
    'that only old pods have',
    [byName('http')],
    [member('a', admin), member('b', http, 'old')],
    'failed spec.ports.0.targetPort',
  ],
  ['of another protocol', [byName('http', 'UDP')], [member('a', http)], 'failed spec.ports.0.targetPort'],
  ['none: a number', [byName(8080)], [member('a', [])], 'sound'],
])('a name %s', (_, ports, members, expected) => {
  expect(judged(ports, ...members)).toBe(expected);
});
