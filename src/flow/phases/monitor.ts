import { monitorRelease } from '../health/monitor.ts';
import type { ReleasePhase } from './context.ts';

/** Compares with the pods that the release replaced, which no longer exist if an earlier job deployed it. */
export const monitorPhase: ReleasePhase = {
  name: 'monitor',
  steps: ['health'],
  judgesDeployed: false,
  isAsked: ({ monitor }) => monitor > 0,
  run: async ({ run, cluster, watch, health, begun }) =>
    monitorRelease(run, cluster, watch, await health, begun.old),
};
