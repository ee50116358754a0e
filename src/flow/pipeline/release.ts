/** From the lock to the end of the release in this process: the part of a deployment that changes the cluster. */

import { widensQuota } from '../../domain/checks/lifted.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { leftInCluster, nothingToPrune } from '../../domain/prune/plan.ts';
import { awaited } from '../../domain/workloads/awaited.ts';
import { createNamespace, removeNamespace } from '../apply/namespace.ts';
import { openContext, type Planned, type ReleaseContext } from '../phases/context.ts';
import { subjectOf } from '../phases/subject.ts';
import type { PhaseSequence } from '../phases/table.ts';
import type { Ready } from '../preflight/preflight.ts';
import { announceRelease, markTakenOver, openRecord } from '../record/open.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { statesBefore } from '../record/states-before.ts';
import type { Run } from '../run/context.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';
import { lockPlan } from './lock-plan.ts';
import { goThrough } from './run-phases.ts';

/** Namespace, lock, record and phases, in that order. A namespace that it made goes again when nothing comes of the release. */
export async function changeCluster(run: Run, ready: Ready, sequence: PhaseSequence): Promise<Ending> {
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
      jobInSteps: sequence.inSteps,
    }).catch(async (error: unknown) => {
      await takeBack(run, ready, created);
      throw error;
    });
    pending = true;
    announceRelease(run, namespace, release);
    await markTakenOver(run, namespace, hold, release.name);
    const change: OpenRelease = {
      run,
      ready,
      hold,
      release,
      body,
      prunes: prune.prunes.map(({ reference }) => reference),
      written: new Map(),
      made: new Map(),
      down: new Set(),
      notes: new Map(),
    };
    const context = await openContextOf(change, { plan, expectations: ready.expectations }, ready.nodeMaker);
    const closed = await goThrough(change, context, sequence);
    pending = closed.pending;
    // Post has nothing to settle.
    if (!pending) run.remember('release', '');
    return closed.ending;
  } finally {
    // With a pending record the Lease is not released: post takes it again, and others wait for a minute without
    // renewal first. In a job with steps the record alone is the lock, and the next step needs the Lease.
    if (!pending || sequence.inSteps) await hold.lease.release().catch(() => undefined);
  }
}

async function takeBack(run: Run, ready: Ready, created: KubernetesObject | undefined): Promise<void> {
  if (created !== undefined) await removeNamespace(run, ready.cluster, created);
}

async function openContextOf(
  release: OpenRelease,
  planned: Planned,
  nodeMaker: Ready['nodeMaker'],
): Promise<ReleaseContext> {
  const { changes } = planned.plan;
  const targets = changes.filter(({ desired }) => awaited(desired));
  const expected = {
    expected: targets.length,
    // A version of a kind that this release adds is not served yet.
    existing: targets
      .filter(({ live, deferred }) => live !== undefined && !deferred)
      .map(({ reference }) => reference),
    expectations: planned.expectations,
    widensQuota: widensQuota(changes),
    ...(nodeMaker === undefined ? {} : { nodeMaker }),
  };
  return openContext(release.run, release.ready, subjectOf(release), expected, { release, planned });
}
