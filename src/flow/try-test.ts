/** One try of one smoke test: the way there, the call, the judgement. */
import { Fault } from '../domain/fault.ts';
import { type ConnectionFault, judgeConnection } from '../domain/smoke/connection.ts';
import { judgeAnswer } from '../domain/smoke/expectations.ts';
import type { HttpAnswer } from '../domain/smoke/http-answer.ts';
import type { Judgement } from '../domain/smoke/judgement.ts';
import { judgeLatency, type LatencySample, latencyReport } from '../domain/smoke/latency.ts';
import { latencySchedule } from '../domain/smoke/latency-tests.ts';
import { judgePostgres } from '../domain/smoke/postgres.ts';
import { judgeRedis } from '../domain/smoke/redis.ts';
import { type Blocked, isProxyForbidden, proxyFault, uncarried } from '../domain/smoke/routes.ts';
import type { DatabaseTest, HttpTest, LatencyTest, ServiceTest, SmokeTest } from '../domain/smoke/test.ts';
import { along } from './pod-ways.ts';
import type { EndpointAnswer } from './ports.ts';
import type { Run } from './run.ts';
import { blockedTry, type TestGround, type Try } from './test-ground.ts';
import { tryJourney } from './try-journey.ts';

export async function judgeTry(run: Run, test: SmokeTest, ground: TestGround): Promise<Try> {
  switch (test.what) {
    case 'decided':
      return { judgement: test.judgement, evidence: {} };
    case 'http':
      return tryHttp(run, test, ground);
    case 'service':
      return tryService(run, test, ground);
    case 'journey':
      return tryJourney(run, test, ground);
    case 'latency':
      return tryLatency(run, test, ground);
    case 'postgres':
    case 'redis':
      return tryDatabase(run, test, ground);
  }
}

async function tryHttp(run: Run, test: HttpTest, ground: TestGround): Promise<Try> {
  const { scheme, serverName, verify, request, title, expect } = test;
  const { deadline } = ground;
  const reached = await along<HttpAnswer>(run, test.reach, ground, {
    dialled: (host, port) =>
      run.probes.callHttp(
        { ...request, scheme, serverName, verify, host, port },
        { deadline, signal: run.signal },
      ),
    proxied:
      uncarried(test) ??
      (async (cluster, namespace, pod, port) =>
        answerOf(
          await cluster
            .callPod({ namespace, pod, port, scheme, path: request.path, deadline })
            .catch(unanswered),
        )),
    faultIn: ({ error }) => error,
    failed: (error) => ({ headers: {}, body: '', milliseconds: 0, error }),
  });
  if ('blocked' in reached) return blockedTry(title, reached);
  const { answer, route } = reached;
  const { status, milliseconds } = answer;
  return {
    judgement: judgeAnswer(title, answer, expect, run.clock.now()),
    evidence: { route, milliseconds, ...(status === undefined ? {} : { status }) },
  };
}

async function tryService(run: Run, test: ServiceTest, ground: TestGround): Promise<Try> {
  const { scheme, serverName, host, port, request, title, expect } = test;
  // Inside, a Service's certificate is mostly that of an authority of the cluster's own.
  const call = { ...request, scheme, host, port, serverName, verify: false, deadline: ground.deadline };
  const answer = (await ground.inside?.fromWithin?.(call)) ?? { unavailable: 'there is no cluster' };
  if ('unavailable' in answer) return { judgement: notCalled(title, answer.unavailable), evidence: {} };
  const { status, milliseconds, error } = answer;
  const judge = (): Judgement => {
    if (error !== undefined && keptOut.has(error.kind)) return maybeKeptOut(title, error);
    const listens = test.anyAnswer && error?.kind !== 'refused' && error?.kind !== 'dns';
    return listens
      ? { outcome: 'passed', message: `${title}: somebody listens there.` }
      : judgeAnswer(title, answer, expect, run.clock.now());
  };
  return {
    judgement: judge(),
    evidence: { route: 'cluster-job', milliseconds, ...(status === undefined ? {} : { status }) },
  };
}

function notCalled(title: string, why: string): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'no-route',
    message: `${title}, was not called, the Job that calls from within the cluster did not run: ${why}`,
    remedy:
      'Name an image with curl that the nodes can pull (`smoke-image`), and allow `create` and `delete` of jobs, see docs/role.yaml.',
  };
}

/** Network policies and meshes that want a certificate answer a pod of no workload like this, on purpose. */
const keptOut: ReadonlySet<ConnectionFault['kind']> = new Set(['timeout', 'unreachable', 'reset']);

