/** One deployment of the crowd by deploy-staging, beside one `kubectl rollout status` from apply to verdict. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Crash, crash } from './crasher.ts';
import { type BenchOverlay, selector } from './overlay.ts';
import { runStep, type StepOptions } from './step.ts';
import { type Usage, watchUsage } from './watched-process.ts';

/** Durations are milliseconds, moments milliseconds since the epoch, memory is bytes. */
export interface CrowdRun {
  readonly startedAt: number;
  readonly appliedAt: number;
  readonly verdictAt: number;
  readonly crash: Crash;
  readonly outcome: {
    readonly exitCode: number | null;
    readonly reason: string;
    readonly named: readonly string[];
  };
  /** User and system time of our process: in all, until all was applied, from there to the verdict. */
  readonly processorTime: { readonly whole: number; readonly toApplied: number; readonly toVerdict: number };
  readonly peakMemory: number;
  /** `ended`: it had given up before our verdict. */
  readonly kubectl: Usage & { readonly ended: boolean };
}

export interface CrowdOptions extends StepOptions {
  /** The Deployment that crash-loops. */
  readonly victim: string;
  /** The environment of kubectl. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function runCrowd(options: CrowdOptions): Promise<CrowdRun> {
  const { kubeconfig, overlay, victim, env } = options;
  const over = new AbortController();
  const { namespace, workloads } = overlay;
  const crashed = crash(kubeconfig, { namespace, victim, others: workloads - 1 }, over.signal);
  crashed.catch(() => undefined);
  let rival: Rival | undefined;
  try {
    const { startedAt, applied, verdict, usage, step, document } = await runStep(
      options,
      { timeout: '20m' },
      (phase) => {
        if (phase === 'apply') rival = startRival(overlay, env);
        else rival?.end();
      },
    );
    if (rival === undefined) throw new Error('kubectl rollout status was not started');
    const toApplied = applied.usage.processorTime;
    return {
      startedAt,
      appliedAt: applied.at,
      verdictAt: verdict.at,
      crash: await crashed,
      outcome: {
        exitCode: step.exitCode,
        reason: step.outputs['reason'] ?? '',
        named: (document.failures ?? []).flatMap(({ objects }) => objects.map(({ name }) => name)),
      },
      processorTime: {
        whole: usage.processorTime,
        toApplied,
        toVerdict: verdict.usage.processorTime - toApplied,
      },
      peakMemory: usage.peakMemory,
      kubectl: rival.end(),
    };
  } finally {
    over.abort(new Error('the deployment is over'));
    rival?.end();
  }
}

interface Rival {
  /** Ends it; its figures are those of the first call. */
  end(): CrowdRun['kubectl'];
}

function startRival({ namespace }: BenchOverlay, env: CrowdOptions['env']): Rival {
  const child: ChildProcess = spawn(
    'kubectl',
    ['rollout', 'status', 'deployment', '-l', selector, '-n', namespace],
    { env, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const usage = watchUsage(child);
  let figures: CrowdRun['kubectl'] | undefined;
  return {
    end: () => {
      figures ??= { ...usage(), ended: child.exitCode !== null };
      child.kill();
      return figures;
    },
  };
}
