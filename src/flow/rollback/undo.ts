/**
 * Undo: applies the previous state again, deletes what the release created, and watches the restored workloads until
 * they are up (release state rows 6 to 8). It is idempotent: post continues where main stopped.
 */
import type { Failure } from '../../domain/failure/failure.ts';
import {
  groupKindOf,
  type KubernetesObject,
  keyOf,
  type ObjectReference,
  referenceOf,
  titleOf,
} from '../../domain/kubernetes/objects.ts';
import type { ReleaseBody, ReleaseStatus, Remake, StateBefore } from '../../domain/release/record.ts';
import { targetOf } from '../../domain/rollout/target.ts';
import { countOutcomes } from '../../domain/smoke/report.ts';
import { isAwaited } from '../../domain/undo/decision.ts';
import { deleteByHand, restoreByHand } from '../../domain/undo/manual-commands.ts';
import { type UndoPlan, undoPlan } from '../../domain/undo/plan.ts';
import { withinReach } from '../../domain/undo/reach.ts';
import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';
import { isRolloutKind } from '../../domain/workloads/workloads.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import { logLine } from '../../report/log/line.ts';
import { readObjects } from '../plan/live-objects.ts';
import { hideSecrets } from '../preflight/facts.ts';
import { underLock } from '../record/lock.ts';
import { watchRollout } from '../rollout/watch.ts';
import { type Run, reachOf } from '../run/context.ts';
import { diagnoseAloud } from '../run/diagnose.ts';
import { Ledger } from '../run/ledger.ts';
import { testRunning } from '../smoke/running.ts';
import { beginWithAutoscalers } from './autoscalers.ts';
import { stillThere } from './await-deletions.ts';
import { failureOfRefused, tellWhatIsRefused, tellWhatStays } from './refused-and-kept.ts';
import type { Restored } from './restore.ts';
import { deleteAll, restoreAll } from './writes.ts';

/** The input of an undo. `written` and `made` are absent unless this process applied the release. */
export interface UndoWork {
  readonly run: Run;
  readonly cluster: ClusterPort;
  readonly namespace: string;
  readonly release: StoredRelease;
  readonly body: ReleaseBody;
  /** The server's responses to this process's own writes, by key. */
  readonly written?: ReadonlyMap<string, KubernetesObject>;
  /** UIDs of objects that this process created, by key. */
  readonly made?: ReadonlyMap<string, string>;
  /** Databases that did not work before the release, by name. */
  readonly down?: ReadonlySet<string>;
  /** Throws when the lock is lost. */
  readonly ensureHeld: () => Promise<void>;
  /** Rewrites the previous state in the record. */
  readonly keepBefore: (before: readonly StateBefore[]) => Promise<void>;
}

/** The result of an undo, for main, post and `phase: rollback` alike. */
export interface Undone {
  readonly outcome: 'rolled-back' | 'rollback-failed' | 'restore-unverified';
  /** One sentence: the result. */
  readonly message: string;
  readonly failures: readonly Failure[];
  /** What a person still has to do, manual commands among it; empty where nothing is left. */
  readonly nextSteps: readonly string[];
  readonly workloads: readonly WorkloadReport[];
}

/** What the record says after an undo. */
export function statusOfUndone({ outcome }: Undone): ReleaseStatus {
  return outcome === 'rollback-failed' ? 'failed' : outcome;
}

/** @throws whatever leaves the undo unfinished: an abort, a lost lock, a cluster that does not answer */
export async function undo(work: UndoWork): Promise<Undone> {
  const { run, cluster, namespace, body } = work;
  const reach = reachOf(run, namespace);
  // Nothing that is out of reach is even read.
  const reachable = withinReach(body.before, new Map(), reach);
  const live = await readObjects(
    cluster,
    reachable.before.map(({ reference }) => reference),
  );
  hideSecrets(run, [...live.values()]);
  const followed = withinReach(reachable.before, live, reach);
  const refused = [...reachable.refused, ...followed.refused];
  const plan = undoPlan({ ...body, before: followed.before }, live, work.written, {
    made: work.made ?? new Map(),
    recordedAt: work.release.createdAt,
  });
  announce(run, plan);
  tellWhatIsRefused(run, refused);
  const { undone, restored } = await carryOut(work, plan, refused.flatMap(failureOfRefused));
  tellWhatStays(run, plan, restored);
  return undone;
}

function announce(run: Run, { restores, deletions }: UndoPlan): void {
  const words = `${objects(restores.length)} to restore, ${objects(deletions.length)} to delete`;
  run.log.line(logLine(run.logClock(), `Rolling back: ${words}`));
}

