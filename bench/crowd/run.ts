/** One deployment of the crowd by deploy-staging, beside one `kubectl rollout status` from apply to verdict. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startStep } from '../../testbed/workflow-step.ts';
import { type BenchOverlay, selector } from '../scale/overlay.ts';
import { now, stampLines, watchMemory } from '../scale/watched-process.ts';
import { type Crash, crash } from './crasher.ts';
import { victim, workloads } from './overlay.ts';
import { watchProcessorTime } from './processor-time.ts';

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
  readonly kubectl: { readonly processorTime: number; readonly peakMemory: number; readonly ended: boolean };
}

export interface CrowdOptions {
  readonly bundle: string;
  readonly kubeconfig: string;
  readonly workspace: string;
  readonly overlay: BenchOverlay;
  /** The environment of kubectl. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function runCrowd(options: CrowdOptions): Promise<CrowdRun> {
  const { bundle, kubeconfig, workspace, overlay } = options;
  const over = new AbortController();
  const crashed = crash(
    kubeconfig,
    { namespace: overlay.namespace, victim, others: workloads - 1 },
    over.signal,
  );
  crashed.catch(() => undefined);
  const applied = Promise.withResolvers<{ at: number; spent: number; rival: Rival }>();
  const judged = Promise.withResolvers<{ at: number; spent: number; rival: RivalFigures }>();
  let spent = (): number => 0;
  const lines = stampLines(({ text, at }) => {
    const phase = /\s(apply|rollout) (?:passed|warned|failed)\b/.exec(text)?.[1];
    if (phase === 'apply') applied.resolve({ at, spent: spent(), rival: startRival(options) });
    if (phase !== 'rollout') return;
    const own = spent();
    void applied.promise.then(({ rival }) => judged.resolve({ at, spent: own, rival: rival.end() }));
  });
  const startedAt = now();
  const step = await startStep({
    bundle,
    workspace,
    inputs: {
      overlay: overlay.folder.slice(workspace.length + 1),
      app: 'crowd',
      kubeconfig,
      timeout: '20m',
      'skip-tests': 'true',
    },
    env: { NO_COLOR: '1' },
    onOutput: lines.add,
  });
  spent = watchProcessorTime(step.process);
  const memory = watchMemory(step.process);
  try {
    const { exitCode, output, outputs } = await step.result;
    // Lines are settled before the process is; a verdict that never came is an end without one.
    const atEnd = new Error(`deploy-staging ended with ${exitCode} before its verdict:\n${output}`);
    const [atApply, atVerdict] = await Promise.race([
      Promise.all([applied.promise, judged.promise]),
      delay(1000).then(() => Promise.reject(atEnd)),
    ]);
    const result = JSON.parse(await readFile(outputs['result'] ?? '', 'utf8')) as {
      failures?: readonly { objects: readonly { name: string }[] }[];
    };
    const named = (result.failures ?? []).flatMap(({ objects }) => objects.map(({ name }) => name));
    return {
      startedAt,
      appliedAt: atApply.at,
      verdictAt: atVerdict.at,
      crash: await crashed,
      outcome: { exitCode, reason: outputs['reason'] ?? '', named },
      processorTime: {
        whole: spent(),
        toApplied: atApply.spent,
        toVerdict: atVerdict.spent - atApply.spent,
      },
      peakMemory: memory(),
      kubectl: atVerdict.rival,
    };
  } finally {
    over.abort(new Error('the deployment is over'));
    void applied.promise.then(({ rival }) => rival.end());
  }
}

type RivalFigures = CrowdRun['kubectl'];

interface Rival {
  end(): RivalFigures;
}

function startRival({ overlay, env }: CrowdOptions): Rival {
  const child: ChildProcess = spawn(
    'kubectl',
    ['rollout', 'status', 'deployment', '-l', selector, '-n', overlay.namespace],
    { env, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const spent = watchProcessorTime(child);
  const memory = watchMemory(child);
  return {
    end: () => {
      const figures = { processorTime: spent(), peakMemory: memory(), ended: child.exitCode !== null };
      child.kill();
      return figures;
    },
  };
}
