/** Verifies with a list that the watch of the pods is alive. */
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { Run } from '../run/context.ts';

/** Milliseconds for which a list proves that the watch is alive. */
const validity = 500;

/** Proof that the pod watch has not gone silent, asked for before a green verdict. Times are milliseconds since the epoch. */
export interface WatchProof {
  /**
   * Requests the list when it is due, ahead of a passed verdict at `passesAt`, and returns when that will be. Errors
   * are left to `make`.
   */
  ahead(passesAt: number): number;
  /** Whether a list covers this time. */
  holds(): boolean;
  /** Waits for a list; its contents have to be judged. */
  make(): Promise<void>;
}

/**
 * "Up, and stayed up" is concluded from the absence of events, but a watch whose connection died silently has no
 * events either. So the pods are listed once more before the release passes, slightly ahead of time so that the
 * verdict does not wait. Missing pods are left to the watch: a pod may be newer than the list.
 */
export function proveWatch(
  run: Run,
  namespace: string,
  tell: (pods: readonly KubernetesObject[]) => void,
): WatchProof {
  let answeredAt = Number.NEGATIVE_INFINITY;
  let asked: Promise<void> | undefined;
  const list = async (): Promise<void> => {
    const pods = await (await run.connect()).list('v1', 'Pod', namespace);
    run.signal.throwIfAborted();
    answeredAt = run.clock.now();
    tell(pods);
  };
  const ask = (): Promise<void> => {
    asked ??= list().finally(() => {
      asked = undefined;
    });
    return asked;
  };
  return {
    ahead: (passesAt) => {
      const dueAt = passesAt - validity;
      if (asked !== undefined || answeredAt >= dueAt) return Number.POSITIVE_INFINITY;
      if (run.clock.now() < dueAt) return dueAt;
      ask().catch(() => undefined);
      return Number.POSITIVE_INFINITY;
    },
    holds: () => run.clock.now() - answeredAt <= validity,
    make: ask,
  };
}