async function carryOut(
  work: UndoWork,
  plan: UndoPlan,
  refused: readonly Failure[],
): Promise<{ readonly undone: Undone; readonly restored: readonly Restored[] }> {
  const { run, cluster, namespace, ensureHeld } = work;
  const waitedFor = new Map(
    plan.restores
      .filter(isAwaited)
      .map(({ reference, request }) => ({ reference, desired: request as unknown as KubernetesObject }))
      .map((target) => [keyOf(target.reference), target]),
  );
  const watch = await watchRollout(run, namespace, {
    expected: waitedFor.size,
    // An object that the release moved to another version may not be served in the previous one until its definition is restored.
    existing: plan.restores
      .filter(({ reference, writtenIn }) => writtenIn === undefined && waitedFor.has(keyOf(reference)))
      .map(({ reference }) => reference),
    restoring: true,
  });
  const restored: Restored[] = [];
  const onRestored = (one: Restored): void => {
    restored.push(one);
    const target = waitedFor.get(keyOf(one.reference));
    if (target !== undefined) watch.addTarget(targetOf(target, true, one.object));
  };
  try {
    const locked = underLock(cluster, ensureHeld);
    const guard = { ensureHeld, onRestored };
    await announceRemakes(work, plan);
    const begun = await beginWithAutoscalers(run, locked, plan, guard);
    const unrestored = [...begun.failures, ...(await restoreAll(run, locked, begun.restores, guard))];
    // Objects that could not be restored may still use what the release created: then all of that is kept.
    const undeleted = unrestored.length > 0 ? [] : await deleteAll(run, locked, begun.deletions, guard);
    const workloads = (): readonly WorkloadReport[] => [
      ...watch.workloads().map(asRestored),
      ...plan.deletions
        .map(({ reference }) => reference)
        .filter(isRolloutKind)
        .map(asDeleted),
    ];
    const say = (failures: readonly Failure[]) => diagnoseAloud(run, cluster, failures, () => undefined);
    if (unrestored.length + undeleted.length + refused.length > 0) {
      const failures = await say([...unrestored, ...undeleted, ...refused]);
      return { undone: { ...unfinished(work, plan, failures), workloads: workloads() }, restored };
    }
    const [verdict, left] = await Promise.all([watch.judge(), stillThere(run, cluster, plan.deletions)]);
    const found = verdict.state === 'failed' ? verdict.failures : await testRestored(work, waitedFor.size);
    return { undone: { ...verified(plan, await say(found), left), workloads: workloads() }, restored };
  } finally {
    watch.stop();
  }
}

/** A process that continues after a kill between deletion and creation needs to know what undo was about to create. */
async function announceRemakes({ body, keepBefore }: UndoWork, { restores }: UndoPlan): Promise<void> {
  const remakes = new Map(
    restores.flatMap(({ reference, remake }): [string, Remake][] =>
      remake?.uid === undefined
        ? []
        : [[keyOf(reference), { object: remake.object, ownership: remake.ownership }]],
    ),
  );
  if (remakes.size === 0) return;
  await keepBefore(
    body.before.map((before) => {
      const remake = remakes.get(keyOf(before.reference));
      return remake === undefined ? before : { ...before, remake };
    }),
  );
}

/**
 * Being up is not enough: the restored workloads must pass the smoke tests. The reports of the failed release stay in
 * the ledger.
 */
async function testRestored(work: UndoWork, restored: number): Promise<readonly Failure[]> {
  const { run, cluster, namespace, body, down } = work;
  if (restored === 0 || run.settings.skipTests) return [];
  const references = [
    ...body.rendered.map(referenceOf),
    ...body.before.map(({ reference }) => reference),
  ].filter((reference) => isRolloutKind(reference) || groupKindOf(reference) === 'Service');
  const objects = [...(await readObjects(cluster, references)).values()];
  const ledger = new Ledger(run.ledger.startedAt);
  const basic = { ...run.settings, comprehensive: false, services: [] };
  const failures = await testRunning(
    { ...run, ledger, settings: basic },
    { cluster, namespace, objects, seenUp: true, ...(down === undefined ? {} : { down }) },
  );
  const { passed, failed } = countOutcomes(ledger.smoke);
  run.log.line(logLine(run.logClock(), `Restored: ${passed} smoke tests passed, ${failed} failed`));
  return failures;
}

function unfinished(
  { body, release, namespace }: UndoWork,
  plan: UndoPlan,
  failures: readonly Failure[],
): Omit<Undone, 'workloads'> {
  const failed = new Set(failures.flatMap((failure) => failure.objects.map(keyOf)));
  const isFailed = ({ reference }: { readonly reference: ObjectReference }): boolean =>
    failed.has(keyOf(reference));
  const restores = plan.restores.filter(isFailed);
  const deletions = restores.length > 0 ? plan.deletions : plan.deletions.filter(isFailed);
  return {
    outcome: 'rollback-failed',
    message: `The rollback failed: ${failures[0]?.message ?? ''}`,
    failures,
    nextSteps: [
      ...restores.map(({ reference }) => restoreByHand(reference, body.before, release.head, namespace)),
      ...deletions.map(({ reference }) => deleteByHand(reference)),
    ],
  };
}

function verified(
  plan: UndoPlan,
  broken: readonly Failure[],
  left: readonly ObjectReference[],
): Omit<Undone, 'workloads'> {
  const done = `${objects(plan.restores.length)} restored, ${objects(plan.deletions.length, 'new object')} deleted`;
  const [first] = broken;
  if (first === undefined && left.length === 0) {
    return { outcome: 'rolled-back', message: `Rolled back: ${done}.`, failures: [], nextSteps: [] };
  }
  const why = first?.message ?? `${left.map(titleOf).join(', ')} is still being deleted.`;
  return {
    outcome: 'restore-unverified',
    message: `Rolled back (${done}), but it did not become healthy again: ${why}`,
    failures: broken,
    nextSteps: ['The previous configuration is restored; find out why it does not become healthy.'],
  };
}

function asRestored(report: WorkloadReport): WorkloadReport {
  return {
    ...report,
    restored: true,
    message: `restored, ${report.message}`,
    // The watch began with the broken release, so the baseline is the current state.
    images: report.images.map(({ container, image }) => ({ container, image })),
  };
}

function asDeleted(reference: ObjectReference): WorkloadReport {
  const counts = { updated: 0, ready: 0, desired: 0, restarts: 0 };
  return {
    reference,
    state: 'not-started',
    changed: true,
    message: 'deleted: the release had created it',
    ...counts,
    images: [],
  };
}

function objects(count: number, noun = 'object'): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
