/** One try of one smoke test: the way there, the call, the judgement. */
import { type ConnectionFault, judgeConnection } from '../domain/smoke/connection.ts';
import { judgeAnswer } from '../domain/smoke/expectations.ts';
import type { HttpAnswer } from '../domain/smoke/http-answer.ts';
import type { Judgement } from '../domain/smoke/judgement.ts';
import { judgeLatency, type LatencySample, latencyReport } from '../domain/smoke/latency.ts';
import { latencySchedule } from '../domain/smoke/latency-tests.ts';
import { judgePostgres } from '../domain/smoke/postgres.ts';
import { judgeRedis } from '../domain/smoke/redis.ts';
import { uncarried } from '../domain/smoke/routes.ts';
import type { DatabaseTest, HttpTest, LatencyTest, SmokeTest } from '../domain/smoke/test.ts';
import { along } from './pod-ways.ts';
import { answerOf, unanswered } from './proxy-answer.ts';
import type { Run } from './run.ts';
import { blockedTry, type TestGround, type Try } from './test-ground.ts';
import { tryJourney } from './try-journey.ts';
import { tryService } from './try-service.ts';

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
  const ca = test.ca === undefined ? {} : { ca: test.ca };
  const reached = await along<HttpAnswer>(run, test.reach, ground, {
    dialled: (host, port) =>
      run.probes.callHttp(
        { ...request, scheme, serverName, verify, host, port, ...ca },
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

interface DatabaseAnswer {
  readonly finding: { readonly milliseconds: number; readonly connectionFault?: ConnectionFault };
  readonly judgement: Judgement;
}

async function tryDatabase(run: Run, test: DatabaseTest, ground: TestGround): Promise<Try> {
  const { what, serverName, user, password, database, tls, title } = test;
  const expected = { address: addressOf(title), login: test.login, replica: test.replica === true };
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
        return { finding, judgement: judgeRedis(finding, expected) };
      }
      // As libpq does: the user is called as the system's, the database as the user.
      const role = user ?? 'postgres';
      const target = { ...login, host, port, user: role, database: database ?? role };
      const finding = await run.probes.postgres(target, limits);
      return { finding, judgement: judgePostgres(finding, { ...expected, now }) };
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
