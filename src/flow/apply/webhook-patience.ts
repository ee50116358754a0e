/** Writes at which an admission webhook does not answer: it may come, or come back, with this very release or undo. */
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Run } from '../run/context.ts';

/**
 * What is worth another try, and how long, milliseconds. It did not answer (`ErrCallingWebhook` of k8s.io/apiserver): its pods are not up yet, or
 * its bundle of authorities is not filled in. Or it answered from a cache that has not what was written a moment ago.
 */
const passing: readonly (readonly [words: RegExp, longest: number])[] = [
  [/failed calling webhook/, 60_000],
  [/admission webhook "[^"]*" denied the request: .*\bnot found/s, 10_000],
];
const pause = 1000;

/** Tries again as long as that may help; any other error, and the last one, is thrown. */
export async function untilWebhooksAnswer<Answer>(
  run: Run,
  cluster: ClusterPort,
  write: () => Promise<Answer>,
): Promise<Answer> {
  const startedAt = run.clock.now();
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const message = cluster.refusalOf(error)?.message ?? '';
      const longest = passing.find(([words]) => words.test(message))?.[1] ?? 0;
      if (run.clock.now() >= startedAt + Math.min(longest, run.settings.timeout / 4)) throw error;
    }
    await run.clock.wait(pause, run.signal);
  }
}
