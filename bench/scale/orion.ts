import { runStep, type StepOptions } from './step.ts';

/** Durations are milliseconds, moments milliseconds since the epoch. */
export interface OrionRun {
  readonly startedAt: number;
  /** When its line about the end of the apply phase arrived here. */
  readonly appliedAt: number;
  /** When its verdict arrived here. */
  readonly verdictAt: number;
  readonly endedAt: number;
  readonly phases: Readonly<Record<string, { readonly startedAt: number; readonly finishedAt: number }>>;
  /** Bytes: as the kernel counts it (VmHWM), and as the result document says. */
  readonly peakMemory: number;
  readonly reportedMemory: number;
}

/**
 * `settle` is milliseconds.
 * @throws Error with the log where the deployment does not succeed
 */
export async function runOrion(options: StepOptions, settle: number): Promise<OrionRun> {
  const { startedAt, endedAt, applied, verdict, usage, step, document } = await runStep(options, {
    settle: `${settle}ms`,
  });
  if (step.exitCode !== 0) throw new Error(`deploy-staging ended with ${step.exitCode}:\n${step.output}`);
  return {
    startedAt,
    appliedAt: applied.at,
    verdictAt: verdict.at,
    endedAt,
    phases: Object.fromEntries(document.phases.map(({ phase, ...times }) => [phase, times])),
    peakMemory: usage.peakMemory,
    reportedMemory: document.peakMemory ?? Number.NaN,
  };
}
