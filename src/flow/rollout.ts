/** Watches a rollout until the pure verdict says passed or failed. One watch per kind, opened before apply. */
import type { Failure, LogTail } from '../domain/failure.ts';
import { keyOf, type ObjectReference } from '../domain/objects.ts';
import type { WorkloadReport } from '../domain/result.ts';
import { observe } from '../domain/rollout/observe.ts';
import { sceneOf } from '../domain/rollout/scene.ts';
import {
  defaultBudgets,
  type Limits,
  type RolloutState,
  type RolloutTarget,
  startRollout,
  withTarget,
} from '../domain/rollout/state.ts';
import { type Verdict, verdict } from '../domain/rollout/verdict.ts';
import type { FieldPath, SourceLocation } from '../domain/source.ts';
import { progressLines } from '../report/log-progress.ts';
import { alarmOf } from './alarm.ts';
import type { ClusterPort } from './ports.ts';
import type { Run } from './run.ts';

const watchedKinds = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'Event' },
] as const;

export interface RolloutWatch {
  addTarget(target: RolloutTarget): void;
  /** Resolves with the verdict; rejects when the run is cancelled. */
  judge(): Promise<Exclude<Verdict, { state: 'pending' }>>;
  /** How the workloads stand now, for a run that stops early. */
  workloads(): readonly WorkloadReport[];
  /** The names of this release's pods of a workload. */
  podsOf(reference: ObjectReference): readonly string[];
  stop(): void;
}

/** `expected` targets will be added: until then a doomed release fails, but none passes. */
export async function watchRollout(run: Run, namespace: string, expected: number): Promise<RolloutWatch> {
  const startedAt = run.clock.now();
  let state: RolloutState = startRollout([], startedAt, expected);
  let wake: () => void = () => undefined;
  const watch = await run.watch();
  const session = await watch.open(
    watchedKinds.map((kind) => ({ ...kind, namespace })),
    (change) => {
      state = observe(state, change);
      wake();
    },
  );
  const limits: Limits = {
    timeout: run.settings.timeout,
    settle: run.settings.settle,
    maxRestarts: run.settings.maxRestarts,
    startedAt: run.clock.now(),
    budgets: defaultBudgets,
  };
  const ask = (): Verdict => verdict(state, run.clock.now(), limits);

  const alarm = alarmOf(run, () => wake());

  /** Until a change arrives, time alone may change the answer, or it is time for a progress line. */
  const change = async (until: number): Promise<void> => {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    alarm.ringBy(until);
    await woken;
    run.signal.throwIfAborted();
  };

  return {
    addTarget: (target) => {
      state = withTarget(state, target);
      wake();
    },
    workloads: () => ask().workloads,
    podsOf: (reference) => {
      const target = state.targets.find((one) => keyOf(one.reference) === keyOf(reference));
      return target === undefined ? [] : sceneOf(state, target).pods.map((pod) => pod.object.metadata.name);
    },
    stop: () => {
      alarm.stop();
      session.stop();
    },
    judge: async () => {
      const progress = new Progress(run);
      for (;;) {
        const answer = ask();
        progress.show(answer.workloads, run.clock.now());
        if (answer.state !== 'pending') return answer;
        await change(Math.min(answer.nextAt, progress.nextAt));
      }
    },
  };
}

const leastPause = 1000;

/** Lines at each interval, and sooner (not more than each second) when a workload becomes current or fails. */
class Progress {
  nextAt: number;
  private readonly run: Run;
  private last: string;
  private shownAt: number;

  constructor(run: Run) {
    this.run = run;
    this.nextAt = run.clock.now() + run.settings.progressInterval;
    this.last = '';
    this.shownAt = 0;
  }

  show(workloads: readonly WorkloadReport[], now: number): void {
    const states = workloads.map((workload) => workload.state).join();
    const news = states !== this.last && now >= this.shownAt + leastPause;
    if (now < this.nextAt && !news) return;
    this.last = states;
    this.shownAt = now;
    this.nextAt = now + this.run.settings.progressInterval;
    for (const line of progressLines(workloads, this.run.logClock())) this.run.log.line(line);
  }
}

const tailLines = 25;

/** Completes failures with what only I/O can add: the log tails, and the line to edit. */
export async function diagnose(
  run: Run,
  cluster: ClusterPort,
  failures: readonly Failure[],
  locate: (reference: ObjectReference, path?: FieldPath) => SourceLocation,
): Promise<readonly Failure[]> {
  return Promise.all(
    failures.map(async (failure) => {
      const [first] = failure.objects;
      const location = failure.location ?? (first === undefined ? undefined : locate(first, failure.field));
      return {
        ...failure,
        logs: await logTails(run, cluster, failure),
        ...(location === undefined ? {} : { location }),
      };
    }),
  );
}

/** How often a log is asked for: in the moment of a restart the kubelet may have neither the old one nor the new one. */
const logAttempts = 4;
const logPause = 400;

async function logTails(run: Run, cluster: ClusterPort, failure: Failure): Promise<readonly LogTail[]> {
  const at = failure.container;
  if (at === undefined) return failure.logs;
  for (let attempt = 1; ; attempt += 1) {
    const tails = await readTails(cluster, at);
    run.signal.throwIfAborted();
    if (tails.length > 0 || !at.terminated || attempt === logAttempts) return tails;
    await run.clock.wait(logPause, run.signal);
  }
}

async function readTails(
  cluster: ClusterPort,
  at: NonNullable<Failure['container']>,
): Promise<readonly LogTail[]> {
  const tails = await Promise.all(
    [false, true].map(async (previous): Promise<LogTail> => {
      // A container that never started has no log: the answer 400 says nothing new.
      const lines = await cluster
        .podLog(at.namespace, at.pod, at.container, { previous, tailLines })
        .catch(() => []);
      return { pod: at.pod, container: at.container, previous, lines };
    }),
  );
  // The same end told twice helps nobody: the previous log only where the current one is silent or differs.
  return tails
    .filter(({ lines }) => lines.length > 0)
    .filter((tail, index, all) => index === 0 || tail.lines.join() !== all[0]?.lines.join());
}
