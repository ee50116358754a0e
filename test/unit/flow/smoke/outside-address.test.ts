/** Addresses outside the pods, and response times: from inside the cluster first, then from here. */
import { describe, expect, test } from 'vitest';
import type { PostgresFinding } from '../../../../src/domain/smoke/databases/postgres.ts';
import type { ConnectionFaultKind } from '../../../../src/domain/smoke/http/connection.ts';
import type { LatencySample } from '../../../../src/domain/smoke/latency/latency.ts';
import type { ProbeFinding, ProbeRequest } from '../../../../src/domain/smoke/tests/probe.ts';
import type { DatabaseTest, LatencyTest, SmokeTest } from '../../../../src/domain/smoke/tests/test.ts';
import { callsFromWithin } from '../../../../src/flow/smoke/in-cluster-calls.ts';
import { runTests } from '../../../../src/flow/smoke/runner.ts';
import type { ClusterPort } from '../../../../src/ports/cluster.ts';
import type { ProbesPort } from '../../../../src/ports/probes.ts';
import { flowRun } from '../../../support/flow/flow-run.ts';

const managed: DatabaseTest = {
  id: 'db/postgres',
  subject: 'db',
  kind: 'postgres',
  title: 'PostgreSQL at db.example:5432/shop',
  address: 'postgres://db.example:5432/shop',
  objects: [],
  what: 'postgres',
  reach: { type: 'direct', host: 'db.example', port: 5432 },
  serverName: 'db.example',
  user: 'shop',
  password: 'hunter2',
  database: 'shop',
  tls: { mode: 'prefer' },
  login: 'stated',
  doubt: 'this machine is not where the pods are',
};

const well: PostgresFinding = { milliseconds: 2, version: '15.14', inRecovery: false, readOnly: false };
const wrong: PostgresFinding = { milliseconds: 2, serverError: { code: '28P01', message: 'no' } };
const fault = (kind: ConnectionFaultKind): PostgresFinding => ({
  milliseconds: 2,
  connectionFault: { kind, message: `the words of ${kind}` },
});

interface Place {
  /** Absent: the Job does not run. */
  readonly within?: (request: ProbeRequest) => ProbeFinding['finding'];
  readonly probes?: Partial<ProbesPort>;
  /** What the kubelet says of the port-forward. */
  readonly lastError?: string;
}

async function tested(tests: readonly SmokeTest[], { within, probes = {}, lastError }: Place) {
  const { run, lines } = flowRun({ holder: 'us' });
  const jobs: ProbeRequest[][] = [];
  const cluster = {
    probeFromWithin: async (requests: readonly ProbeRequest[]) => {
      jobs.push([...requests]);
      if (within === undefined)
        return { type: 'unavailable', message: 'its pod does not start: ImagePullBackOff.' };
      const findings = requests.map((request) => ({ what: request.what, finding: within(request) }));
      return { type: 'answered', findings: findings as ProbeFinding[] };
    },
    openPortForward: async () => ({
      host: '127.0.0.1',
      port: 1,
      close: async () => undefined,
      ...(lastError === undefined ? {} : { lastError: () => lastError }),
    }),
  } as Partial<ClusterPort> as ClusterPort;
  const edged = { ...run, probes: { ...run.probes, ...probes } };
  const inside = { cluster, namespace: 'shop', fromWithin: callsFromWithin(edged, cluster, 'shop') };
  const ground = {
    ...{ inside, deadline: 1000, retries: 0, parallel: 4 },
    isThere: () => true,
    addressOf: (pod: string) => (pod === 'web-1' ? '10.0.0.7' : undefined),
  };
  return { reports: await runTests(edged, tests, ground), jobs, lines, notices: edged.ledger.notices };
}

const here = (finding: PostgresFinding): Partial<ProbesPort> => ({
  databases: { ...flowRun({ holder: 'us' }).run.probes.databases, postgres: async () => finding },
});

