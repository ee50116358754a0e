/** From the lock to the finished record: the part of a deployment that changes the cluster. */
import type { Failure } from '../domain/failure.ts';
import { type KubernetesObject, keyOf } from '../domain/objects.ts';
import type { ReleaseBody, ReleaseHead } from '../domain/release.ts';
import { isRolloutKind } from '../domain/workloads.ts';
import { failureLines } from '../report/log-outcome.ts';
import { type Applied, applyPlan } from './apply.ts';
import { cancelled, endingOfError, failedWith, succeeded } from './endings.ts';
import { ensureHeld, type Hold, lockLost } from './hold.ts';
import type { Ending } from './ledger.ts';
import { lockPlan } from './lock-plan.ts';
import { createNamespace, removeNamespace } from './namespace.ts';
import { markTakenOver, openRecord } from './open-record.ts';
import { inPhase } from './phase.ts';
import type { StoredRelease } from './ports.ts';
import type { Ready } from './preflight.ts';
import type { Plan } from './preview.ts';
import { diagnose, type RolloutWatch, watchRollout } from './rollout.ts';
import type { Run } from './run.ts';
import { callEndpoints, endpointFailures, type ServingWorkload } from './smoke.ts';

/** What is held while the cluster is changed. */
interface Change {
  readonly run: Run;
  readonly ready: Ready;
  readonly hold: Hold;
  readonly plan: Plan;
  readonly release: StoredRelease;
  readonly body: ReleaseBody;
}

export async function changeCluster(run: Run, ready: Ready): Promise<Ending> {
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
    const { release, body } = await openRecord(run, namespace, hold, plan.changes, {
      planDigest: run.ledger.planDigest ?? '',
      createdNamespace: created !== undefined,
    }).catch(async (error: unknown) => {
      await takeBack(run, ready, created);
      throw error;
    });
    pending = true;
    announce(run, namespace, release);
    await markTakenOver(run, namespace, hold, release.name);
    const ending = await goThrough({ run, ready, hold, plan, release, body });
    pending = ending.outcome === 'cancelled';
    // Nothing is left for post to settle.
    if (!pending) run.remember('release', '');
    return ending;
  } finally {
    // Beside a pending record the Lease stays ours: post takes it again, and others wait for a minute of silence first.
    if (!pending) await hold.lease.release().catch(() => undefined);
  }
}

async function takeBack(run: Run, ready: Ready, created: KubernetesObject | undefined): Promise<void> {
  if (created !== undefined) await removeNamespace(run, ready.cluster, created);
}

function announce(run: Run, namespace: string, release: StoredRelease): void {
  run.ledger.release = release.name;
  run.remember('release', release.name);
  run.remember('namespace', namespace);
  run.remember('holder', run.identity.holder);
}

/** Apply, rollout, health endpoints, finish. The record says at each step how far it came. */
async function goThrough(change: Change): Promise<Ending> {
  const { run, ready } = change;
  const expected = change.plan.changes.filter(({ desired }) => isRolloutKind(desired)).length;
  const watch = await watchRollout(run, ready.target.namespace, expected);
  try {
    const failures = await phases(change, watch);
    if (failures.length > 0) return await fail(change, failures);
    await inPhase(run, 'finish', () => finish(change, { status: 'deployed', phase: 'finish' }));
    return succeeded(run);
  } catch (error) {
    run.ledger.workloads = watch.workloads();
    if (run.signal.aborted) return await stop(change);
    await explain(change, error);
    throw error;
  } finally {
    watch.stop();
  }
}

async function phases(change: Change, watch: RolloutWatch): Promise<readonly Failure[]> {
  const { run, ready } = change;
  const { objects, failures } = await inPhase(
    run,
    'apply',
    () => apply(change, watch),
    (applied) => judgeFailures(applied.failures),
  );
  const recorded = recordInventory(change, objects);
  // It is awaited below; until then its failure must not count as one that nobody looks at.
  recorded.catch(() => undefined);
  if (failures.length > 0) {
    await recorded;
    return failures;
  }
  const verdict = await inPhase(
    run,
    'rollout',
    () => watch.judge().finally(() => recorded),
    ({ state }) => state,
  );
  run.ledger.workloads = verdict.workloads;
  if (verdict.state === 'failed') return diagnose(run, ready.cluster, verdict.failures, ready.target.locate);
  if (run.settings.skipTests) return [];
  return inPhase(run, 'smoke', () => smoke(change, watch), judgeFailures);
}

