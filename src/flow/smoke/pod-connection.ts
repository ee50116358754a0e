/** The routes to one pod: a port-forward, then the API server's proxy for calls that it can carry. */
import { Fault } from '../../domain/failure/fault.ts';
import type { ConnectionFault } from '../../domain/smoke/http/connection.ts';
import type { Route } from '../../domain/smoke/report.ts';
import { type Blocked, dialFault } from '../../domain/smoke/tests/pod-routes.ts';
import type { Reach } from '../../domain/smoke/tests/test.ts';
import type { ClusterPort, PortForward } from '../../ports/cluster.ts';
import type { Run } from '../run/context.ts';
import type { TestGround } from './context.ts';

interface Ways<Answer> {
  dialled(host: string, port: number): Promise<Answer>;
  /** By the API server's proxy; or what it cannot carry of this: `TLS`. */
  readonly proxied:
    | string
    | ((cluster: ClusterPort, namespace: string, pod: string, port: number) => Promise<Answer | Blocked>);
  /** Why there is no answer in this one. */
  faultIn(answer: Answer): ConnectionFault | undefined;
  failed(fault: ConnectionFault): Answer;
  /** A refusal at the pod's loopback address counts, although it may listen on its other address only. */
  readonly refusalCounts?: true;
}

type Reached<Answer> = { readonly answer: Answer; readonly route: Route } | Blocked;

/** Uses the first available route, and always closes it. */
export async function along<Answer>(
  run: Run,
  reach: Reach,
  { inside }: Pick<TestGround, 'inside'>,
  ways: Ways<Answer>,
): Promise<Reached<Answer>> {
  if (reach.type === 'direct') {
    return { answer: await ways.dialled(reach.host, reach.port), route: 'direct' };
  }
  if (inside === undefined) throw new Error('A pod cannot be reached without a cluster.');
  const { cluster, namespace } = inside;
  const byProxy = async (blocked: Blocked): Promise<Reached<Answer>> => {
    if (typeof ways.proxied === 'string') {
      return { ...blocked, blocked: `${blocked.blocked}; the API server’s proxy carries no ${ways.proxied}` };
    }
    const answer = await ways.proxied(cluster, namespace, reach.pod, reach.port);
    return isBlocked(answer) ? answer : { answer, route: 'api-proxy' };
  };
  const forward = await forwardTo(cluster, namespace, reach, run.signal);
  if ('blocked' in forward) return byProxy(forward);
  if ('gone' in forward) {
    if (typeof ways.proxied !== 'string') return byProxy({ blocked: forward.gone });
    return { answer: ways.failed(dialFault(forward.gone)), route: 'port-forward' };
  }
  try {
    const answer = await ways.dialled(forward.host, forward.port);
    const why = ways.faultIn(answer) && forward.lastError?.();
    if (why === undefined) return { answer, route: 'port-forward' };
    const fault = dialFault(why);
    if (fault.kind === 'refused' && ways.refusalCounts !== true) return await byProxy(loopbackRefused);
    return { answer: ways.failed(fault), route: 'port-forward' };
  } finally {
    await forward.close();
  }
}

/** Port-forwards end at the loopback address of the pod; some listen on its other address only, as probes do not mind. */
const loopbackRefused: Blocked = {
  blocked: 'nothing listens on the loopback address of its pod, where port-forwards end',
  remedy: 'Make the process listen on all addresses of its pod, if it should be tested.',
};

function isBlocked(answer: unknown): answer is Blocked {
  return typeof answer === 'object' && answer !== null && 'blocked' in answer;
}

async function forwardTo(
  cluster: ClusterPort,
  namespace: string,
  { pod, port }: Extract<Reach, { type: 'pod' }>,
  signal: AbortSignal,
): Promise<PortForward | Blocked | { readonly gone: string }> {
  try {
    const forward = await cluster.openPortForward?.({ namespace, pod, port, signal });
    return forward ?? { blocked: 'port-forwards are not available' };
  } catch (error) {
    const refusal = cluster.refusalOf(error);
    if (refusal?.status === 403) {
      return {
        blocked: 'this identity may not forward ports to its pod',
        remedy: 'Grant it `get` and `create` on pods/portforward, see docs/role.yaml.',
      };
    }
    if (refusal?.status === 404) return { gone: refusal.message };
    const isLost = error instanceof Fault && error.reason === 'cluster-unreachable';
    if (refusal === undefined && !isLost) throw error;
    // A node that is away, a proxy on the way that lets no WebSocket through: that is nothing about the pod.
    const words = refusal?.message ?? (error as Fault).message;
    return { blocked: `no port-forward could be opened (${words})`, again: true };
  }
}
