/** One measurement of response times: from inside the cluster if possible, else over a route with its own overhead. */
import { type ConnectionFault, judgeConnection } from '../../domain/smoke/http/connection.ts';
import type { HttpAnswer } from '../../domain/smoke/http/http-answer.ts';
import {
  judgeLatency,
  type LatencyMeasurement,
  latencyReport,
  type Schedule,
} from '../../domain/smoke/latency/latency.ts';
import { failureIn, isKeptOut } from '../../domain/smoke/latency/latency-failures.ts';
import type { Route } from '../../domain/smoke/report.ts';
import { keptConnections, latencySchedule } from '../../domain/smoke/tests/latency-tests.ts';
import type { LatencyTest } from '../../domain/smoke/tests/test.ts';
import type { Run } from '../run/context.ts';
import { blockedTry, type TestGround, type Try } from './context.ts';
import { foundWithin } from './in-cluster-calls.ts';
import { along } from './pod-connection.ts';

/** Measurements from outside the cluster take turns, so that they do not slow each other. */
export async function tryLatency(run: Run, test: LatencyTest, ground: TestGround): Promise<Try> {
  const schedule = { ...latencySchedule, timeout: Math.max(ground.deadline, 2 * test.threshold) };
  const samples = await measuredWithin(test, schedule, ground);
  if (samples !== undefined && !isKeptOut(samples)) return judged(test, { samples }, 'cluster-job');
  const { inTurn = (work) => work() } = ground;
  return inTurn(() => measuredFromHere(run, test, schedule, ground));
}

function callOf({ scheme, serverName, verify, request, ca }: LatencyTest) {
  return { ...request, scheme, serverName, verify, ...(ca === undefined ? {} : { ca }) };
}

async function measuredWithin(
  test: LatencyTest,
  schedule: Schedule,
  ground: TestGround,
): Promise<LatencyMeasurement['samples'] | undefined> {
  const { reach, expect } = test;
  const host = reach.type === 'direct' ? reach.host : ground.addressOf?.(reach.pod);
  if (host === undefined) return undefined;
  const call = { ...callOf(test), host, port: reach.port };
  return foundWithin<'latency'>(ground, { what: 'latency', call, schedule, expect });
}

interface Measured {
  readonly measurement?: LatencyMeasurement;
  readonly fault?: ConnectionFault;
}

async function measuredFromHere(
  run: Run,
  test: LatencyTest,
  schedule: Schedule,
  ground: TestGround,
): Promise<Try> {
  const { title, expect, reach } = test;
  const options = {
    failureIn: (answer: HttpAnswer) => failureIn(answer, expect, run.clock.now()),
    ...(reach.type === 'pod' ? { kept: keptConnections } : {}),
    signal: run.signal,
  };
  const reached = await along<Measured>(run, reach, ground, {
    dialled: async (host, port) => ({
      measurement: await run.probes.measure({ ...callOf(test), host, port }, schedule, options),
    }),
    proxied: 'response times',
    // Failures of single requests count; if none succeeded, the route may be the cause.
    faultIn: ({ measurement }) =>
      measurement?.samples.some(({ ok }) => ok)
        ? undefined
        : { kind: 'other', message: 'no request succeeded' },
    failed: (fault) => ({ fault }),
  });
  if ('blocked' in reached) return blockedTry(title, reached);
  const { route } = reached;
  const { measurement, fault } = reached.answer;
  if (measurement !== undefined) return judged(test, measurement, route);
  const why = fault ?? { kind: 'other', message: 'not measured' };
  return { judgement: judgeConnection(title, why), evidence: { route } };
}

/** The name of a route with its own overhead. */
const costly: Partial<Record<Route, string>> = {
  'port-forward': 'port-forward',
  'api-proxy': 'the API server’s proxy',
};

function judged({ title, threshold }: LatencyTest, measurement: LatencyMeasurement, route: Route): Try {
  const latency = latencyReport(measurement, { rate: latencySchedule.rate, threshold });
  const { message, ...verdict } = judgeLatency(latency, costly[route]);
  return { judgement: { ...verdict, message: `${title}: ${message}.` }, evidence: { route, latency } };
}
