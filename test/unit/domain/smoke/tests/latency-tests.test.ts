import { expect, test } from 'vitest';
import type { SmokeReport } from '../../../../../src/domain/smoke/report.ts';
import { latencyTests } from '../../../../../src/domain/smoke/tests/latency-tests.ts';
import type { HttpTest } from '../../../../../src/domain/smoke/tests/test.ts';

const endpoint = (subject: string, pod: string, path: string): HttpTest => ({
  id: `${subject}/${pod}${path}`,
  subject,
  kind: 'health',
  title: `Health endpoint :80${path} of pod ${pod}`,
  address: '',
  pod,
  objects: [],
  what: 'http',
  scheme: 'http',
  serverName: subject,
  verify: false,
  reach: { type: 'pod', pod, port: 80 },
  request: { method: 'GET', path },
  expect: {},
});

test('each endpoint that answered well once, on one pod, by its own limit', () => {
  const tests = [
    endpoint('auth', 'a-1', '/health'),
    endpoint('auth', 'a-2', '/health'),
    endpoint('auth', 'a-2', '/items'),
    endpoint('user', 'u-1', '/health'),
  ];
  const outcomes = ['failed', 'passed', 'passed', 'inconclusive'] as const;
  const reports = tests.map(({ id }, place) => ({ id, outcome: outcomes[place] }) as SmokeReport);
  const services = { auth: { dependsOn: [], endpoints: [], maxLatency: 250 } };
  const found = latencyTests(tests, reports, 1000, { services });
  expect(found.map(({ id, pod, threshold }) => [id, pod, threshold])).toEqual([
    ['auth/latency/GET http:80/health', 'a-2', 250],
    ['auth/latency/GET http:80/items', 'a-2', 250],
  ]);
});
