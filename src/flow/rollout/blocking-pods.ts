/** Deletes the pods that block a StatefulSet from its target revision (see `podsInTheWay`). */
import { podsToFree } from '../../domain/causes/blocked.ts';
import type { Limits, RolloutState } from '../../domain/rollout/state.ts';
import { logLine } from '../../report/log/line.ts';
import { logText } from '../../report/text/escape.ts';
import { notice, type Run } from '../run/context.ts';

export class Freeing {
  private readonly asked = new Set<string>();
  private next = Number.POSITIVE_INFINITY;
  private readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }

  /** When `free` has to be called again if nothing changes until then; milliseconds since the epoch. */
  get nextAt(): number {
    return this.next;
  }

  /** Each pod is deleted at most once. A pod that may not be deleted becomes a cause of failure after a while. */
  free(state: RolloutState, limits: Limits): void {
    const { due, nextAt } = podsToFree(state, this.run.clock.now(), limits);
    this.next = nextAt;
    for (const { object } of due) {
      const { uid = '', name, namespace = '', ownerReferences = [] } = object.metadata;
      if (this.asked.has(uid)) continue;
      this.asked.add(uid);
      const owner = ownerReferences.find(({ controller }) => controller === true)?.name ?? '';
      this.delete({ apiVersion: 'v1', kind: 'Pod', namespace, name }, uid).then(
        () => this.tell(name, owner, limits.restoring === true),
        (error: unknown) => {
          const why = error instanceof Error ? error.message : String(error);
          this.run.log.line(
            logLine(
              this.run.logClock(),
              logText(`Pod ${name} blocks the rollout and could not be deleted: ${why}`),
            ),
          );
        },
      );
    }
  }

  private async delete(
    reference: { apiVersion: string; kind: string; namespace: string; name: string },
    uid: string,
  ): Promise<void> {
    await (await this.run.connect()).delete(reference, uid);
  }

  private tell(name: string, owner: string, restoring: boolean): void {
    const message = `Pod ${name} deleted: it was not ready, and the controller of StatefulSet ${owner} would have waited for it indefinitely.`;
    if (restoring) {
      this.run.log.line(logLine(this.run.logClock(), logText(`  ${message}`)));
      return;
    }
    notice(this.run, {
      reason: 'old-pod-blocks',
      message,
      remedy: 'Nothing to do: its replacement belongs to this release.',
    });
  }
}
