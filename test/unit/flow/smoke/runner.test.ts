import { expect, test } from 'vitest';
import { Fault } from '../../../../src/domain/failure/fault.ts';
import type { SmokeTest } from '../../../../src/domain/smoke/tests/test.ts';
import { runTests } from '../../../../src/flow/smoke/runner.ts';
import type { ClusterPort, EndpointAnswer } from '../../../../src/ports/cluster.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const readiness: SmokeTest = {
  id: 'web/readiness',
  subject: 'web',
  kind: 'readiness',
  title: 'Readiness endpoint :80/ready of pod web-1',
  address: 'http://web-1.shop:80/ready',
  pod: 'web-1',
  objects: [],
  what: 'http',
  scheme: 'http',
  serverName: 'web.shop',
  verify: false,
  reach: { type: 'pod', pod: 'web-1', port: 80 },
  request: { method: 'GET', path: '/ready' },
  expect: {},
};

/** Answers in turn; an Error is thrown. */
function answering(...answers: (EndpointAnswer | Error)[]): ClusterPort {
  const callPod = async (): Promise<EndpointAnswer> => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    if (next === undefined || next instanceof Error) throw next;
    return next;
  };
  return { callPod } as Partial<ClusterPort> as ClusterPort;
}

async function reports(cluster: ClusterPort, isThere = () => true, tested: SmokeTest = readiness) {
  const { run, lines } = flowRun({ holder: 'us' });
  const inside = { cluster, namespace: 'shop' };
  const ground = { inside, deadline: 1000, retries: 2, parallel: 4, isThere };
  return { found: await runTests(run, [tested], ground), lines };
}

const ok = { status: 200, body: '', milliseconds: 1 };
const gone = { status: 404, body: 'pods "web-1" not found', milliseconds: 1 };
const broken = new Fault('cluster-unreachable', 'The connection broke.', 'Try again.');

test('a connection that breaks is an attempt, the next one may pass, and that it was the second is shown', async () => {
  const { found, lines } = await reports(answering(broken, ok));
  expect(found).toMatchObject([{ outcome: 'passed', attempts: 2, route: 'api-proxy' }]);
  expect(lines.join()).toContain('attempt 2');
});

test('a pod that was scaled down meanwhile need not answer', async () => {
  const { found } = await reports(answering(gone), () => false);
  expect(found).toMatchObject([{ outcome: 'skipped' }]);
});

test('a pod that is there and does not answer fails when its attempts are used up', async () => {
  const { found } = await reports(answering(gone));
  expect(found).toMatchObject([
    { outcome: 'failed', attempts: 3, status: 404, pod: 'web-1', body: gone.body },
  ]);
});

test.each<[string, Partial<Extract<SmokeTest, { what: 'http' }>>, RegExp]>([
  ['TLS', { scheme: 'https' }, /TLS/],
  ['another method', { request: { method: 'POST', path: '/ready' } }, /POST/],
  ['headers to send', { request: { method: 'GET', path: '/ready', headers: { host: 'x' } } }, /headers/],
  ['headers to come back', { expect: { headers: { 'x-name': 'auth' } } }, /headers/],
])('the proxy of the API server is no way for %s: not decided, with the reason', async (_, more, why) => {
  const { found } = await reports(answering(ok), () => true, { ...readiness, ...more } as SmokeTest);
  expect(found).toMatchObject([
    { outcome: 'inconclusive', reason: 'no-route', attempts: 1, message: expect.stringMatching(why) },
  ]);
  expect(found[0]).not.toHaveProperty('route');
});

test('that this identity may not use the proxy is no answer of the pod', async () => {
  const message = 'pods "web-1" is forbidden: User "ci" cannot get resource "pods/proxy" in API group ""';
  const refusal = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message,
    reason: 'Forbidden',
    code: 403,
  };
  const { found } = await reports(answering({ status: 403, body: JSON.stringify(refusal), milliseconds: 1 }));
  expect(found).toMatchObject([{ outcome: 'inconclusive', reason: 'no-route', attempts: 1 }]);
});

