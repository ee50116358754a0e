/** What the ways to a pod say when there is no connection at their end. Pure. */
import { type ConnectionFault, type ConnectionFaultKind, oneLine } from './connection.ts';

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
