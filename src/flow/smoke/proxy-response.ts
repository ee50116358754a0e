/** The result of the API server's proxy: a response, why there is none, or that the route is not available. */
import { Fault } from '../../domain/failure/fault.ts';
import type { HttpAnswer } from '../../domain/smoke/http/http-answer.ts';
import { type Blocked, isProxyForbidden, proxyFault } from '../../domain/smoke/tests/pod-routes.ts';
import type { EndpointAnswer } from '../../ports/cluster.ts';

/** Tells the statuses of the API server's proxy itself (forbidden, no connection) from those of the pod. */
export function answerOf({ status, body, milliseconds }: EndpointAnswer): HttpAnswer | Blocked {
  if (isProxyForbidden(status, body)) {
    return {
      blocked: 'this identity may neither forward ports to its pod nor call it by the API server’s proxy',
      remedy: 'Grant it `get` and `create` on pods/portforward, see docs/role.yaml.',
    };
  }
  const error = proxyFault(status, body);
  if (error !== undefined) return { headers: {}, body: '', milliseconds, error };
  if (status !== undefined) return { status, headers: {}, body, milliseconds };
  return { headers: {}, body: '', milliseconds, error: { kind: 'other', message: body } };
}

/** A connection to the API server that broke is a try without an answer. */
export function unanswered(error: unknown): EndpointAnswer {
  if (!(error instanceof Fault) || error.reason !== 'cluster-unreachable') throw error;
  return { body: error.message, milliseconds: 0 };
}
