/**
 * The steps of one job continue one release: what each stores in the record, and how the next one resumes it (release
 * state row 10).
 */
import { Fault } from '../../domain/failure/fault.ts';
import type { ErrorCount } from '../../domain/logs/error-rates.ts';
import { noErrors } from '../../domain/logs/error-tally.ts';
import { type Handover, type ReleaseBody, sameJob } from '../../domain/release/record.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import type { OldErrors } from '../health/monitor.ts';
import { openContext, type ReleaseContext } from '../phases/context.ts';
import { subjectOf } from '../phases/subject.ts';
import { placeObjects, type Target } from '../plan/desired.ts';
import { recordedOverlay } from '../plan/recorded-overlay.ts';
import { hideSecrets } from '../preflight/facts.ts';
import { closeRecord, measuredIn, ownRecord, timingsOf } from '../record/close.ts';
import { takeHold } from '../record/lock.ts';
import { announceRelease } from '../record/open.ts';
import type { OpenRelease } from '../record/open-release.ts';
import type { Run } from '../run/context.ts';

/**
 * Writes to the record how far the release got; the first time also everything that the next process cannot find out
 * by itself.
 */
export async function handOver(change: OpenRelease, context: ReleaseContext): Promise<void> {
  const { run, ready } = change;
  if (change.body.handover === undefined) {
    await context.begun.databasesAsked;
    const records = await run.records(ready.target.namespace);
    const current = await ownRecord(change);
    // Its body contains the inventory by now.
    const body = await records.readBody(current);
    await records.replaceBody(current, { ...body, handover: handoverOf(change, context) });
  }
  const timings = timingsOf(await ownRecord(change), run);
  await closeRecord(change, {
    status: 'pending',
    phase: run.ledger.lastPhase,
    timings,
    ...measuredIn(run),
  });
}

/**
 * Removes the handover: no step comes after finish, and it is as large as the rest of the body. If it cannot be
 * removed it does no harm.
 */
export async function forgetHandover({ run, ready, release, body }: OpenRelease): Promise<void> {
  const { handover, ...rest } = body;
  if (handover === undefined) return;
  const records = await run.records(ready.target.namespace);
  try {
    const closed = (await records.list()).releases.find(({ name }) => name === release.name);
    if (closed !== undefined) await records.replaceBody(closed, rest);
  } catch {
    // The release is deployed, whatever happens from here on.
  }
}

function handoverOf({ prunes, down, notes }: OpenRelease, { watch, begun }: ReleaseContext): Handover {
  return {
    targets: watch.state().targets,
    prunes,
    oldErrors: [...begun.old.counts].map(([workload, { tally, pods, podMinutes }]) => ({
      workload,
      errors: tally.errors,
      pods,
      podMinutes,
    })),
    oldPods: [...begun.old.pods],
    databasesDown: [...down],
    ...(notes.size === 0 ? {} : { notes: Object.fromEntries(notes) }),
  };
}

/** The newest record, if it belongs to this job and is open: the release that the other steps continue. */
export function isOfThisJob(run: Run, { head }: StoredRelease): boolean {
  return head.jobInSteps && sameJob(head.run, run.identity) !== 'no';
}

/**
 * Takes the lock for this step and becomes the holder of the record. The caller releases the Lease.
 *
 * @throws Fault `lock-held`, `superseded` when another run has continued from it meanwhile, `step-missing` when its
 * rollout is not done
 */
export async function takeUp(run: Run, namespace: string): Promise<OpenRelease> {
  const hold = await takeHold(run, namespace);
  try {
    const open = hold.predecessor;
    if (open === undefined || open.release.head.status !== 'pending' || !isOfThisJob(run, open.release))
      throw movedOn();
    refuseFailed(open.release);
    const { handover } = open.body;
    if (handover === undefined) throw notRolledOut(open.release);
    const records = await run.records(namespace);
    const owner = { ...open.release.head.run, holder: run.identity.holder };
    const release = await records.update(open.release, { run: owner });
    announceRelease(run, namespace, release);
    run.ledger.changed = open.body.before.length;
    hideSecrets(run, open.body.rendered);
    const cluster = await run.connect();
    return {
      run,
      ready: { cluster, target: await targetOfRecord(run, cluster, release, open.body, namespace) },
      hold,
      release,
      body: open.body,
      prunes: handover.prunes,
      written: new Map(),
      made: new Map(),
      down: new Set(handover.databasesDown),
      notes: new Map(Object.entries(handover.notes ?? {})),
    };
  } catch (error) {
    await hold.lease.release();
    throw error;
  }
}

/** The watches of an earlier step ended with its process, so its rollout is observed again. */
export async function openContextAgain(release: OpenRelease): Promise<ReleaseContext> {
  const { targets = [], oldErrors = [], oldPods = [] } = release.body.handover ?? {};
  const counts = oldErrors.map(({ workload, errors, pods, podMinutes }): [string, ErrorCount] => [
    workload,
    { tally: { ...noErrors, errors }, pods, podMinutes },
  ]);
  const old: OldErrors = { counts: new Map(counts), pods: new Set(oldPods) };
  const expected = {
    expected: targets.length,
    existing: targets.map(({ reference }) => reference),
  };
  const { run, ready } = release;
  const context = await openContext(run, ready, subjectOf(release), expected, { release, old });
  for (const target of targets) context.watch.addTarget(target);
  return context;
}

/** The objects of a record, with source locations from the checkout if it still renders. */
export async function targetOfRecord(
  run: Run,
  cluster: ClusterPort,
  release: StoredRelease,
  body: ReleaseBody,
  namespace: string,
): Promise<Target> {
  const recorded = await placeObjects(
    await recordedOverlay(release, body, namespace).render(),
    namespace,
    cluster,
    run.app,
  );
  try {
    const rendered = await placeObjects(await run.renderer.render(), namespace, cluster, run.app);
    return { ...recorded, locate: rendered.locate };
  } catch (error) {
    if (run.signal.aborted) throw error;
    return recorded;
  }
}

function refuseFailed({ name, head }: StoredRelease): void {
  if (head.reason === undefined) return;
  throw new Fault(
    'superseded',
    `${name} failed in its ${head.phase} phase (${head.reason}): no later step continues it.`,
    'Let this step run only if the steps before it passed: remove its `if: always()`.',
  );
}

function notRolledOut({ name, head }: StoredRelease): Fault {
  return new Fault(
    'step-missing',
    `${name} was stopped in its ${head.phase} phase: its rollout is not complete, so there is nothing to continue.`,
    'Let this step run only after `phase: rollout` has passed.',
  );
}

function movedOn(): Fault {
  return new Fault(
    'superseded',
    'Another run has continued from the release of this job while this step waited for the lock.',
    'Check the newest release; this job has no release to continue any more.',
  );
}
