/**
 * The phases of a release in their order, and which of them one process runs. An action that runs all of them closes
 * the record; a step leaves it pending for the next step of the job (release state rows 5 and 10).
 */
import { applyPhase } from './apply.ts';
import type { ReleasePhase, ReleaseStep } from './context.ts';
import { healthPhase } from './health.ts';
import { monitorPhase } from './monitor.ts';
import { rolloutPhase } from './rollout.ts';
import { smokePhase } from './smoke.ts';

/** A new phase is a file beside these and a row here. */
const releasePhases: readonly ReleasePhase[] = [
  applyPhase,
  rolloutPhase,
  healthPhase,
  monitorPhase,
  smokePhase,
];

/** Which phases this process runs, in their order. */
export interface PhaseSequence {
  /** Later steps of the job go on: the record stays pending at the end. */
  readonly inSteps: boolean;
  readonly phases: readonly ReleasePhase[];
}

export const wholeRelease: PhaseSequence = { inSteps: false, phases: releasePhases };

/** Health checks the rollout again: pods may have failed since the previous step. */
export function sequenceOf(step: ReleaseStep): PhaseSequence {
  return { inSteps: true, phases: releasePhases.filter(({ steps }) => steps.includes(step)) };
}

/** What this step can judge of a release that an earlier job deployed. */
export function judgingDeployed(step: ReleaseStep): readonly ReleasePhase[] {
  return sequenceOf(step).phases.filter(({ judgesDeployed }) => judgesDeployed);
}
