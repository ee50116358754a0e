/** The routes to a Service as a whole in order, and what a response over each of them proves. Pure. */
import { listAt, numberAt, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { type ConnectionFault, judgeConnection } from '../http/connection.ts';
import { judgeAnswer } from '../http/expectations.ts';
import type { HttpAnswer, HttpTarget } from '../http/http-answer.ts';
import type { Judgement } from '../judgement.ts';
import { type Entrances, entrancesTo } from './ingress-routes.ts';
import { uncarried } from './pod-routes.ts';
import type { ServiceTest, ServiceWay } from './test.ts';

type Call = Omit<ServiceTest, 'ways'>;

/** From within, then as users come in, then by what only a runner inside can dial; the API server's proxy last, for what it can carry. */
export function serviceWays(
  service: KubernetesObject,
  call: Call,
  entrances: Entrances,
  authorities?: string,
): readonly ServiceWay[] {
  const clusterIp = textAt(service, 'spec', 'clusterIP');
  const isHeadless = clusterIp === undefined || clusterIp === 'None' || clusterIp === '';
  return [
    { route: 'cluster-job', title: 'the Job in the cluster' },
    ...balancers(service, call),
    ...(call.anyAnswer ? [] : entered(service, call, entrances, authorities)),
    ...(entrances.isInside && !isHeadless ? [clusterAddress(clusterIp, call)] : []),
    ...(!isHeadless && uncarried(call) === undefined
      ? [{ route: 'api-proxy', title: 'the API server’s proxy' } as const]
      : []),
  ];
}

function balancers(service: KubernetesObject, call: Call): readonly ServiceWay[] {
  if (textAt(service, 'spec', 'type') !== 'LoadBalancer') return [];
  const [given] = listAt(service, 'status', 'loadBalancer', 'ingress');
  const name = textAt(given, 'hostname');
  const host = textAt(given, 'ip') ?? name;
  if (host === undefined) return [];
  const target = { ...direct(call, host), ...(name === undefined ? {} : { serverName: name }) };
  return [{ route: 'load-balancer', title: `LoadBalancer address ${host}:${call.port}`, target }];
}

function clusterAddress(host: string, call: Call): ServiceWay {
  return { route: 'cluster-ip', title: `ClusterIP ${host}:${call.port}`, target: direct(call, host) };
}

/** The certificate of a Service is mostly that of an authority of the cluster's own. */
function direct({ scheme, port, serverName }: Call, host: string): HttpTarget {
  return { scheme, host, port, serverName, verify: false };
}

function entered(
  service: KubernetesObject,
  call: Call,
  entrances: Entrances,
  ca: string | undefined,
): readonly ServiceWay[] {
  const { port, request } = call;
  const entry = listAt(service, 'spec', 'ports').find((one) => numberAt(one, 'port') === port);
  const portName = textAt(entry, 'name');
  const { name: own, namespace = '' } = service.metadata;
  const wanted = { service: own, namespace, port, path: request.path };
  return entrancesTo({ ...wanted, ...(portName === undefined ? {} : { portName }) }, entrances).map(
    ({ route, scheme, address, port: outer, host }) => ({
      route,
      title: `${route === 'ingress' ? 'Ingress' : 'Gateway'} host ${host ?? address} at ${address}:${outer}`,
      target: {
        scheme,
        host: address,
        port: outer,
        verify: true,
        ...(ca === undefined ? {} : { ca }),
        ...(host === undefined ? {} : { serverName: host }),
      },
    }),
  );
}

/** It proves nothing about the Service; the next route may. Ends a sentence, may contain untrusted text. */
interface Undecided {
  readonly undecided: string;
}

/** Network policies and meshes that require a client certificate respond to unknown pods like this on purpose. */
const keptOut: ReadonlySet<ConnectionFault['kind']> = new Set(['timeout', 'unreachable', 'reset']);

const outside: ReadonlySet<string> = new Set(['load-balancer', 'ingress', 'gateway']);

/** Statuses that a proxy in front of a Service returns itself: login required, unknown host, rate limit. */
const ofTheFront: ReadonlySet<number> = new Set([401, 404, 407, 429]);

/**
 * What an answer proves. From outside nothing but an answer does, and an expired certificate: who is not let in may merely be in the
 * wrong network. A 403 that is not expected is what the policy of a mesh answers to callers that it does not know; that of the
 * service itself shows in the tests of its pods.
 */
export function judgeThrough(
  test: Call,
  route: ServiceWay['route'],
  answer: HttpAnswer,
  now: number,
): Judgement | Undecided {
  const { title, expect, anyAnswer } = test;
  const { error, status } = answer;
  if (error !== undefined) {
    const isProof = outside.has(route) ? error.kind === 'tls-expired' : !keptOut.has(error.kind);
    if (!isProof) return { undecided: `no answer (${error.message})` };
    const isListening = anyAnswer && error.kind !== 'refused' && error.kind !== 'dns';
    return isListening ? someoneListens(title) : judgeConnection(title, error);
  }
  const judged = judgeAnswer(title, answer, expect, now);
  if (status === 403 && (anyAnswer || judged.outcome === 'failed')) {
    return { undecided: 'answered 403, as the policy of a mesh does for unknown callers' };
  }
  if (anyAnswer) return someoneListens(title);
  const isFront = route === 'ingress' || route === 'gateway';
  if (isFront && mayBeTheFront(judged, status ?? 0, expect.status)) {
    return { undecided: `answered ${status}, possibly not from the Service` };
  }
  return judged;
}

function mayBeTheFront(
  { outcome }: Judgement,
  status: number,
  wanted: ServiceTest['expect']['status'],
): boolean {
  const isRedirect = status >= 300 && status < 400 && wanted === undefined;
  return isRedirect || (outcome === 'failed' && ofTheFront.has(status));
}

function someoneListens(title: string): Judgement {
  return { outcome: 'passed', message: `${title}: the port accepts connections.` };
}

/** A route that was tried before, and why it was inconclusive. */
export interface Tried {
  readonly title: string;
  readonly why: string;
}

/** The judgement over the deciding route, with the routes tried before. */
export function withTried(judgement: Judgement, by: string, tried: readonly Tried[]): Judgement {
  if (tried.length === 0) return judgement;
  return { ...judgement, message: `${judgement.message} So by ${by}; ${inWords(tried)}.` };
}

/** The inconclusive judgement of a Service, with each way that was tried and why it decided nothing. */
export function undecidedService(title: string, tried: readonly Tried[]): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'no-route',
    message: `${title}, is inconclusive: ${tried.length === 0 ? 'there is no route to it from here' : inWords(tried)}.`,
    remedy:
      'Let the probe run in the cluster (`smoke-image`, docs/role.yaml), and allow pods with the label orion.dev/smoke-job to call the Service.',
  };
}

function inWords(tried: readonly Tried[]): string {
  return tried.map(({ title, why }) => `${title}: ${why.replace(/[.\s]+$/, '')}`).join('; ');
}
