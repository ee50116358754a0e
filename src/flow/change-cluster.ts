/** From the lock to what this process leaves of the release: the part of a deployment that changes the cluster. */
import { widensQuota } from '../domain/checks/lifted.ts';
import type { KubernetesObject } from '../domain/objects.ts';
import { leftInCluster, nothingToPrune } from '../domain/prune/plan.ts';
import { awaited } from '../domain/status/awaited.ts';
import type { Course } from './course.ts';
import { goThrough } from './go-through.ts';
import type { Ending } from './ledger.ts';
import { lockPlan } from './lock-plan.ts';
import { createNamespace, removeNamespace } from './namespace.ts';
import { announceRelease, markTakenOver, openRecord } from './open-record.ts';
import { inPhase } from './phase.ts';
import type { Ready } from './preflight.ts';
import type { Plan } from './preview.ts';
import { applyOf, type Change, subjectOf } from './release-phases.ts';
import type { Run } from './run.ts';
import { openStage, type Stage } from './stage.ts';
import { statesBefore } from './states-before.ts';

export async function changeCluster(run: Run, ready: Ready, course: Course): Promise<Ending> {
  const { namespace } = ready.target;
  const created = ready.namespaceExists ? undefined : await createNamespace(run, ready.cluster, namespace);
  const locked = await inPhase(
    run,
    'lock',
    () => lockPlan(run, ready),
    ({ refusal }) => (refusal === undefined ? 'passed' : 'failed'),
  ).catch(async (error: unknown) => {
    await takeBack(run, ready, created);
    throw error;
  });
  const { hold, plan, refusal } = locked;
  let pending = false;
  try {
    if (refusal !== undefined) {
      await takeBack(run, ready, created);
      return refusal;
    }
    const { prune = nothingToPrune } = plan;
    const before = await statesBefore(ready.cluster, plan.changes);
    const { release, body } = await openRecord(run, namespace, hold, plan.changes, {
      before,
      planDigest: run.ledger.planDigest ?? '',
      createdNamespace: created !== undefined,
      earlier: leftInCluster(prune),
      jobInSteps: course.inSteps,
    }).catch(async (error: unknown) => {
      await takeBack(run, ready, created);
      throw error;
    });
    pending = true;
    announceRelease(run, namespace, release);
    await markTakenOver(run, namespace, hold, release.name);
    const change: Change = {
      run,
      ready,
      hold,
      release,
      body,
      prunes: prune.prunes.map(({ reference }) => reference),
      written: new Map(),
      made: new Map(),
      down: new Set(),
    };
    const stage = await openStageOf(change, plan, ready);
    const closed = await goThrough(change, stage, {
      ...course,
      phases: [applyOf(change, plan, ready.expectations), ...course.phases],
    });
    pending = closed.pending;
    // Nothing is left for post to settle.
    if (!pending) run.remember('release', '');
    return closed.ending;
  } finally {
    // Beside a pending record the Lease stays ours: post takes it again, and others wait for a minute of silence first. Where
    // the job is in steps the record alone is the lock, and the next step needs the Lease.
    if (!pending || course.inSteps) await hold.lease.release().catch(() => undefined);
  }
}

async function takeBack(run: Run, ready: Ready, created: KubernetesObject | undefined): Promise<void> {
  if (created !== undefined) await removeNamespace(run, ready.cluster, created);
}

async function openStageOf(
  change: Change,
  { changes }: Plan,
  { expectations, nodeMaker }: Ready,
): Promise<Stage> {
  const targets = changes.filter(({ desired }) => awaited(desired));
  const expected = {
    expected: targets.length,
    // The version of a kind that comes with this release is not served yet.
    existing: targets
      .filter(({ live, deferred }) => live !== undefined && !deferred)
      .map(({ reference }) => reference),
    expectations,
    widensQuota: widensQuota(changes),
    ...(nodeMaker === undefined ? {} : { nodeMaker }),
  };
  return openStage(change.run, change.ready, subjectOf(change), expected, change);
}
