/** From the lock to the finished record: the part of a deployment that changes the cluster. */
import type { Failure } from '../domain/failure.ts';
import type { KubernetesObject } from '../domain/objects.ts';
import { leftInCluster, nothingToPrune } from '../domain/prune/plan.ts';
import { awaited } from '../domain/status/awaited.ts';
import { logText } from '../report/escape.ts';
import { logLine } from '../report/log-line.ts';
import { failureLines } from '../report/log-outcome.ts';
import { closeFailed, explainPending, leaveStopped } from './close-record.ts';
import { endingOfError, failedWith, succeeded } from './endings.ts';
import { finish } from './finish.ts';
import type { Ending } from './ledger.ts';
import { lockPlan } from './lock-plan.ts';
import { createNamespace, removeNamespace } from './namespace.ts';
import { markTakenOver, openRecord } from './open-record.ts';
import { inPhase } from './phase.ts';
import type { StoredRelease } from './ports.ts';
import type { Ready } from './preflight.ts';
import { type Change, releasePhases } from './release-phases.ts';
import { type Closed, rollBack } from './roll-back.ts';
import { watchRollout } from './rollout.ts';
import type { Run } from './run.ts';

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
      earlier: leftInCluster(plan.prune ?? nothingToPrune),
    }).catch(async (error: unknown) => {
      await takeBack(run, ready, created);
      throw error;
    });
    pending = true;
    announce(run, namespace, release);
    await markTakenOver(run, namespace, hold, release.name);
    const closed = await goThrough({
      run,
      ready,
      hold,
      plan,
      release,
      body,
      written: new Map(),
      down: new Set(),
    });
    pending = closed.pending;
    // Nothing is left for post to settle.
    if (!pending) run.remember('release', '');
    return closed.ending;
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
async function goThrough(change: Change): Promise<Closed> {
  const { run, ready } = change;
  const targets = change.plan.changes.filter(({ desired }) => awaited(desired));
  const watch = await watchRollout(run, ready.target.namespace, {
    expected: targets.length,
    existing: targets.filter(({ live }) => live !== undefined).map(({ reference }) => reference),
  });
  try {
    const failures = await releasePhases(change, watch);
    watch.stop();
    if (failures.length > 0) return await endFailed(change, failures);
    await inPhase(
      run,
      'finish',
      () => finish(change),
      ({ warned }) => (warned ? 'warned' : 'passed'),
    );
    return { ending: succeeded(run), pending: false };
  } catch (error) {
    if (run.ledger.workloads.length === 0) run.ledger.workloads = watch.workloads();
    if (run.signal.aborted) return { ending: await leaveStopped(change), pending: true };
    await explainPending(change, endingOfError(run, error));
    throw error;
  } finally {
    watch.stop();
  }
}

/** The cause is said first; then what `rollback` asks for (STATES rows 6 and 9). */
async function endFailed(change: Change, failures: readonly Failure[]): Promise<Closed> {
  const { run } = change;
  run.ledger.failures = failures;
  for (const line of failures.flatMap((failure) => failureLines(failure, run.logClock()))) run.log.line(line);
  const ending = failedWith(run, failures);
  if (run.settings.rollback === 'automatic') return rollBack(change, ending);
  try {
    await closeFailed(change, ending);
    return { ending, pending: false };
  } catch (error) {
    if (run.signal.aborted) throw error;
    // Whatever goes wrong now must not take the place of the cause.
    const why = endingOfError(run, error).message;
    const message = `${ending.message} The record could not be closed: ${why}`;
    run.log.line(logLine(run.logClock(), logText(`The record could not be closed: ${why}`)));
    return { ending: { ...ending, message }, pending: true };
  }
}