test('a way that cannot be opened at the moment is tried again, and proves nothing', async () => {
  const openPortForward = async (): Promise<never> => {
    throw broken;
  };
  const cluster = { ...answering(ok), openPortForward, refusalOf: () => undefined };
  const { found } = await reports(cluster, () => true, { ...readiness, scheme: 'https' } as SmokeTest);
  expect(found).toMatchObject([{ outcome: 'inconclusive', reason: 'no-route', attempts: 3 }]);
});

test('without a way that carries it, a database is not decided', async () => {
  const { run } = flowRun({ holder: 'us' });
  const {
    what: _,
    scheme: _s,
    verify: _v,
    request: _r,
    expect: _e,
    ...identity
  } = readiness as Extract<SmokeTest, { what: 'http' }>;
  const database: SmokeTest = {
    ...identity,
    kind: 'postgres',
    what: 'postgres',
    login: 'stated',
    tls: { mode: 'prefer' },
  };
  const inside = { cluster: answering(ok), namespace: 'shop' };
  const ground = { inside, deadline: 1000, retries: 2, parallel: 4, isThere: () => true };
  expect(await runTests(run, [database], ground)).toMatchObject([
    { outcome: 'inconclusive', reason: 'no-route', attempts: 1 },
  ]);
});

test.each<[string, number, readonly EndpointAnswer[], object, number]>([
  ['soon: it is waited for', 12_000, [ok], { outcome: 'passed', attempts: 1 }, 1_012_000],
  ['late: it is left out', 60_000, [], { outcome: 'skipped', attempts: 1 }, 1_000_000],
])('an endpoint that counts %s', async (_, after, answers, expected, until) => {
  const { run } = flowRun({ holder: 'us' });
  const cluster = answering(...answers);
  const ground = {
    inside: { cluster, namespace: 'shop' },
    deadline: 5000,
    retries: 2,
    parallel: 4,
    isThere: () => true,
  };
  const counted = { ...readiness, countsFrom: 1_000_000 + after, waits: true } as SmokeTest;
  const [report] = await runTests(run, [counted], ground);
  expect(report).toMatchObject(expected);
  expect(report?.finishedAt).toBe(until);
});

const unwell = { status: 503, body: '', milliseconds: 1 };

test.each<[string, number, readonly EndpointAnswer[], object]>([
  ['well before: it passes at once', 60_000, [ok], { outcome: 'passed', attempts: 1 }],
  ['not well before, and its time is far: left out', 60_000, [unwell], { outcome: 'skipped' }],
  ['not well before, well then', 3000, [unwell, ok], { outcome: 'passed', attempts: 2 }],
  ['not well then either', 3000, [unwell], { outcome: 'failed', status: 503 }],
])('an endpoint that may be asked before it counts, %s', async (_, after, answers, expected) => {
  const counted = { ...readiness, countsFrom: 1_000_000 + after } as SmokeTest;
  const { found } = await reports(answering(...answers), () => true, counted);
  expect(found).toMatchObject([expected]);
});

test('an address elsewhere that gives no answer is not decided, in one try', async () => {
  const error = { kind: 'timeout', message: 'no answer within 1000 ms' } as const;
  const { run, lines } = flowRun({ holder: 'us' });
  const callHttp = async () => ({ headers: {}, body: '', milliseconds: 1000, error });
  const ground = { deadline: 1000, retries: 2, parallel: 4, isThere: () => true };
  const { pod: _, ...unbound } = readiness;
  const reach = { type: 'direct', host: 'db.example.com', port: 80 } as const;
  const away = { ...unbound, reach, doubt: 'this machine is not where the pods are' } as SmokeTest;
  const found = await runTests({ ...run, probes: { ...run.probes, callHttp } }, [away], ground);
  expect(found).toMatchObject([{ outcome: 'inconclusive', reason: 'not-reachable-from-here', attempts: 1 }]);
  expect(lines).toHaveLength(1);
});
