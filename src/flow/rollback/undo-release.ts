/** A release that the process which made it has left is undone, and its record closed (STATES rows 12, 16, 18, 25). */

import type { Reason } from '../../domain/failure/reasons.ts';
import { responsible } from '../../domain/release/record.ts';
import type { LeaseHold, StoredRelease } from '../../ports/release-store.ts';
import { takeBackNamespace } from '../apply/namespace.ts';
import { hideSecrets } from '../preflight/facts.ts';
import { ensureHeld } from '../record/lock.ts';
import type { Run } from '../run/context.ts';
import { inPhase } from '../run/phase.ts';
import { statusOfUndone, type Undone, undo } from './undo.ts';

export interface LeftRelease {
  /** Pending, and this job's to undo. */
  readonly release: StoredRelease;
  readonly lease: LeaseHold;
  readonly namespace: string;
}

/**
 * @param said how the release failed or stopped: stays in its record, in front of what came of the undo
 * @throws whatever leaves the undo unfinished; the record then stays pending
 */
export async function undoRecord(
  run: Run,
  { release: opened, lease, namespace }: LeftRelease,
  said: { readonly reason: Reason; readonly message: string },
): Promise<Undone> {
  const [cluster, records] = [await run.connect(), await run.records(namespace)];
  let release = opened;
  const body = await records.readBody(release);
  hideSecrets(run, body.rendered);
  const { holder } = responsible(release.head);
  const undone = await inPhase(
    run,
    'rollback',
    () =>
      undo({
        run,
        cluster,
        namespace,
        release,
        body,
        ensureHeld: () => ensureHeld(run, namespace, lease, release, holder),
        keepBefore: async (before) => {
          release = await records.replaceBody(release, { ...body, before });
        },
      }),
    ({ outcome }) => (outcome === 'rolled-back' ? 'passed' : 'failed'),
  );
  run.ledger.workloads = undone.workloads;
  run.ledger.failures = undone.failures;
  await records.update(release, {
    status: statusOfUndone(undone),
    phase: 'rollback',
    reason: said.reason,
    message: `${said.message} ${undone.message}`,
    finishedAt: new Date(run.clock.now()).toISOString(),
  });
  if (undone.outcome === 'rolled-back' && release.head.createdNamespace === true)
    await takeBackNamespace(run, cluster, namespace);
  return undone;
}
