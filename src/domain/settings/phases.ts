/** The phases of a deployment, in their order, and the steps that the action `phase` does of it. */
export const phaseNames = [
  'inputs',
  'preflight',
  'preview',
  'approval',
  'lock',
  'apply',
  'rollout',
  'health',
  'monitor',
  'smoke',
  'finish',
  'rollback',
] as const;

/** A phase as records, timings and the summary name it. */
export type PhaseName = (typeof phaseNames)[number];

/** What the action `phase` does as a step of its own. */
export const stepNames = [
  'preflight',
  'preview',
  'rollout',
  'health',
  'smoke',
  'finish',
  'rollback',
  'history',
  'observe',
  'unlock',
] as const;

/** A value of the input `phase`. */
export type StepName = (typeof stepNames)[number];

/** Times are milliseconds since the epoch. */
export interface PhaseTiming {
  readonly phase: PhaseName;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly result: 'passed' | 'warned' | 'failed' | 'cancelled';
}
