import { type SmokeGround, smokeRelease } from '../smoke/smoke.ts';
import type { ReleaseContext, ReleasePhase } from './context.ts';

export const smokePhase: ReleasePhase = {
  name: 'smoke',
  steps: ['smoke'],
  judgesDeployed: true,
  isAsked: ({ skipTests }) => !skipTests,
  async run(context) {
    await context.begun.databasesAsked;
    return smokeRelease(context.run, await smokeGroundOf(context), context.down);
  },
};

/** What the smoke tests of this release go by; rejects where health could not be observed. */
export async function smokeGroundOf(context: ReleaseContext): Promise<SmokeGround> {
  const { run, cluster, subject, watch, health } = context;
  // Without a release of this job, only smoke is requested, for an earlier deployment.
  const seenUp = run.ledger.release !== undefined;
  return { ...(await subject), cluster, watch, health: await health, seenUp };
}
