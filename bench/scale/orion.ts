/** deploy-staging, the built bundle, run as a workflow step. */
import { readFile } from 'node:fs/promises';
import { startStep } from '../../testbed/workflow-step.ts';
import type { BenchOverlay } from './overlay.ts';
import { now, stampLines, watchMemory } from './watched-process.ts';

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

export interface OrionOptions {
  /** `index.js` of the built action. */
  readonly bundle: string;
  readonly kubeconfig: string;
  readonly workspace: string;
  readonly overlay: BenchOverlay;
  /** Milliseconds. */
  readonly settle: number;
}

/** Hollow pods answer no health endpoint, so `skip-tests` is set. Throws with the log if the deployment does not succeed. */
export async function runOrion(options: OrionOptions): Promise<OrionRun> {
  const { bundle, kubeconfig, workspace, overlay, settle } = options;
  const moments = new Map<string, number>();
  const lines = stampLines(({ text, at }) => {
    const ended = /\s(apply|rollout) (?:passed|warned|failed)\b/.exec(text)?.[1];
    if (ended !== undefined) moments.set(ended, at);
  });
  const startedAt = now();
  const step = await startStep({
    bundle,
    workspace,
    inputs: {
      overlay: overlay.folder.slice(workspace.length + 1),
      app: 'bench',
      kubeconfig,
      settle: `${settle}ms`,
      'skip-tests': 'true',
    },
    env: { NO_COLOR: '1' },
    onOutput: lines.add,
  });
  const memory = watchMemory(step.process);
  const { exitCode, output, outputs } = await step.result;
  const endedAt = now();
  const [appliedAt, verdictAt] = [moments.get('apply'), moments.get('rollout')];
  if (exitCode !== 0 || appliedAt === undefined || verdictAt === undefined)
    throw new Error(`deploy-staging ended with ${exitCode}:\n${output}`);
  const result = JSON.parse(await readFile(outputs['result'] ?? '', 'utf8')) as {
    phases: readonly { phase: string; startedAt: number; finishedAt: number }[];
    peakMemory?: number;
  };
  return {
    startedAt,
    appliedAt,
    verdictAt,
    endedAt,
    phases: Object.fromEntries(result.phases.map(({ phase, ...times }) => [phase, times])),
    peakMemory: memory(),
    reportedMemory: result.peakMemory ?? Number.NaN,
  };
}
