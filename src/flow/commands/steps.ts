/**
 * The phases after `rollout` as separate steps. They continue the open release of this job. If the rollout found
 * nothing to change there is none, and the last deployed release is judged instead: no step passes without looking.
 */
import type { Failure } from '../../domain/failure/failure.ts';
import { Fault } from '../../domain/failure/fault.ts';
import { keyOf, referenceOf } from '../../domain/kubernetes/objects.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { targetOf } from '../../domain/rollout/target.ts';
import { awaited } from '../../domain/workloads/awaited.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import { openContext, type ReleasePhase, type ReleaseStep, runPhases } from '../phases/context.ts';
import { judgingDeployed, sequenceOf } from '../phases/table.ts';
import { isOfThisJob, openContextAgain, takeUp, targetOfRecord } from '../pipeline/handover.ts';
import { finishRelease, goThrough } from '../pipeline/run-phases.ts';
import { readObjects } from '../plan/live-objects.ts';
import { releaseNamespace } from '../plan/release-namespace.ts';
import { hideSecrets } from '../preflight/facts.ts';
import { explainError } from '../record/close.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { asResult } from '../run/as-result.ts';
import type { Run } from '../run/context.ts';
import { diagnoseAloud } from '../run/diagnose.ts';
import { checksFailed, failedWith, testsSkipped, verifiedRunning } from '../run/endings.ts';
import type { Ending } from '../run/ledger.ts';
import { inPhase } from '../run/phase.ts';
import { checkAll } from './deploy.ts';
import { undoLeft } from './rollback.ts';

type Story = (run: Run) => Promise<ResultDocument>;

/** `phase: preflight`: all pre-checks; nothing is changed and no lock is taken. */
export const preflightStep: Story = (run) =>
  asResult(run, async () => {
    const { ready } = await checkAll(run);
    if (ready === undefined) return checksFailed(run);
    return {
      outcome: 'succeeded',
      exitCode: 0,
      reason: 'succeeded',
      message: 'All checks passed; nothing was changed.',
      nextSteps: [],
    };
  });

/** With monitor. After an undo that did not become healthy, it verifies the restored state (release state row 25). */
export const healthStep: Story = (run) =>
  asResult(run, async () => {
    const found = await newestRelease(run);
    const { namespace, newest } = found;
    if (newest.head.status === 'restore-unverified') return undoLeft(run, namespace, newest);
    if (isInProgress(run, newest)) return goOn(run, namespace, 'health');
    return judgeRunning(run, found, judgingDeployed('health'));
  });

/** `phase: smoke`: the smoke tests of this job's open release, or where there is none, of what was deployed last. */
export const smokeStep: Story = (run) =>
  asResult(run, async () => {
    if (run.settings.skipTests) return testsSkipped();
    const found = await newestRelease(run);
    if (isInProgress(run, found.newest)) return goOn(run, found.namespace, 'smoke');
    return judgeRunning(run, found, judgingDeployed('smoke'));
  });

/** release state row 5. */
export const finishStep: Story = (run) =>
  asResult(run, async () => {
    const { namespace, newest } = await newestRelease(run);
    if (!isInProgress(run, newest)) {
      if (newest.head.status !== 'deployed') throw nothingToGoOnWith(newest);
      return {
        outcome: 'unchanged',
        exitCode: 0,
        reason: 'nothing-changed',
        message: `${newest.name} is already deployed, and this job has released nothing since.`,
        nextSteps: [],
      };
    }
    return withRelease(run, namespace, async (change) => {
      try {
        return { ending: await finishRelease(change), pending: false };
      } catch (error) {
        // Otherwise post would report a missing step `phase: finish`.
        if (!run.signal.aborted) await explainError(change, error);
        throw error;
      }
    });
  });

interface Newest {
  readonly namespace: string;
  readonly newest: StoredRelease;
  readonly deployed?: StoredRelease;
}

async function newestRelease(run: Run): Promise<Newest> {
  const namespace = await releaseNamespace(run);
  const { releases } = await (await run.records(namespace)).list();
  const [newest] = releases;
  if (newest === undefined) {
    throw new Fault(
      'step-missing',
      `No release of ${run.app} is on record in ${namespace}, so there is nothing to continue.`,
      'Put a step with `phase: rollout` before this one, with the same `app`, `overlay` and `namespace`.',
    );
  }
  const deployed = releases.find(({ head }) => head.status === 'deployed');
  if (deployed === undefined) return { namespace, newest };
  run.ledger.previousRelease = deployed.name;
  return { namespace, newest, deployed };
}

/** @throws Fault `lock-held` when it is open and belongs to another job */
function isInProgress(run: Run, newest: StoredRelease): boolean {
  if (newest.head.status !== 'pending') return false;
  if (isOfThisJob(run, newest)) return true;
  throw new Fault(
    'lock-held',
    `${newest.name} is unfinished and belongs to another job: ${newest.head.run.runUrl ?? newest.head.run.holder}.`,
    'Put this step into the job whose step `phase: rollout` created the release.',
  );
}

function goOn(run: Run, namespace: string, step: ReleaseStep): Promise<Ending> {
  return withRelease(run, namespace, async (change) =>
    goThrough(change, await openContextAgain(change), sequenceOf(step)),
  );
}

/** Holds the lock meanwhile; the record of a closed release needs no post. */
async function withRelease(
  run: Run,
  namespace: string,
  work: (change: OpenRelease) => Promise<{ readonly ending: Ending; readonly pending: boolean }>,
): Promise<Ending> {
  const change = await inPhase(run, 'lock', () => takeUp(run, namespace));
  try {
    const { ending, pending } = await work(change);
    if (!pending) run.remember('release', '');
    return ending;
  } finally {
    await change.hold.lease.release().catch(() => undefined);
  }
}

/** Changes neither objects nor records: reports the current state of what was deployed last. */
async function judgeRunning(
  run: Run,
  { namespace, newest, deployed }: Newest,
  phases: readonly ReleasePhase[],
): Promise<Ending> {
  const isSettled = ['deployed', 'rolled-back'].includes(newest.head.status);
  if (!isSettled || deployed === undefined) throw nothingToGoOnWith(newest);
  const cluster = await run.connect();
  const body = await (await run.records(namespace)).readBody(deployed);
  hideSecrets(run, body.rendered);
  const target = await targetOfRecord(run, cluster, deployed, body, namespace);
  const { objects } = target;
  const workloads = objects.filter(awaited);
  const references = workloads.map(referenceOf);
  const subject = Promise.resolve({ namespace, rendered: objects, former: new Set<string>() });
  const context = await openContext(run, { cluster, target }, subject, {
    expected: workloads.length,
    existing: references,
  });
  try {
    const live = await readObjects(cluster, references);
    for (const desired of workloads) {
      const reference = referenceOf(desired);
      context.watch.addTarget(targetOf({ reference, desired }, true, live.get(keyOf(reference))));
    }
    const found: readonly Failure[] = await runPhases(context, phases);
    const failures = await diagnoseAloud(run, cluster, found, target.locate);
    run.ledger.failures = failures;
    // It belongs to another job, so it is not undone.
    const asked = { ...run, settings: { ...run.settings, rollback: 'never' as const } };
    return failures.length > 0 ? failedWith(asked, failures) : verifiedRunning(deployed.name);
  } finally {
    context.watch.stop();
  }
}

function nothingToGoOnWith({ name, head }: StoredRelease): Fault {
  return new Fault(
    'step-missing',
    `${name} is ${head.status}, and this job has no release to continue.`,
    'Put a step with `phase: rollout` before this one.',
  );
}
