/** One attempt of a Service test: its routes in order, until one decides. */
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
import { along } from './pod-connection.ts';
import { answerOf, unanswered } from './proxy-response.ts';

/** A way that leads nowhere says nothing of the Service: the next one is tried, and none left is inconclusive. */
export async function tryService(run: Run, test: ServiceTest, ground: TestGround): Promise<Try> {
  const tried: Tried[] = [];
  for (const way of test.ways) {
    const answer = await ask(run, test, way, ground);
    // A missing probe in the cluster is reported once, not for every Service.
    if (answer === undefined) continue;
    if ('unavailable' in answer) {
      tried.push({ title: way.title, why: answer.unavailable });
      continue;
    }
    const judged = (await isKeptOut(run, test, way, answer, ground))
      ? { undecided: keptOut(answer) }
      : judgeThrough(test, way.route, answer, run.clock.now());
    if ('undecided' in judged) {
      tried.push({ title: way.title, why: judged.undecided });
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

/**
 * Some network plugins answer for a policy that keeps a caller out as a machine does where nobody listens (kube-router, as in k3s and
 * k0s: REJECT with icmp-port-unreachable). A pod that answers by its own port-forward tells the two apart.
 */
async function isKeptOut(
  run: Run,
  { request, scheme, serverName, backing }: ServiceTest,
  { route }: ServiceWay,
  { error }: HttpAnswer,
  ground: TestGround,
): Promise<boolean> {
  if (route !== 'cluster-job' || error?.kind !== 'refused' || backing === undefined) return false;
  if (ground.inside === undefined) return false;
  const { deadline } = ground;
  const reached = await along<HttpAnswer>(run, { type: 'pod', ...backing }, ground, {
    dialled: (host, port) =>
      run.probes.callHttp(
        { ...request, scheme, serverName, verify: false, host, port },
        { deadline, signal: run.signal },
      ),
    proxied: 'such a call',
    refusalCounts: true,
    faultIn: (answer) => answer.error,
    failed: (fault) => ({ headers: {}, body: '', milliseconds: 0, error: fault }),
  });
  return 'answer' in reached && reached.answer.error === undefined;
}

function keptOut({ error }: HttpAnswer): string {
  return `it is refused (${error?.message}), while its pod responds on that port: a network policy may be the cause`;
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
  if (inside?.cluster.callService === undefined) return { unavailable: 'there is no such route' };
  const { namespace } = inside;
  const call = { namespace, service, port, path: request.path, deadline };
  const said = await inside.cluster.callService(call).catch(unanswered);
  if (hasNoEndpoints(said.status, said.body)) return { unavailable: 'it has no endpoint' };
  const answer = answerOf(said);
  return 'blocked' in answer
    ? { unavailable: 'this identity may not use it (`get` on services/proxy)' }
    : answer;
}
