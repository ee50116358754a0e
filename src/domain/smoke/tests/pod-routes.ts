/** Interprets failures of the routes to a pod, and what a route cannot carry. Pure. */
import type { Notice } from '../../failure/notice.ts';
import { type ConnectionFault, type ConnectionFaultKind, oneLine } from '../http/connection.ts';
import type { Judgement } from '../judgement.ts';
import type { HttpTest } from './test.ts';

/** No route was available: nothing is known about the target. */
export interface Blocked {
  /** The end of a sentence, without a full stop; may contain untrusted text. */
  readonly blocked: string;
  readonly remedy?: string;
  /** The route may become available. */
  readonly again?: boolean;
}

/** The judgement of a test without a route; `title` begins the sentence. */
export function notReached(title: string, { blocked, remedy }: Blocked): Judgement {
  return {
    outcome: 'inconclusive',
    reason: 'no-route',
    message: `${title} was not tested: ${oneLine(blocked, 400)}.`,
    remedy: remedy ?? 'Check that port-forwards work from here: kubectl port-forward.',
  };
}

/**
 * Faults without a response of the server: a firewall, a different network or an internal DNS name all look like
 * this.
 */
const unreached: ReadonlySet<ConnectionFaultKind> = new Set([
  'refused',
  'timeout',
  'dns',
  'unreachable',
  'reset',
]);

/** Whether a firewall or another network could have caused this fault: then nothing is known of the target. */
export function isUnreached({ kind }: ConnectionFault): boolean {
  return unreached.has(kind);
}

/** An address outside the pods that was unreachable from these places: the pods may have access where we do not. */
export function nobodyReaches(
  title: string,
  tried: readonly { readonly place: string; readonly fault: ConnectionFault }[],
): Judgement {
  const from = tried.map(({ place, fault }) => `from ${place} (${oneLine(fault.message, 120)})`);
  return {
    outcome: 'inconclusive',
    reason: 'not-reachable-from-here',
    message: `${title} was not tested: it cannot be reached ${from.length === 0 ? 'where no probe runs' : from.join(', nor ')}.`,
    remedy:
      'This is expected if only the pods may connect to it: skip a database with smoke.databases.NAME: {skip: true}. If they cannot either, check its address, DNS and firewall.',
  };
}

/** Reported once per run; `why` ends a sentence and may contain untrusted text. */
export function probeUnavailable(why: string): Notice {
  return {
    reason: 'probe-unavailable',
    message: `No probe ran inside the cluster (${oneLine(why, 160).replace(/[.\s]+$/, '')}): smoke tests ran from this runner.`,
    remedy:
      'Name an image that the nodes can pull in smoke-image, and allow `create` and `delete` on jobs (docs/role.yaml).',
  };
}

/**
 * What the API server's proxy cannot carry of this call, in a word; undefined if it can carry all of it. It makes its
 * own TLS connection to the pod and verifies no certificate, sends a GET without our headers, and returns only status
 * and body of the response.
 */
export function uncarried({ scheme, request, expect }: ProxiedCall): string | undefined {
  if (scheme === 'https') return 'TLS';
  if (request.method !== 'GET' || request.body !== undefined) return `${request.method} request`;
  const sent = Object.keys(request.headers ?? {}).length > 0;
  return sent || Object.keys(expect.headers ?? {}).length > 0 ? 'headers' : undefined;
}

type ProxiedCall = Pick<HttpTest, 'scheme' | 'request' | 'expect'>;

/** The API server's message that a Service has no endpoints. */
export function hasNoEndpoints(status: number | undefined, body: string): boolean {
  return status === 503 && /no endpoints available for service/.test(body);
}

/** True if the API server itself refuses: this identity may not use its proxy. */
export function isProxyForbidden(status: number | undefined, body: string): boolean {
  return status === 403 && /"kind":\s*"Status"/.test(body) && /cannot \w+ resource \\?"\w+\/proxy/.test(body);
}

const kinds: readonly (readonly [RegExp, ConnectionFaultKind])[] = [
  [/connection refused/, 'refused'],
  [/no route to host|network is unreachable/, 'unreachable'],
  [/time(d )?out|deadline exceeded/, 'timeout'],
  [/no such host/, 'dns'],
  [/connection reset|broken pipe|EOF$/, 'reset'],
];

/**
 * Reads the words of Go about a dial that failed, as they are in the kubelet's word on a port-forward and in the API server's
 * on its proxy: `… IPv4: dial tcp4 127.0.0.1:9: connect: connection refused IPv6 dial tcp6 …`.
 */
export function dialFault(words: string): ConnectionFault {
  const said = /dial tcp\S* .*?(?= IPv6|$)/s.exec(words)?.[0] ?? words;
  const kind = kinds.find(([pattern]) => pattern.test(said))?.[1] ?? 'other';
  return { kind, message: oneLine(said) };
}

/**
 * Why the API server's proxy reached nothing; undefined for an answer of the pod itself. Its own answer is a 503 with a Status;
 * source: k8s.io/apimachinery/pkg/util/proxy/upgradeaware.go and the transport's `error trying to reach service`.
 */
export function proxyFault(status: number | undefined, body: string): ConnectionFault | undefined {
  const words = /error trying to reach service: ([^"]*)/.exec(body)?.[1];
  return status === 503 && words !== undefined ? dialFault(words) : undefined;
}
