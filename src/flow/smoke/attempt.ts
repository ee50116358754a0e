/** One attempt of a smoke test: the route, the call, the judgement. */
import { judgeAnswer } from '../../domain/smoke/http/expectations.ts';
import type { HttpAnswer } from '../../domain/smoke/http/http-answer.ts';
import type { Route } from '../../domain/smoke/report.ts';
import { uncarried } from '../../domain/smoke/tests/pod-routes.ts';
import type { HttpTest, SmokeTest } from '../../domain/smoke/tests/test.ts';
import type { Run } from '../run/context.ts';
import { tryDatabase } from './attempt-database.ts';
import { tryJourney } from './attempt-journey.ts';
import { tryLatency } from './attempt-latency.ts';
import { tryService } from './attempt-service.ts';
import { blockedTry, type TestGround, type Try } from './context.ts';
import { foundWithin } from './in-cluster-calls.ts';
import { fromOutside } from './outside-address.ts';
import { along } from './pod-connection.ts';
import { answerOf, unanswered } from './proxy-response.ts';

/** One try by the test's own protocol. That nothing reaches its target from here is inconclusive, and not thrown. */
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
    default:
      return tryDatabase(run, test, ground);
  }
}

async function tryHttp(run: Run, test: HttpTest, ground: TestGround): Promise<Try> {
  const { scheme, serverName, verify, request, title, reach } = test;
  const { deadline } = ground;
  const ca = test.ca === undefined ? {} : { ca: test.ca };
  const call = { ...request, scheme, serverName, verify, ...ca };
  const faultIn = ({ error }: HttpAnswer) => error;
  const dialled = (host: string, port: number) =>
    run.probes.callHttp({ ...call, host, port }, { deadline, signal: run.signal });
  if (reach.type === 'direct') {
    const { host, port } = reach;
    const found = await fromOutside(title, undefined, ground, {
      within: () => foundWithin<'http'>(ground, { what: 'http', call: { ...call, host, port }, deadline }),
      here: () => dialled(host, port),
      faultIn,
    });
    return 'unreached' in found ? { judgement: found.unreached, evidence: {} } : answered(run, test, found);
  }
  const reached = await along<HttpAnswer>(run, reach, ground, {
    dialled,
    proxied:
      uncarried(test) ??
      (async (cluster, namespace, pod, port) =>
        answerOf(
          await cluster
            .callPod({ namespace, pod, port, scheme, path: request.path, deadline })
            .catch(unanswered),
        )),
    faultIn,
    failed: (error) => ({ headers: {}, body: '', milliseconds: 0, error }),
  });
  return 'blocked' in reached ? blockedTry(title, reached) : answered(run, test, reached);
}

function answered(
  run: Run,
  { title, expect }: HttpTest,
  { answer, route }: { readonly answer: HttpAnswer; readonly route: Route },
): Try {
  const { status, milliseconds } = answer;
  return {
    judgement: judgeAnswer(title, answer, expect, run.clock.now()),
    evidence: { route, milliseconds, ...(status === undefined ? {} : { status }) },
  };
}
