/** Takes the lock, and repeats the preview now that no other run can change anything. */
import { judgeDeletions } from '../../domain/checks/deletions.ts';
import { judgeOverlay } from '../../domain/checks/overlay.ts';
import { canonicalJson } from '../../domain/kubernetes/managed-fields.ts';
import { type KubernetesObject, keyOf } from '../../domain/kubernetes/objects.ts';
import { intentOf, type PlannedChange } from '../../domain/plan/changes.ts';
import { makePlan, type Plan, readLive } from '../plan/plan.ts';
import { isExpectedPlan, keepPlan } from '../plan/plan-report.ts';
import { planPrune, withPrune } from '../plan/prune.ts';
import { hideSecrets } from '../preflight/facts.ts';
import type { Ready } from '../preflight/preflight.ts';
import { announceTakeover, type Hold, takeHold } from '../record/lock.ts';
import { type Run, reachOf } from '../run/context.ts';
import { checksFailed, planMoved } from '../run/endings.ts';
import type { Ending } from '../run/ledger.ts';

interface LockedPlan {
  readonly hold: Hold;
  readonly plan: Plan;
  /** The plan must not be carried out: it differs from the approved one, or the server refuses it. */
  readonly refusal?: Ending;
}

/** @throws Fault `lock-held` */
export async function lockPlan(run: Run, ready: Ready): Promise<LockedPlan> {
  const hold = await takeHold(run, ready.target.namespace);
  if (hold.predecessor !== undefined) announceTakeover(run, hold.predecessor.release);
  try {
    const plan = withPrune(
      await currentPlan(run, ready),
      await planPrune(run, ready.cluster, ready.target, hold.releases),
    );
    hideSecrets(
      run,
      plan.changes.map(({ live }) => live),
    );
    keepPlan(run, ready.target, plan);
    const refusal = isExpectedPlan(run) ? refusedAfterLock(run, ready, plan) : planMoved(run);
    return refusal === undefined ? { hold, plan } : { hold, plan, refusal };
  } catch (error) {
    await hold.lease.release();
    throw error;
  }
}

/** Only reads, unless something has changed: then the dry-runs are repeated. */
async function currentPlan(run: Run, ready: Ready): Promise<Plan> {
  const { cluster, target } = ready;
  const again = (): Promise<Plan> =>
    makePlan(cluster, target, { adopt: run.settings.adopt, namespaceExists: true, signal: run.signal });
  if (!ready.namespaceExists) return again();
  const live = await readLive(cluster, target, true);
  const changes = ready.plan.changes.map((change): PlannedChange => {
    const now = live.get(keyOf(change.reference));
    const { live: _before, ...rest } = change;
    return now === undefined ? rest : { ...rest, live: now };
  });
  const moved = changes.some((change, index) => !isSame(change.live, ready.plan.changes[index]?.live));
  return moved ? again() : { ...ready.plan, changes };
}

function isSame(now: KubernetesObject | undefined, before: KubernetesObject | undefined): boolean {
  if (now === undefined || before === undefined) return now === before;
  if (now.metadata.resourceVersion === before.metadata.resourceVersion) return true;
  return (
    now.metadata.uid === before.metadata.uid &&
    canonicalJson(intentOf(now)) === canonicalJson(intentOf(before))
  );
}

/** A dry-run that was only possible once the namespace existed, or a plan that changed while the lock was taken. */
function refusedAfterLock(run: Run, ready: Ready, plan: Plan): Ending | undefined {
  const { locate, namespace } = ready.target;
  const changes = plan.changes.map((change) => ({ ...change, changes: change.action !== 'unchanged' }));
  const findings = [
    ...judgeDeletions({ changes, claims: [], locate }),
    ...judgeOverlay({
      validations: plan.validations,
      reach: reachOf(run, namespace),
      allowPaused: run.settings.allowPaused,
      locate,
    }),
  ];
  if (!findings.some((finding) => finding.level === 'fail')) return undefined;
  run.ledger.checks = run.ledger.checks.map((check) =>
    check.check === 'overlay' ? { ...check, level: 'fail', findings } : check,
  );
  return checksFailed(run);
}
