import { hideProducts } from '../apply/await-products.ts';
import { reportIdle } from '../rollout/idle.ts';
import type { ReleasePhase } from './context.ts';

export const rolloutPhase: ReleasePhase = {
  name: 'rollout',
  steps: ['rollout', 'health'],
  judgesDeployed: true,
  async run({ run, cluster, watch, begun }) {
    const verdict = await watch.judge();
    if (verdict.state === 'passed') await begun.recorded;
    run.ledger.workloads = verdict.workloads;
    if (verdict.state === 'passed') reportIdle(run, watch.state());
    await hideProducts(run, cluster, watch.limits.expectations ?? []);
    return verdict.state === 'failed' ? verdict.failures : [];
  },
};
