/** Retries writes while an admission webhook does not respond: this release or undo may be what starts it. */
import type { ClusterPort } from '../../ports/cluster.ts';
import type { Run } from '../run/context.ts';

/**
 * Which errors are retried, and how long, milliseconds. The webhook did not respond (`ErrCallingWebhook` of
 * k8s.io/apiserver): its pods are not up yet, or its CA bundle is not filled in. Or it responded from a cache that
 * lacks a recent write.
 */
const passing: readonly (readonly [words: RegExp, longest: number])[] = [
  [/failed calling webhook/, 60_000],
  [/admission webhook "[^"]*" denied the request: .*\bnot found/s, 10_000],
];
const pause = 1000;

/** Retries while that may help; any other error, and the last one, is thrown. */
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
