/**
 * How far one process goes with a release. An action that does all of it closes the record; a step of a job in steps leaves it
 * pending for the next one (STATES rows 5 and 10).
 */

import { healthPhase, monitorPhase, rolloutPhase, smokePhase } from './apply.ts';
import type { ReleasePhase } from './context.ts';

export interface Course {
  readonly inSteps: boolean;
  /** After apply, where it is part of it. */
  readonly phases: readonly ReleasePhase[];
}

export const wholeCourse: Course = {
  inSteps: false,
  phases: [rolloutPhase, healthPhase, monitorPhase, smokePhase],
};

/** What each step judges. Health looks at the rollout again: pods may have fallen since the step before. */
export const stepCourses = {
  rollout: { inSteps: true, phases: [rolloutPhase] },
  health: { inSteps: true, phases: [rolloutPhase, healthPhase, monitorPhase] },
  smoke: { inSteps: true, phases: [smokePhase] },
} as const satisfies Readonly<Record<string, Course>>;
