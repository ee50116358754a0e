/** deploy-staging, the built bundle, run as a workflow step, with the ends of its phases stamped as their lines arrive. */
import { readFile } from 'node:fs/promises';
import { type StepResult, startStep } from '../../testbed/workflow-step.ts';
import type { BenchOverlay } from './overlay.ts';
import { now, stampLines, type Usage, watchUsage } from './watched-process.ts';

export interface StepOptions {
  /** `index.js` of the built action. */
  readonly bundle: string;
  readonly kubeconfig: string;
  readonly workspace: string;
  readonly overlay: BenchOverlay;
}

/** The end of a phase: when its line arrived here, milliseconds since the epoch, and what the process had used until then. */
export interface PhaseEnd {
  readonly at: number;
  readonly usage: Usage;
}

/** The parts of the result document that are measured. Moments are milliseconds since the epoch. */
export interface ResultDocument {
  readonly phases: readonly {
    readonly phase: string;
    readonly startedAt: number;
    readonly finishedAt: number;
  }[];
  readonly failures?: readonly { readonly objects: readonly { readonly name: string }[] }[];
  /** Bytes. */
  readonly peakMemory?: number;
}

export interface EndedStep {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly applied: PhaseEnd;
  readonly verdict: PhaseEnd;
  readonly usage: Usage;
  readonly step: StepResult;
  readonly document: ResultDocument;
}

/**
 * Hollow pods answer no health endpoint, so `skip-tests` is set. `onPhaseEnd` is called as the line about the end arrives.
 * @throws Error with the log where the process ended before its verdict
 */
export async function runStep(
  { bundle, kubeconfig, workspace, overlay }: StepOptions,
  inputs: Readonly<Record<string, string>>,
  onPhaseEnd: (phase: 'apply' | 'rollout') => void = () => undefined,
): Promise<EndedStep> {
  const ends = new Map<string, PhaseEnd>();
  let usage = (): Usage => ({ peakMemory: 0, processorTime: 0 });
  const lines = stampLines(({ text, at }) => {
    const phase = /\s(apply|rollout) (?:passed|warned|failed)\b/.exec(text)?.[1];
    if (phase !== 'apply' && phase !== 'rollout') return;
    ends.set(phase, { at, usage: usage() });
    onPhaseEnd(phase);
  });
  const startedAt = now();
  const running = await startStep({
    bundle,
    workspace,
    inputs: {
      overlay: overlay.folder.slice(workspace.length + 1),
      app: 'bench',
      kubeconfig,
      'skip-tests': 'true',
      ...inputs,
    },
    env: { NO_COLOR: '1' },
    onOutput: lines.add,
  });
  usage = watchUsage(running.process);
  const step = await running.result;
  const endedAt = now();
  const [applied, verdict] = [ends.get('apply'), ends.get('rollout')];
  if (applied === undefined || verdict === undefined)
    throw new Error(`deploy-staging ended with ${step.exitCode} before its verdict:\n${step.output}`);
  const document = JSON.parse(await readFile(step.outputs['result'] ?? '', 'utf8')) as ResultDocument;
  return { startedAt, endedAt, applied, verdict, usage: usage(), step, document };
}
