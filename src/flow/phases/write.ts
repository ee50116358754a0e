/** How a phase changes the cluster: under the lock, and with the previous state on record before the write. */
import type { JsonValue } from '../../domain/kubernetes/objects.ts';
import { keyOf } from '../../domain/kubernetes/objects.ts';
import type { StateBefore } from '../../domain/release/record.ts';
import type { PhaseName } from '../../domain/settings/phases.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { keepBefore } from '../record/close.ts';
import { ensureHeld, underLock } from '../record/lock.ts';
import type { OpenRelease } from '../record/open-release.ts';
import type { ReleaseContext } from './context.ts';

interface Writing {
  /** A write is retried only while the lock is still held. */
  readonly cluster: ClusterPort;
  /** To be called before a write. @throws Fault `lock-lost` */
  ensureHeld(): Promise<void>;
}

/** The cluster for the writes of a phase. Only repeated writes check the lock by themselves: call `ensureHeld` before each. */
export function writingOf({ run, ready, hold, release }: OpenRelease): Writing {
  const stillOurs = (): Promise<void> => ensureHeld(run, ready.target.namespace, hold.lease, release);
  return { cluster: underLock(ready.cluster, stillOurs), ensureHeld: stillOurs };
}

/**
 * Adds to the recorded previous state, from which a rollback restores: before the first write to an object that apply
 * does not write. States already on record are kept: they are older.
 *
 * @throws Fault `lock-lost` when the record is no longer ours
 */
export async function recordBefore(
  { begun }: ReleaseContext,
  open: OpenRelease,
  states: readonly StateBefore[],
): Promise<void> {
  // The inventory of apply is written into the same body.
  await begun.recorded;
  const known = new Set(open.body.before.map(({ reference }) => keyOf(reference)));
  const added = states.filter(({ reference }) => !known.has(keyOf(reference)));
  if (added.length === 0) return;
  const before = [...open.body.before, ...added];
  await keepBefore(open, before);
  open.body = { ...open.body, before };
}

/** Stores data for the same phase in the process of a later step; it is part of the record. */
export function leaveNote({ notes }: OpenRelease, phase: PhaseName, note: JsonValue): void {
  notes.set(phase, note);
}

/** Data that an earlier process stored for this phase, unparsed. */
export function noteOf({ notes }: OpenRelease, phase: PhaseName): JsonValue | undefined {
  return notes.get(phase);
}
