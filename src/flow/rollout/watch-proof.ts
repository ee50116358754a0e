/** Is the watch of the pods alive? A list of them tells. */
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { Run } from '../run/context.ts';

/** Milliseconds for which a list speaks for the watch. */
const validity = 500;

/** Proof that the pod watch has not gone silent, asked for before a green verdict. Times are milliseconds since the epoch. */
export interface WatchProof {
  /** Asks for the list if it is time for it, ahead of a green verdict at `passesAt`, and says when that will be. What fails here is left to `make`. */
  ahead(passesAt: number): number;
  /** Whether a list speaks for this moment. */
  holds(): boolean;
  /** Waits for a list; what it tells has to be judged. */
  make(): Promise<void>;
}

/**
 * "Up, and stayed up" is concluded from silence, and a watch whose connection died without a word is silent too: before green
 * the pods are listed once more, a moment ahead, so that the verdict does not wait for it. Absences are left to the watch: a
 * pod may be newer than the list.
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
