/** Writes the pending record, before the first change (release state rows 4, 15, 20). */
import { Fault } from '../../domain/failure/fault.ts';
import { titleOf } from '../../domain/kubernetes/objects.ts';
import type { PlannedChange } from '../../domain/plan/changes.ts';
import type { ReleaseBody, ReleaseHead, StateBefore } from '../../domain/release/record.ts';
import { madeOf } from '../../domain/undo/created.ts';
import { takenOver } from '../../domain/undo/inherit-state.ts';
import { withinReach } from '../../domain/undo/reach.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import { notice, type Run, reachOf } from '../run/context.ts';
import type { Hold } from './lock.ts';

interface OpenRecord {
  readonly release: StoredRelease;
  readonly body: ReleaseBody;
}

/**
 * Creates the record with the previous states in its body. Throws a Fault `lock-lost` where another run took the number first.
 */
export async function openRecord(
  run: Run,
  namespace: string,
  hold: Hold,
  changes: readonly PlannedChange[],
  options: {
    readonly planDigest: string;
    /** The state in which this release found each object that it may change. */
    readonly before: readonly StateBefore[];
    readonly createdNamespace: boolean;
    readonly earlier?: ReleaseBody['earlier'];
    readonly jobInSteps?: boolean;
  },
): Promise<OpenRecord> {
  const records = await run.records(namespace);
  const number = hold.nextNumber;
  const head: Omit<ReleaseHead, 'body'> = {
    version: 1,
    app: run.app,
    number,
    status: 'pending',
    overlay: run.settings.overlay,
    run: run.identity,
    phase: 'apply',
    jobInSteps: options.jobInSteps ?? false,
    startedAt: new Date(run.clock.now()).toISOString(),
    planDigest: options.planDigest,
    ...(run.ledger.approval === undefined ? {} : { approval: run.ledger.approval }),
    rollback: run.settings.rollback,
    createdNamespace: options.createdNamespace || (hold.predecessor?.release.head.createdNamespace ?? false),
    ...(run.returnsTo === undefined ? {} : { returnsTo: run.returnsTo }),
    ...(hold.predecessor === undefined ? {} : { takesOver: hold.predecessor.release.name }),
  };
  // Undo must restore the state before an unfinished release, never the state that it left.
  const before = takenOver(options.before, inheritedFrom(run, namespace, hold), {
    made: madeOf(hold.predecessor?.body.inventory ?? []),
    recordedAt: hold.predecessor?.release.createdAt,
  });
  const { earlier = [] } = options;
  const body: ReleaseBody = {
    rendered: changes.map((change) => change.desired),
    before,
    inventory: [],
    ...(earlier.length === 0 ? {} : { earlier }),
  };
  const release = await records.create(head, body);
  return { release, body };
}

/** What the record of an unfinished release says of the state before it, as far as this release may reach. */
function inheritedFrom(run: Run, namespace: string, { predecessor }: Hold): readonly StateBefore[] {
  const { before, refused } = withinReach(predecessor?.body.before ?? [], new Map(), reachOf(run, namespace));
  for (const { entry, problem } of refused) {
    notice(run, {
      reason: problem.reason,
      message: `${titleOf(entry.reference)} is not taken over from ${predecessor?.release.name}: ${problem.message}`,
      remedy: problem.remedy,
      object: entry.reference,
    });
  }
  return before;
}

/** From here on post or a later run can settle the release. */
export function announceRelease(run: Run, namespace: string, { name }: StoredRelease): void {
  run.ledger.release = name;
  run.remember('release', name);
  run.remember('namespace', namespace);
  run.remember('holder', run.identity.holder);
}

/**
 * Written to both records. The pending one was the lock of a dead run, whose post may be closing it at this moment;
 * then only the successor is added.
 */
export async function markTakenOver(run: Run, namespace: string, hold: Hold, by: string): Promise<void> {
  if (hold.predecessor === undefined) return;
  const { release } = hold.predecessor;
  const records = await run.records(namespace);
  const abandoned = {
    status: 'abandoned',
    message: 'Its run died; a later run has taken over its previous state.',
  } as const;
  const mark = (current: StoredRelease): Promise<StoredRelease> =>
    records.update(current, {
      ...(current.head.status === 'pending' ? abandoned : {}),
      takenOverBy: by,
    });
  try {
    await mark(release);
  } catch (error) {
    const current = (await records.list()).releases.find(({ name }) => name === release.name);
    if (!(error instanceof Fault) || error.reason !== 'lock-lost' || current === undefined) throw error;
    await mark(current);
  }
}