describe('a database in a pod at whose loopback address nobody listens', () => {
  const { doubt: _, ...certain } = managed;
  const inPod: DatabaseTest = {
    ...certain,
    serverName: 'db',
    reach: { type: 'pod', pod: 'web-1', port: 5432 },
  };
  const lastError = 'dial tcp4 127.0.0.1:5432: connect: connection refused';
  const probes = here(fault('reset'));

  test.each<[string, Place, object]>([
    ['it listens at its own address', { within: () => well }, { outcome: 'passed', route: 'cluster-job' }],
    [
      'nor at its own address',
      { within: () => fault('refused') },
      { outcome: 'failed', reason: 'connection-refused' },
    ],
    ['nobody can ask there', {}, { outcome: 'failed', reason: 'connection-refused' }],
  ])('%s', async (_, place, expected) => {
    const { reports } = await tested([inPod], { ...place, probes, lastError });
    expect(reports).toMatchObject([expected]);
  });

  test('it is asked at the address of its pod', async () => {
    const { jobs } = await tested([inPod], { within: () => well, probes, lastError });
    expect(jobs).toMatchObject([[{ what: 'postgres', target: { host: '10.0.0.7', serverName: 'db' } }]]);
  });
});

describe('an account of MySQL that a port-forward comes from the wrong host for', () => {
  const { doubt: _, database: __, ...certain } = managed;
  const inPod: DatabaseTest = {
    ...certain,
    what: 'mysql',
    serverName: 'db',
    reach: { type: 'pod', pod: 'web-1', port: 3306 },
  };
  const refused = {
    milliseconds: 2,
    serverError: { code: 1045, message: "Access denied for 'shop'@'localhost'" },
  };
  const probes: Partial<ProbesPort> = {
    databases: { ...flowRun({ holder: 'us' }).run.probes.databases, mysql: async () => refused },
  };
  const mysqlWell = { milliseconds: 2, version: '10.11.19-MariaDB', readOnly: false };

  test.each<[string, Place, object]>([
    [
      'let in from where the pods are',
      { within: () => mysqlWell },
      { outcome: 'passed', route: 'cluster-job' },
    ],
    ['refused there too', { within: () => refused }, { outcome: 'failed', reason: 'login-refused' }],
    ['nobody can ask there', {}, { outcome: 'inconclusive', reason: 'login-refused' }],
  ])('%s', async (_case, place, expected) => {
    const { reports } = await tested([inPod], { ...place, probes });
    expect(reports).toMatchObject([expected]);
  });
});

