/** The phases that can fail a release, in their order: apply, rollout, health, monitor, smoke. */
import type { Failure } from '../../domain/failure/failure.ts';
import type { HealthSubject } from '../../domain/health/verdict.ts';
import { type KubernetesObject, keyOf, referenceOf } from '../../domain/kubernetes/objects.ts';
import { type Expectation, firstProducers } from '../../domain/producers/expectations.ts';
import { targetOf } from '../../domain/rollout/target.ts';
import { awaited } from '../../domain/status/generic/awaited.ts';
import { serviceLine } from '../../report/log/health.ts';
import { type Applied, applyPlan } from '../apply/apply.ts';
import { awaitProducts, hideProducts } from '../apply/await-products.ts';
import { formerKeys } from '../health/health.ts';
import { monitorRelease, readOldErrors } from '../health/monitor.ts';
import type { Plan } from '../plan/plan.ts';
import { ensureHeld, underLock } from '../record/lock.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { reportIdle } from '../rollout/idle.ts';
import { inPhase } from '../run/phase.ts';
import { databasesDown, type SmokeGround, smokeRelease } from '../smoke/smoke.ts';
import type { ReleasePhase, Stage } from './context.ts';

export function applyOf(
  change: OpenRelease,
  plan: Plan,
  expectations: readonly Expectation[] = [],
): ReleasePhase {
  return async (stage) => {
    const { run, cluster, watch } = stage;
    stage.begun.databasesAsked = downBefore(change, plan, stage);
    const { objects, failures } = await inPhase(
      run,
      'apply',
      async () => {
        if (run.settings.monitor > 0) stage.begun.old = await readOldErrors(run, cluster, watch, plan);
        return apply(change, plan, stage, expectations);
      },
      (applied) => judgeFailures(applied.failures),
    );
    const recorded = recordInventory(change, plan, objects);
    recorded.catch(() => undefined);
    stage.begun.recorded = recorded;
    return failures;
  };
}

/** In a large overlay the rest is found when it is needed. */
const mostPlaces = 10;

export const rolloutPhase: ReleasePhase = async ({ run, cluster, target, watch, health, begun }) => {
  // To find a place takes its time (files to read, code to compile): now, not when a cause is to be said.
  for (const object of target.objects.filter(awaited).slice(0, mostPlaces))
    target.locate(referenceOf(object), ['spec']);
  const verdict = await inPhase(
    run,
    'rollout',
    async () => {
      const judged = await watch.judge(() => {
        health.then((one) => one.rehearse()).catch(() => undefined);
      });
      if (judged.state === 'passed') await begun.recorded;
      return judged;
    },
    ({ state }) => state,
  );
  run.ledger.workloads = verdict.workloads;
  if (verdict.state === 'passed') reportIdle(run, watch.state());
  await hideProducts(run, cluster, watch.limits.expectations ?? []);
  return verdict.state === 'failed' ? verdict.failures : [];
};

export const healthPhase: ReleasePhase = async ({ run, health }) =>
  inPhase(
    run,
    'health',
    async () => {
      const end = await (await health).judge(run.clock.now());
      run.ledger.services = end.services;
      for (const service of end.services) run.log.line(serviceLine(service, run.logClock()));
      return end.state === 'failed' ? end.failures : [];
    },
    judgeFailures,
  );

export const monitorPhase: ReleasePhase = async ({ run, cluster, watch, health, begun }) => {
  if (run.settings.monitor === 0) return [];
  const judged = await health;
  return inPhase(run, 'monitor', () => monitorRelease(run, cluster, watch, judged, begun.old), judgeFailures);
};

export const smokePhase: ReleasePhase = async (stage) => {
  const { run, down, begun } = stage;
  if (run.settings.skipTests) return [];
  await begun.databasesAsked;
  return inPhase(run, 'smoke', async () => smokeRelease(run, await groundOf(stage), down), judgeFailures);
};

/** Whether a workload was there before under another name is a matter of wording: a record that cannot be read stops nothing. */
export async function subjectOf({ run, ready, hold }: OpenRelease): Promise<HealthSubject> {
  const { namespace, objects } = ready.target;
  const deployed = hold.releases.find(({ head }) => head.status === 'deployed');
  const records = await run.records(namespace);
  const before = deployed === undefined ? undefined : await records.readBody(deployed).catch(() => undefined);
  return { namespace, rendered: objects, former: formerKeys(before, objects) };
}

function judgeFailures(failures: readonly Failure[]): 'passed' | 'failed' {
  return failures.length === 0 ? 'passed' : 'failed';
}

async function apply(
  change: OpenRelease,
  plan: Plan,
  { watch }: Stage,
  expectations: readonly Expectation[],
): Promise<Applied> {
  const { run, ready, hold, release } = change;
  const { namespace, locate } = ready.target;
  // After an unverified release nothing of it counts as proven: every workload is judged.
  const unproven = hold.predecessor !== undefined || hold.releases.length === 0;
  const producers = firstProducers(expectations);
  for (const { reference, action, desired, live } of plan.changes) {
    if (action !== 'unchanged' || !awaited(desired)) continue;
    // A producer whose product is not there has proven nothing either.
    const judges = unproven || producers.has(keyOf(reference));
    watch.addTarget(targetOf({ reference, desired }, judges, live));
  }
  const stillOurs = () => ensureHeld(run, namespace, hold.lease, release);
  return applyPlan(run, underLock(ready.cluster, stillOurs), plan.changes, {
    ensureHeld: stillOurs,
    producers,
    beforeWorkloads: () => awaitProducts(run, ready.cluster, watch, expectations),
    locate: ({ reference }) => locate(reference),
    onApplied: (planned, object, created) => {
      const key = keyOf(planned.reference);
      change.written.set(key, object);
      if (created && object.metadata.uid !== undefined) change.made.set(key, object.metadata.uid);
      if (awaited(planned.desired)) watch.addTarget(targetOf(planned, true, object));
    },
  });
}

async function recordInventory(
  { run, ready, release, body, made }: OpenRelease,
  plan: Plan,
  objects: ReadonlyMap<string, KubernetesObject>,
): Promise<void> {
  const inventory = plan.changes.map(({ reference, live }) => {
    const key = keyOf(reference);
    const uid = (objects.get(key) ?? live)?.metadata.uid;
    return { reference, ...(uid === undefined ? {} : { uid }), ...(made.has(key) ? { made: true } : {}) };
  });
  await (await run.records(ready.target.namespace)).replaceBody(release, { ...body, inventory });
}

async function groundOf({ run, cluster, subject, watch, health }: Stage): Promise<SmokeGround> {
  // Without a release of this job only smoke is asked for, of what somebody deployed once.
  const seenUp = run.ledger.release !== undefined;
  return { ...(await subject), cluster, watch, health: await health, seenUp };
}

/** Asked while the first objects are applied: it holds nothing up, and pods take longer to change than an answer does. */
async function downBefore({ run, hold }: OpenRelease, plan: Plan, stage: Stage): Promise<void> {
  const isFirst = !hold.releases.some(({ head }) => head.status === 'deployed');
  if (isFirst || run.settings.skipTests) return;
  try {
    const workloads = plan.changes.flatMap(({ live }) => (live === undefined ? [] : [live]));
    for (const name of await databasesDown(run, await groundOf(stage), workloads)) stage.down.add(name);
  } catch {
    // Only a hint is lost; what is wrong with the cluster shows in the phases themselves.
  }
}
