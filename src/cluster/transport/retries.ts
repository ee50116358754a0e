import { Fault } from '../../domain/failure/fault.ts';
import { retry, transientStatuses } from '../../retry/retry.ts';
import { ApiError, refusesObject } from './api-error.ts';
import { isBrokenConnection, isTimeout, wasNeverSent } from './connection-errors.ts';

/** Retries of a call that was allowed before and is refused now: 5 to 10 s, as long as an API server takes to start. */
const maxRefusals = 5;

interface RetryLimits {
  /** Milliseconds after which no further attempt is started; 0 for a single attempt. */
  readonly patience: number;
  readonly idempotent: boolean;
  /** Whether a refusal may come from an API server that is starting. */
  readonly mayBeStarting?: (error: ApiError) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** A Fault that it throws ends the retries. */
  readonly beforeRepeat?: (() => Promise<void>) | undefined;
}

/**
 * Runs `attempt`, which gets its number, from 1, until it succeeds, fails permanently, or time runs out; waits grow
 * with jitter and honour Retry-After.
 */
export async function repeating<T>(attempt: (number: number) => Promise<T>, limits: RetryLimits): Promise<T> {
  const attemptAgain = async (number: number): Promise<T> => {
    if (number > 1) await limits.beforeRepeat?.();
    return attempt(number);
  };
  return retry(attemptAgain, {
    retries: limits.patience === 0 ? 0 : 8,
    minTimeout: 150,
    maxTimeout: 4000,
    patience: limits.patience,
    signal: limits.signal,
    isTransient: (error, number) =>
      mayRepeat(error, limits.idempotent) ||
      (error instanceof ApiError && limits.mayBeStarting?.(error) === true && number <= maxRefusals),
    // A starting server responds with spurious 401 and 403, so its Retry-After is ignored too.
    retryAfter: (error) =>
      error instanceof ApiError && mayRepeat(error, limits.idempotent) ? (error.retryAfter ?? 0) * 1000 : 0,
  });
}

function mayRepeat(error: unknown, idempotent: boolean): boolean {
  if (error instanceof Fault || refusesObject(error)) return false;
  if (error instanceof ApiError)
    return isRefusedUndone(error) || (idempotent && transientStatuses.has(error.status));
  if (wasNeverSent(error)) return true;
  return idempotent && (isBrokenConnection(error) || isTimeout(error));
}

/** The server did nothing: too many requests, or concurrent writes for the same ResourceQuota. */
function isRefusedUndone(error: ApiError): boolean {
  return error.status === 429 || (error.status === 409 && error.resource === 'resourcequotas');
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** Reads, dry runs, reviews and server-side apply are idempotent. */
export function isIdempotent(call: Call): boolean {
  return (
    call.method === 'GET' ||
    call.query?.['dryRun'] === 'All' ||
    (call.method === 'PATCH' && call.contentType === 'application/apply-patch+yaml') ||
    (call.method === 'POST' && /\/self[a-z]+reviews$/.test(call.path))
  );
}
