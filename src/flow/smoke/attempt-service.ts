/** One try of a Service as a whole: its ways in their order, until one decides. */
import type { HttpAnswer } from '../../domain/smoke/http/http-answer.ts';
import { hasNoEndpoints } from '../../domain/smoke/tests/pod-routes.ts';
import {
  judgeThrough,
  type Tried,
  undecidedService,
  withTried,
} from '../../domain/smoke/tests/service-routes.ts';
import type { ServiceTest, ServiceWay } from '../../domain/smoke/tests/test.ts';
import type { Run } from '../run/context.ts';
import type { TestGround, Try } from './context.ts';
import { foundWithin } from './in-cluster-calls.ts';
import { answerOf, unanswered } from './proxy-response.ts';

export async function tryService(run: Run, test: ServiceTest, ground: TestGround): Promise<Try> {
  const tried: Tried[] = [];
  for (const way of test.ways) {
    const answer = await ask(run, test, way, ground);
    // That no probe runs in the cluster is said once, not with every Service.
    if (answer === undefined) continue;
    const judged =
      'unavailable' in answer
        ? { undecided: answer.unavailable }
        : judgeThrough(test, way.route, answer, run.clock.now());
    if ('unavailable' in answer || 'undecided' in judged) {
      tried.push({ title: way.title, why: 'undecided' in judged ? judged.undecided : '' });
      continue;
    }
    const { status, milliseconds } = answer;
    return {
      judgement: withTried(judged, way.title, tried),
      evidence: { route: way.route, milliseconds, ...(status === undefined ? {} : { status }) },
    };
  }
  return { judgement: undecidedService(test.title, tried), evidence: {} };
}

type Answer = HttpAnswer | { readonly unavailable: string };

async function ask(
  run: Run,
  test: ServiceTest,
  way: ServiceWay,
  ground: TestGround,
): Promise<Answer | undefined> {
  const { request, scheme, host, port, serverName } = test;
  const { deadline } = ground;
  switch (way.route) {
    case 'cluster-job': {
      // Inside, a Service's certificate is mostly that of an authority of the cluster's own.
      const call = { ...request, scheme, host, port, serverName, verify: false };
      return foundWithin<'http'>(ground, { what: 'http', call, deadline });
    }
    case 'api-proxy':
      return byProxy(test, ground);
    default:
      return run.probes.callHttp({ ...request, ...way.target }, { deadline, signal: run.signal });
  }
}

async function byProxy({ service, port, request }: ServiceTest, ground: TestGround): Promise<Answer> {
  const { deadline, inside } = ground;
  if (inside?.cluster.callService === undefined) return { unavailable: 'there is no such way' };
  const { cluster, namespace } = inside;
  const call = { namespace, service, port, path: request.path, deadline };
  const said = await cluster.callService?.(call).catch(unanswered);
  if (said === undefined) return { unavailable: 'there is no such way' };
  if (hasNoEndpoints(said.status, said.body)) return { unavailable: 'it knows of no endpoint' };
  const answer = answerOf(said);
  return 'blocked' in answer
    ? { unavailable: 'this identity may not use it (`get` on services/proxy)' }
    : answer;
}