describe('a database outside the pods', () => {
  test('that only the cluster reaches is judged by what it says there; the runner does not ask', async () => {
    const { reports, jobs } = await tested([managed], { within: () => well });
    expect(reports).toMatchObject([{ outcome: 'passed', route: 'cluster-job' }]);
    expect(jobs).toMatchObject([[{ what: 'postgres', target: { host: 'db.example', password: 'hunter2' } }]]);
  });

  test.each<[string, Place, object]>([
    ['wrong password there', { within: () => wrong }, { outcome: 'failed', reason: 'login-refused' }],
    [
      'an expired certificate there',
      { within: () => fault('tls-expired') },
      { outcome: 'failed', reason: 'tls-expired' },
    ],
    ['no Job: the runner asks', { probes: here(well) }, { outcome: 'passed', route: 'direct' }],
    ['no Job, wrong password', { probes: here(wrong) }, { outcome: 'failed', reason: 'login-refused' }],
    [
      'the Job is kept out, the runner is not',
      { within: () => fault('timeout'), probes: here(well) },
      { outcome: 'passed', route: 'direct' },
    ],
    [
      'no Job, and the runner is kept out',
      { probes: here(fault('dns')) },
      { outcome: 'inconclusive', reason: 'not-reachable-from-here' },
    ],
    ...(['refused', 'timeout', 'unreachable', 'dns', 'reset'] as const).map(
      (kind): [string, Place, object] => [
        `nobody reaches it: ${kind}`,
        { within: () => fault(kind), probes: here(fault(kind)) },
        { outcome: 'inconclusive', reason: 'not-reachable-from-here', attempts: 1 },
      ],
    ),
  ])('%s', async (_, place, expected) => {
    const { reports } = await tested([managed], place);
    expect(reports).toMatchObject([expected]);
    expect(JSON.stringify(reports)).not.toContain('hunter2');
  });

  test('the sentence says from where it was tried, and what came', async () => {
    const place = { within: () => fault('timeout'), probes: here(fault('unreachable')) };
    const { reports } = await tested([managed], place);
    expect(reports[0]?.message).toBe(
      'PostgreSQL at db.example:5432/shop was not tested: it cannot be reached from inside the cluster (the words of timeout), nor from this runner (the words of unreachable).',
    );
  });

  test.each<['runner' | 'cluster', string, number]>([
    ['runner', 'direct', 0],
    ['cluster', 'cluster-job', 1],
  ])('from the %s alone where that is said', async (from, route, jobs) => {
    const place = { within: () => well, probes: here(well) };
    const found = await tested([{ ...managed, from }], place);
    expect(found.reports).toMatchObject([{ outcome: 'passed', route }]);
    expect(found.jobs).toHaveLength(jobs);
  });

  test.each<['runner' | 'cluster', Place]>([
    ['runner', { probes: here(fault('refused')) }],
    ['cluster', { within: () => fault('refused') }],
  ])('what nobody answers at from the %s, where that is said, is a failure', async (from, place) => {
    const { reports } = await tested([{ ...managed, from }], place);
    expect(reports).toMatchObject([{ outcome: 'failed', reason: 'connection-refused' }]);
  });

  test('without a cluster it was asked for by its URL: what cannot be reached fails', async () => {
    const { doubt: _, ...local } = managed;
    const { run } = flowRun({ holder: 'us' });
    const probes = { ...run.probes, ...here(fault('refused')) };
    const ground = { deadline: 1000, retries: 0, parallel: 4, isThere: () => true };
    const reports = await runTests({ ...run, probes }, [local], ground);
    expect(reports).toMatchObject([{ outcome: 'failed', reason: 'connection-refused' }]);
  });
});

test('that no probe runs is said once and is short, however much asks; and it is not tried again', async () => {
  const others = Array.from({ length: 20 }, (_, index) => ({ ...managed, id: `db/${index}` }));
  const { jobs, notices, lines } = await tested(others, { probes: here(well) });
  expect(jobs).toHaveLength(1);
  expect(notices).toMatchObject([{ reason: 'probe-unavailable' }]);
  expect(notices[0]?.message).toBe(
    'No probe ran inside the cluster (its pod does not start: ImagePullBackOff): smoke tests ran from this runner.',
  );
  expect(lines.filter((line) => line.includes('ImagePullBackOff'))).toHaveLength(1);
});

const latency: LatencyTest = {
  id: 'web/latency',
  subject: 'web',
  kind: 'latency',
  title: 'Latency of readiness endpoint :80/ready of pod web-1',
  address: 'http://web-1.shop:80/ready',
  pod: 'web-1',
  objects: [],
  what: 'latency',
  scheme: 'http',
  serverName: 'web.shop',
  verify: false,
  reach: { type: 'pod', pod: 'web-1', port: 80 },
  request: { method: 'GET', path: '/ready' },
  expect: {},
  threshold: 1000,
};

const samples = (milliseconds: number, failed = 0, got = 'timeout'): readonly LatencySample[] =>
  Array.from({ length: 120 }, (_, index) =>
    index < failed ? { milliseconds, ok: false, got, lag: 0 } : { milliseconds, ok: true, lag: 0 },
  );

