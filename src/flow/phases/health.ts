import { serviceLine } from '../../report/log/health.ts';
import type { ReleasePhase } from './context.ts';

export const healthPhase: ReleasePhase = {
  name: 'health',
  steps: ['health'],
  judgesDeployed: true,
  async run({ run, health }) {
    const end = await (await health).judge(run.clock.now());
    run.ledger.services = end.services;
    for (const service of end.services) run.log.line(serviceLine(service, run.logClock()));
    return end.state === 'failed' ? end.failures : [];
  },
};
