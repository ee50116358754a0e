/** The one way in which a request to somebody's server is repeated; which failures pass is the caller's knowledge. */
import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';

/** Answers of a server, or of a proxy before it, that may be others a moment later. */
export const transientStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** Milliseconds that a Retry-After is followed at most. */
export const maxRetryAfter = 10_000;

/** What is repeated, how often and how long. Waits double from `minTimeout` to `maxTimeout`, with jitter. */
interface RetryPolicy {
  /** Repetitions after the first attempt at most. */
  readonly retries: number;
  /** Milliseconds before the first repetition. */
  readonly minTimeout: number;
  /** Milliseconds between two attempts at most; default: no limit but `retries`. */
  readonly maxTimeout?: number;
  /** Milliseconds after which no further attempt is begun; default: no limit but `retries`. */
  readonly patience?: number;
  /** Ends the waiting; the attempt itself listens to it on its own. */
  readonly signal?: AbortSignal | undefined;
  /** Whether what attempt `number`, counted from 1, failed with may pass. */
  readonly isTransient: (error: unknown, number: number) => boolean;
  /** Milliseconds that the server asks to be left alone (Retry-After); 0 where it does not say. */
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
      // p-retry adds its own wait, with jitter, to this one: clients that were all told "1 s" spread out.
      if (retriesLeft === 0 || !isTransient(error, attemptNumber)) return;
      const wait = Math.min(retryAfter(error), maxRetryAfter, patience ?? maxRetryAfter);
      if (wait > 0) await delay(wait, undefined, cancellable);
    },
  });
}
