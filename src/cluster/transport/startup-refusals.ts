import { type ApiError, isUnauthorizedCall } from './api-error.ts';
import { isBrokenConnection } from './connection-errors.ts';

interface Call {
  readonly method: string;
  readonly path: string;
}

/** Milliseconds after a lost connection during which the server may just be starting. */
const startTime = 30_000;

/**
 * Recognises refusals of an API server that is starting: until it has read tokens and roles, it refuses everything
 * with 401 and 403. These are refusals of calls that were allowed before in this session, and of all calls shortly
 * after a lost connection: the first delete of a run may hit the restart. Time is in milliseconds.
 */
export function refusalsOfStart(now: () => number) {
  const allowed = new Set<string>();
  let lostAt = Number.NEGATIVE_INFINITY;
  const known = (call: Call) => allowed.has(callOf(call)) || (allowed.size > 0 && now() - lostAt < startTime);

  return {
    noteAllowed(call: Call): void {
      if (provesCredentials(call)) allowed.add(callOf(call));
    },
    noteFailure(error: unknown): void {
      if (isBrokenConnection(error)) lostAt = now();
    },
    mayBeOne(call: Call, error: ApiError): boolean {
      return error.status === 401 ? allowed.size > 0 : isUnauthorizedCall(error) && known(call);
    },
  };
}

/** Names of objects are ignored for writes: if one was allowed, so are the others. */
function callOf({ method, path }: Call): string {
  const named = method === 'PATCH' || method === 'PUT' || method === 'DELETE';
  return `${method} ${named ? path.slice(0, path.lastIndexOf('/')) : path}`;
}

/** Everybody may read the version, even with invalid credentials. */
function provesCredentials({ path }: Call): boolean {
  return path !== '/version';
}
