import { type ApiError, isUnauthorizedCall } from './api-error.ts';
import { isBrokenConnection } from './connection-errors.ts';

interface Call {
  readonly method: string;
  readonly path: string;
}

/** Milliseconds after a lost connection in which the server behind it may be one that has just begun to start. */
const startTime = 30_000;

/**
 * Tells a refusal from one of an API server that starts: until it has read tokens and roles, it refuses everything with 401
 * and 403. Such are calls that this session was let do before, and all calls shortly after a connection was lost: the first
 * delete of a run may fall into the restart. Time is in milliseconds.
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

/** Names do not count where something is changed: one of these was allowed, so are the others. */
function callOf({ method, path }: Call): string {
  const named = method === 'PATCH' || method === 'PUT' || method === 'DELETE';
  return `${method} ${named ? path.slice(0, path.lastIndexOf('/')) : path}`;
}

/** Everybody may read the version, also with credentials that nobody knows. */
function provesCredentials({ path }: Call): boolean {
  return path !== '/version';
}