function maybeKeptOut(title: string, fault: ConnectionFault): Judgement {
  const { message } = judgeConnection(title, fault);
  return {
    outcome: 'inconclusive',
    reason: 'no-route',
    message: `${message} A network policy or a mesh may keep the calling pod out, so this proves nothing.`,
    remedy:
      'Let pods with the label orion.dev/smoke-job call this Service, if it is to be tested as a whole.',
  };
}

interface Measured {
  readonly samples?: readonly LatencySample[];
  readonly fault?: ConnectionFault;
}

async function tryLatency(run: Run, test: LatencyTest, ground: TestGround): Promise<Try> {
  const { scheme, serverName, verify, request, title, expect, threshold } = test;
  const schedule = { ...latencySchedule, timeout: Math.max(ground.deadline, 2 * threshold) };
  const isGood = (answer: HttpAnswer): boolean =>
    judgeAnswer(title, answer, expect, run.clock.now()).outcome === 'passed';
  const call = { ...request, scheme, serverName, verify };
  const reached = await along<Measured>(run, test.reach, ground, {
    dialled: async (host, port) => ({
      samples: await run.probes.measure({ ...call, host, port }, schedule, isGood, run.signal),
    }),
    proxied: 'response times',
    // What happened to single requests is counted; that none came through may be the way's doing.
    faultIn: ({ samples = [] }) =>
      samples.some(({ ok }) => ok) ? undefined : { kind: 'other', message: 'no request came through' },
    failed: (fault) => ({ fault }),
  });
  if ('blocked' in reached) return blockedTry(title, reached);
  const { route } = reached;
  const { samples, fault } = reached.answer;
  if (samples === undefined) {
    const why = fault ?? { kind: 'other', message: 'not measured' };
    return { judgement: judgeConnection(title, why), evidence: { route } };
  }
  const latency = latencyReport(samples, { rate: schedule.rate, threshold });
  const { message, ...judged } = judgeLatency(latency);
  return { judgement: { ...judged, message: `${title}: ${message}.` }, evidence: { route, latency } };
}

function answerOf({ status, body, milliseconds }: EndpointAnswer): HttpAnswer | Blocked {
  if (isProxyForbidden(status, body)) {
    return {
      blocked: 'this identity may neither forward ports to its pod nor call it by the API server’s proxy',
      remedy: 'Give it `get` and `create` on pods/portforward, see docs/role.yaml.',
    };
  }
  const error = proxyFault(status, body);
  if (error !== undefined) return { headers: {}, body: '', milliseconds, error };
  if (status !== undefined) return { status, headers: {}, body, milliseconds };
  return { headers: {}, body: '', milliseconds, error: { kind: 'other', message: body } };
}

/** A connection to the API server that broke is a try without an answer. */
function unanswered(error: unknown): EndpointAnswer {
  if (!(error instanceof Fault) || error.reason !== 'cluster-unreachable') throw error;
  return { body: error.message, milliseconds: 0 };
}

interface DatabaseAnswer {
  readonly finding: { readonly milliseconds: number; readonly connectionFault?: ConnectionFault };
  readonly judgement: Judgement;
}

async function tryDatabase(run: Run, test: DatabaseTest, ground: TestGround): Promise<Try> {
  const { what, serverName, user, password, database, tls, title } = test;
  const limits = { deadline: ground.deadline, signal: run.signal };
  const now = run.clock.now();
  const login = {
    serverName,
    tls,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
  const reached = await along<DatabaseAnswer>(run, test.reach, ground, {
    dialled: async (host, port) => {
      if (what === 'redis') {
        const number = Number(database ?? 0);
        const finding = await run.probes.redis({ ...login, host, port, database: number }, limits);
        return { finding, judgement: judgeRedis(finding, { address: addressOf(title) }) };
      }
      // As libpq does: the user is called as the system's, the database as the user.
      const role = user ?? 'postgres';
      const target = { ...login, host, port, user: role, database: database ?? role };
      const finding = await run.probes.postgres(target, limits);
      return { finding, judgement: judgePostgres(finding, { address: addressOf(title), now }) };
    },
    proxied: 'database',
    refusalCounts: true,
    faultIn: ({ finding }) => finding.connectionFault,
    failed: (fault) => ({ finding: { milliseconds: 0 }, judgement: judgeConnection(title, fault) }),
  });
  if ('blocked' in reached) return blockedTry(title, reached);
  const { answer, route } = reached;
  return { judgement: answer.judgement, evidence: { route, milliseconds: answer.finding.milliseconds } };
}

/** `PostgreSQL at postgres:5432/orion` without its first words. */
function addressOf(title: string): string {
  return title.replace(/^\S+ at /, '');
}
