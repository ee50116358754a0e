/** The phases that can fail a release, in their order: apply, rollout, health, monitor, smoke. */
import type { Failure } from '../domain/failure.ts';
import type { HealthSubject } from '../domain/health/verdict.ts';
import { type KubernetesObject, keyOf } from '../domain/objects.ts';
import type { ReleaseBody } from '../domain/release.ts';
import { targetOf } from '../domain/rollout/target.ts';
import { awaited } from '../domain/status/awaited.ts';
import { serviceLine } from '../report/log-health.ts';
import { type Applied, applyPlan } from './apply.ts';
import { diagnose } from './diagnose.ts';
import { formerKeys, type Health, openHealth } from './health.ts';
import { ensureHeld, type Hold } from './hold.ts';
import { monitorRelease, type OldErrors, readOldErrors } from './monitor.ts';
import { inPhase } from './phase.ts';
import type { StoredRelease } from './ports.ts';
import type { Ready } from './preflight.ts';
import type { Plan } from './preview.ts';
import type { RolloutWatch } from './rollout.ts';
import type { Run } from './run.ts';
import { databasesDown, type SmokeGround, smokeRelease } from './smoke.ts';

/** What is held while the cluster is changed. */
export interface Change {
  readonly run: Run;
  readonly ready: Ready;
  readonly hold: Hold;
  readonly plan: Plan;
  readonly release: StoredRelease;
  readonly body: ReleaseBody;
  /** What the server answered to each write, by key; filled as they return. */
  readonly written: Map<string, KubernetesObject>;
  /** Databases that did not work before, by name; filled as they are found. */
  readonly down: Set<string>;
}

/** Goes through them until one fails; what failed, diagnosed; empty when all passed. */
export async function releasePhases(change: Change, watch: RolloutWatch): Promise<readonly Failure[]> {
  const { run, ready } = change;
  const opened = subjectOf(change).then((subject) => openHealth(run, watch, subject));
  // Both are awaited below; until then a failure of theirs must not count as one that nobody looks at.
  opened.catch(() => undefined);
  const down = downBefore(change, watch, opened);
  const monitored = run.settings.monitor > 0;
  let old: OldErrors = { counts: new Map(), pods: new Set() };
  const { objects, failures } = await inPhase(
    run,
    'apply',
    async () => {
      if (monitored) old = await readOldErrors(run, ready.cluster, watch, change.plan);
      return apply(change, watch);
    },
    (applied) => judgeFailures(applied.failures),
  );
  const recorded = recordInventory(change, objects);
  recorded.catch(() => undefined);
  if (failures.length > 0) {
    await recorded;
    return failures;
  }
  const verdict = await inPhase(
    run,
    'rollout',
    async () => {
      const judged = await watch.judge();
      // What the record lacks must not take the place of the cause.
      await (judged.state === 'failed' ? recorded.catch(() => undefined) : recorded);
      return judged;
    },
    ({ state }) => state,
  );
  run.ledger.workloads = verdict.workloads;
  if (verdict.state === 'failed') return diagnose(run, ready.cluster, verdict.failures, ready.target.locate);
  const unhealthy = await inPhase(run, 'health', async () => judgeHealth(run, await opened), judgeFailures);
  if (unhealthy.length > 0) return diagnose(run, ready.cluster, unhealthy, ready.target.locate);
  if (monitored) {
    const health = await opened;
    const found = await inPhase(
      run,
      'monitor',
      () => monitorRelease(run, ready.cluster, watch, health, old),
      judgeFailures,
    );
    if (found.length > 0) return diagnose(run, ready.cluster, found, ready.target.locate);
  }
  if (run.settings.skipTests) return [];
  await down;
  return inPhase(run, 'smoke', async () => smoke(change, watch, await opened), judgeFailures);
}

/** Whether a workload was there before under another name is a matter of wording: a record that cannot be read stops nothing. */
async function subjectOf({ run, ready, hold }: Change): Promise<HealthSubject> {
  const { namespace, objects } = ready.target;
  const deployed = hold.releases.find(({ head }) => head.status === 'deployed');
  const records = await run.records(namespace);
  const before = deployed === undefined ? undefined : await records.readBody(deployed).catch(() => undefined);
  return { namespace, rendered: objects, former: formerKeys(before, objects) };
}

async function judgeHealth(run: Run, health: Health): Promise<readonly Failure[]> {
  const end = await health.judge(run.clock.now());
  run.ledger.services = end.services;
  for (const service of end.services) run.log.line(serviceLine(service, run.logClock()));
  return end.state === 'failed' ? end.failures : [];
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
    if (action !== 'unchanged' || !awaited(desired)) continue;
    watch.addTarget(targetOf({ reference, desired }, unproven, live));
  }
  return applyPlan(run, ready.cluster, plan.changes, {
    ensureHeld: () => ensureHeld(run, namespace, hold.lease, release),
    locate: ({ reference }) => locate(reference),
    onApplied: (planned, object) => {
      change.written.set(keyOf(planned.reference), object);
      if (awaited(planned.desired)) watch.addTarget(targetOf(planned, true, object));
    },
  });
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

async function smoke(change: Change, watch: RolloutWatch, health: Health): Promise<readonly Failure[]> {
  const { run, ready } = change;
  const failures = await smokeRelease(run, await groundOf(change, watch, health), change.down);
  return diagnose(run, ready.cluster, failures, ready.target.locate);
}

async function groundOf(change: Change, watch: RolloutWatch, health: Health): Promise<SmokeGround> {
  const { cluster } = change.ready;
  return { ...(await subjectOf(change)), cluster, watch, health };
}

/** Asked while the first objects are applied: it holds nothing up, and pods take longer to change than an answer does. */
async function downBefore(change: Change, watch: RolloutWatch, opened: Promise<Health>): Promise<void> {
  const { run, hold, plan, down } = change;
  const isFirst = !hold.releases.some(({ head }) => head.status === 'deployed');
  if (isFirst || run.settings.skipTests) return;
  try {
    const workloads = plan.changes.flatMap(({ live }) => (live === undefined ? [] : [live]));
    const ground = await groundOf(change, watch, await opened);
    for (const name of await databasesDown(run, ground, workloads)) down.add(name);
  } catch {
    // Only a hint is lost; what is wrong with the cluster shows in the phases themselves.
  }
}