function judgeFailures(failures: readonly Failure[]): 'passed' | 'failed' {
  return failures.length === 0 ? 'passed' : 'failed';
}

async function apply(change: Change, watch: RolloutWatch): Promise<Applied> {
  const { run, ready, hold, plan, release } = change;
  const { namespace, locate } = ready.target;
  // After an unverified release nothing of it counts as proven: every workload is judged.
  const unproven = hold.predecessor !== undefined || hold.releases.length === 0;
  for (const { reference, action, desired, live } of plan.changes) {
    if (action !== 'unchanged' || !isRolloutKind(desired)) continue;
    watch.addTarget({ reference, changed: unproven, desired, ...identityOf(live) });
  }
  return applyPlan(run, ready.cluster, plan.changes, {
    ensureHeld: () => ensureHeld(run, namespace, hold.lease, release),
    locate: ({ reference }) => locate(reference),
    onApplied: ({ reference, desired }, object) => {
      if (isRolloutKind(desired))
        watch.addTarget({ reference, changed: true, desired, ...identityOf(object) });
    },
  });
}

function identityOf(object: KubernetesObject | undefined): {
  readonly uid?: string;
  readonly generation?: number;
} {
  const { uid, generation } = object?.metadata ?? {};
  return { ...(uid === undefined ? {} : { uid }), ...(generation === undefined ? {} : { generation }) };
}

async function recordInventory(
  { run, ready, plan, release, body }: Change,
  objects: ReadonlyMap<string, KubernetesObject>,
): Promise<void> {
  const inventory = plan.changes.map(({ reference, live }) => {
    const uid = (objects.get(keyOf(reference)) ?? live)?.metadata.uid;
    return { reference, ...(uid === undefined ? {} : { uid }) };
  });
  await (await run.records(ready.target.namespace)).replaceBody(release, { ...body, inventory });
}

async function smoke({ run, ready, plan }: Change, watch: RolloutWatch): Promise<readonly Failure[]> {
  const serving: readonly ServingWorkload[] = plan.changes
    .filter(({ desired }) => isRolloutKind(desired))
    .map(({ reference, desired }) => ({ workload: desired, pods: () => watch.podsOf(reference) }));
  run.ledger.endpoints = await callEndpoints(run, ready.cluster, ready.target.namespace, serving);
  const failures = endpointFailures(run.ledger.endpoints, serving);
  return diagnose(run, ready.cluster, failures, ready.target.locate);
}

/** STATES row 9: the record says failed, and what was there before stays on record. */
async function fail(change: Change, failures: readonly Failure[]): Promise<Ending> {
  const { run } = change;
  run.ledger.failures = failures;
  for (const line of failures.flatMap((failure) => failureLines(failure, run.logClock()))) run.log.line(line);
  const ending = failedWith(run, failures);
  await finish(change, {
    status: 'failed',
    phase: run.ledger.lastPhase,
    reason: ending.reason,
    message: ending.message,
  });
  return ending;
}

/** STATES row 11: stopped by a signal; the record stays pending and says how far it came, post does the rest. */
async function stop(change: Change): Promise<Ending> {
  const { run } = change;
  await finish(change, { status: 'pending', phase: run.ledger.lastPhase, message: 'Stopped by a signal.' });
  return cancelled(run);
}

/** Says in the pending record why its run stopped, as far as that can still be said; post keeps it. */
async function explain(change: Change, error: unknown): Promise<void> {
  const { reason, message } = endingOfError(change.run, error);
  const phase = change.run.ledger.lastPhase;
  await finish(change, { status: 'pending', phase, reason, message }).catch(() => undefined);
}

/**
 * Ends the record, or says how far it came. Only its own: a run that lost its Lease for a while may find that another has
 * taken the release over (STATES row 23), and must not write over what that one said.
 */
async function finish({ run, ready, hold, release }: Change, end: Partial<ReleaseHead>): Promise<void> {
  const { namespace } = ready.target;
  const records = await run.records(namespace);
  const current = (await records.list()).releases.find((one) => one.name === release.name);
  const taken = current?.head.status !== 'pending' || current.head.takenOverBy !== undefined;
  if (current === undefined || taken || current.head.run.holder !== run.identity.holder) throw lockLost();
  if (end.status !== 'pending') await ensureHeld(run, namespace, hold.lease, release);
  const closed =
    end.status === 'pending'
      ? {}
      : { finishedAt: new Date(run.clock.now()).toISOString(), timings: run.ledger.phases };
  await records.update(current, { ...end, ...closed });
}
