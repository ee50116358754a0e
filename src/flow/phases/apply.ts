import { type KubernetesObject, keyOf } from '../../domain/kubernetes/objects.ts';
import { firstProducers } from '../../domain/producers/expectations.ts';
import { targetOf } from '../../domain/rollout/target.ts';
import { awaited } from '../../domain/workloads/awaited.ts';
import { type Applied, applyPlan } from '../apply/apply.ts';
import { awaitProducts } from '../apply/await-products.ts';
import { readOldErrors } from '../health/monitor.ts';
import type { Plan } from '../plan/plan.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { databasesDown } from '../smoke/smoke.ts';
import type { Planned, ReleaseContext, ReleasePhase } from './context.ts';
import { smokeGroundOf } from './smoke.ts';
import { writingOf } from './write.ts';

/** Nothing to do if an earlier process has applied it. */
export const applyPhase: ReleasePhase = {
  name: 'apply',
  steps: ['rollout'],
  judgesDeployed: false,
  async run(context) {
    const { run, cluster, watch, begun, release, planned } = context;
    if (release === undefined || planned === undefined) return [];
    begun.databasesAsked = downBefore(release, planned.plan, context);
    if (run.settings.monitor > 0) begun.old = await readOldErrors(run, cluster, watch, planned.plan);
    const { objects, failures } = await apply(release, planned, watch);
    const recorded = recordInventory(release, planned.plan, objects);
    recorded.catch(() => undefined);
    begun.recorded = recorded;
    return failures;
  },
};

async function apply(
  open: OpenRelease,
  { plan, expectations }: Planned,
  watch: ReleaseContext['watch'],
): Promise<Applied> {
  const { run, ready, hold } = open;
  const { locate } = ready.target;
  // An unverified release proves nothing about its workloads: every workload is judged.
  const unproven = hold.predecessor !== undefined || hold.releases.length === 0;
  const producers = firstProducers(expectations);
  for (const { reference, action, desired, live } of plan.changes) {
    if (action !== 'unchanged' || !awaited(desired)) continue;
    // Nor does a producer whose product does not exist yet.
    const judges = unproven || producers.has(keyOf(reference));
    watch.addTarget(targetOf({ reference, desired }, judges, live));
  }
  const writing = writingOf(open);
  return applyPlan(run, writing.cluster, plan.changes, {
    ensureHeld: writing.ensureHeld,
    producers,
    beforeWorkloads: () => awaitProducts(run, ready.cluster, watch, expectations),
    locate: ({ reference }) => locate(reference),
    onApplied: (planned, object, created) => {
      const key = keyOf(planned.reference);
      open.written.set(key, object);
      if (created && object.metadata.uid !== undefined) open.made.set(key, object.metadata.uid);
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

/**
 * Requested while the first objects are applied: it delays nothing, since pods change more slowly than a request
 * takes.
 */
async function downBefore({ run, hold }: OpenRelease, plan: Plan, context: ReleaseContext): Promise<void> {
  const isFirst = !hold.releases.some(({ head }) => head.status === 'deployed');
  if (isFirst || run.settings.skipTests) return;
  try {
    const workloads = plan.changes.flatMap(({ live }) => (live === undefined ? [] : [live]));
    for (const name of await databasesDown(run, await smokeGroundOf(context), workloads))
      context.down.add(name);
  } catch {
    // Only a hint is lost; problems of the cluster show in the phases themselves.
  }
}
