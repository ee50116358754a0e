/** Writes at which an admission webhook does not answer: it may come, or come back, with this very release or undo. */
import type { ClusterPort } from './ports.ts';
import type { Run } from './run.ts';

/** Milliseconds: its pods are not up yet, or its bundle of authorities is not filled in. */
const longest = 60_000;
const pause = 1000;
/** It did not answer; what it refuses, it says in other words. Source: `ErrCallingWebhook` of k8s.io/apiserver. */
const unanswered = /failed calling webhook/;

/** Tries again as long as that may help; any other error, and the last one, is thrown. */
export async function untilWebhooksAnswer<Answer>(
  run: Run,
  cluster: ClusterPort,
  write: () => Promise<Answer>,
): Promise<Answer> {
  const deadline = run.clock.now() + Math.min(longest, run.settings.timeout / 4);
  for (;;) {
    try {
      return await write();
    } catch (error) {
      const message = cluster.refusalOf(error)?.message ?? '';
      if (!unanswered.test(message) || run.clock.now() >= deadline) throw error;
    }
    await run.clock.wait(pause, run.signal);
  }
}
