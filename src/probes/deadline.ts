/** Ends pending work at a deadline or when the run is stopped. */
import type { ProbeLimits } from '../domain/smoke/http/connection.ts';

/**
 * Runs `work`; at the deadline, or when the run stops, `stop` is called, which must make `work` end. A stopped run
 * rejects with its reason; `isOver` identifies the deadline.
 */
export async function withinDeadline<Result>(
  limits: ProbeLimits,
  stop: () => void,
  work: (isOver: () => boolean) => Promise<Result>,
): Promise<Result> {
  limits.signal.throwIfAborted();
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    stop();
  }, limits.deadline);
  limits.signal.addEventListener('abort', stop, { once: true });
  try {
    return await work(() => over);
  } finally {
    clearTimeout(timer);
    limits.signal.removeEventListener('abort', stop);
    limits.signal.throwIfAborted();
  }
}
