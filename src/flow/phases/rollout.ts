import { referenceOf } from '../../domain/kubernetes/objects.ts';
import { awaited } from '../../domain/workloads/awaited.ts';
import { hideProducts } from '../apply/await-products.ts';
import { reportIdle } from '../rollout/idle.ts';
import type { ReleasePhase } from './context.ts';

/** In a large overlay the rest is found when it is needed. */
const maxPlaces = 10;

export const rolloutPhase: ReleasePhase = {
  name: 'rollout',
  steps: ['rollout', 'health'],
  judgesDeployed: true,
  async run({ run, cluster, target, watch, health, begun }) {
    // To find a place takes its time (files to read, code to compile): now, not when a cause is to be said.
    for (const object of target.objects.filter(awaited).slice(0, maxPlaces))
      target.locate(referenceOf(object), ['spec']);
    const verdict = await watch.judge(() => {
      health.then((one) => one.rehearse()).catch(() => undefined);
    });
    if (verdict.state === 'passed') await begun.recorded;
    run.ledger.workloads = verdict.workloads;
    if (verdict.state === 'passed') reportIdle(run, watch.state());
    await hideProducts(run, cluster, watch.limits.expectations ?? []);
    return verdict.state === 'failed' ? verdict.failures : [];
  },
};