describe('response times', () => {
  const byForward = (found: readonly LatencySample[]): Partial<ProbesPort> => ({
    measure: async (_call, _schedule, { kept }) => ({
      samples: found,
      ...(kept === undefined ? {} : { control: samples(600) }),
    }),
  });

  test.each<[string, Place, object]>([
    [
      'from inside they are judged',
      { within: () => samples(1500) },
      { outcome: 'failed', reason: 'too-slow', route: 'cluster-job' },
    ],
    [
      'and so is what the service answers',
      { within: () => samples(5, 120, 'status 503') },
      { outcome: 'failed', reason: 'too-many-failed-requests', message: /120 × status 503/ },
    ],
    [
      'who is kept out of the pods measures by port-forward',
      { within: () => samples(5, 120), probes: byForward(samples(640)) },
      { outcome: 'passed', route: 'port-forward', message: /costs about 600 ms/ },
    ],
    [
      'by port-forward nothing is too slow',
      { probes: byForward(samples(1500)) },
      { outcome: 'inconclusive', reason: 'latency-not-judged', route: 'port-forward' },
    ],
    [
      'nor too broken',
      { probes: byForward(samples(5, 54, 'connection reset')) },
      { outcome: 'inconclusive', reason: 'latency-not-judged', message: /54 × connection reset/ },
    ],
  ])('%s', async (_, place, { message, ...expected }: { message?: RegExp }) => {
    const { reports } = await tested([latency], place);
    expect(reports).toMatchObject([expected]);
    if (message !== undefined) expect(reports[0]?.message).toMatch(message);
  });

  test('one stall fails nothing: what is too slow must be so twice', async () => {
    const { run } = flowRun({ holder: 'us' });
    const comprehensive = { ...run, settings: { ...run.settings, comprehensive: true } };
    const probed = async (times: readonly number[]) => {
      const left = [...times];
      const fromWithin = async (request: ProbeRequest): Promise<ProbeFinding | undefined> =>
        request.what === 'latency' ? { what: 'latency', finding: samples(left.shift() ?? 0) } : undefined;
      const forward = { host: '127.0.0.1', port: 1, close: async () => undefined };
      const cluster = { openPortForward: async () => forward } as Partial<ClusterPort> as ClusterPort;
      const callHttp = async () => ({ status: 200, headers: {}, body: '', milliseconds: 1 });
      const { threshold: _, ...endpoint } = latency;
      const http: SmokeTest = { ...endpoint, id: 'web/readiness', kind: 'readiness', what: 'http' };
      const reports = await runTests({ ...comprehensive, probes: { ...run.probes, callHttp } }, [http], {
        ...{ inside: { cluster, namespace: 'shop', fromWithin }, deadline: 1000, retries: 0, parallel: 4 },
        isThere: () => true,
        addressOf: () => '10.0.0.7',
      });
      return reports.find(({ kind }) => kind === 'latency');
    };
    expect(await probed([1922, 20])).toMatchObject({ outcome: 'passed', attempts: 2 });
    expect(await probed([1922, 1922])).toMatchObject({ outcome: 'failed', reason: 'too-slow', attempts: 2 });
  });

  test('all that is measured goes with one Job, to the addresses of the pods', async () => {
    const tests = Array.from({ length: 9 }, (_, index) => ({ ...latency, id: `web/${index}` }));
    const { jobs } = await tested(tests, { within: () => samples(5) });
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatchObject(Array(9).fill({ what: 'latency', call: { host: '10.0.0.7', port: 80 } }));
  });

  test('from here no more are measured at the same time than are meant to be', async () => {
    let [open, most] = [0, 0];
    const measure: ProbesPort['measure'] = async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((over) => setTimeout(over, 5));
      open -= 1;
      return { samples: samples(5), control: [] };
    };
    const tests = Array.from({ length: 12 }, (_, index) => ({ ...latency, id: `web/${index}` }));
    await tested(tests, { probes: { measure } });
    expect(most).toBe(4);
  });
});
