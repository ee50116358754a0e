/** The one implementation of retries. The caller decides which failures are transient. */
import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';

/** HTTP statuses of a server, or of a proxy in front of it, that may be transient. */
export const transientStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Longest Retry-After that is honoured, milliseconds. */
export const maxRetryAfter = 10_000;

/** Which failures are retried, how often and how long. Waits double from `minTimeout` to `maxTimeout`, with jitter. */
interface RetryPolicy {
  /** Maximum number of retries after the first attempt. */
  readonly retries: number;
  /** Milliseconds before the first retry. */
  readonly minTimeout: number;
  /** Maximum milliseconds between two attempts; default: no limit but `retries`. */
  readonly maxTimeout?: number;
  /** Milliseconds after which no further attempt is started; default: no limit but `retries`. */
  readonly patience?: number;
  /** Ends the waiting; the attempt itself must observe it too. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the error of attempt `number`, counted from 1, is transient. */
  readonly isTransient: (error: unknown, number: number) => boolean;
  /** Milliseconds that the server asks to wait (Retry-After); 0 if it does not say. */
  readonly retryAfter: (error: unknown) => number;
}

/**
 * Runs `attempt`, which gets its number, from 1, until it succeeds or `policy` ends it.
 * @throws what the last attempt threw, or the reason of the signal
 */
export async function retry<T>(attempt: (number: number) => Promise<T>, policy: RetryPolicy): Promise<T> {
  const { retries, minTimeout, maxTimeout, patience, signal, isTransient, retryAfter } = policy;
  const cancellable = signal === undefined ? {} : { signal };
  return pRetry(attempt, {
    retries,
    minTimeout,
    randomize: true,
    ...cancellable,
    ...(maxTimeout === undefined ? {} : { maxTimeout }),
    ...(patience === undefined ? {} : { maxRetryTime: patience }),
    shouldRetry: ({ error, attemptNumber }) => isTransient(error, attemptNumber),
    onFailedAttempt: async ({ error, retriesLeft, attemptNumber }) => {
      // p-retry adds its own wait, with jitter, to this one: clients that all got the same Retry-After spread out.
      if (retriesLeft === 0 || !isTransient(error, attemptNumber)) return;
      const wait = Math.min(retryAfter(error), maxRetryAfter, patience ?? maxRetryAfter);
      if (wait > 0) await delay(wait, undefined, cancellable);
    },
  });
}
