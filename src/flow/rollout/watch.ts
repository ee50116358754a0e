/** Watches a rollout until the pure verdict says passed or failed. One watch per kind, opened before apply. */
import { Fault } from '../../domain/failure/fault.ts';
import { workloadKinds } from '../../domain/kinds/table.ts';
import { groupKindOf, keyOf, type ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { Expectation } from '../../domain/producers/expectations.ts';
import { observe } from '../../domain/rollout/observe.ts';
import {
  defaultBudgets,
  type Limits,
  type ObservedChange,
  type RolloutState,
  type RolloutTarget,
  startRollout,
  withTarget,
} from '../../domain/rollout/state.ts';
import { sceneOf } from '../../domain/rollout/workload-view.ts';
import { type Verdict, verdict } from '../../domain/verdict/verdict.ts';
import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';
import type { WatchChange, WatchedKind } from '../../ports/watch.ts';
import type { Run } from '../run/context.ts';
import { Freeing } from './blocking-pods.ts';
import { readLastLines } from './last-log-lines.ts';
import { Progress } from './progress.ts';
import { paceOf } from './throttle.ts';
import { alarmOf } from './wake-up.ts';
import { proveWatch } from './watch-proof.ts';

const watchedKinds: readonly Omit<WatchedKind, 'namespace'>[] = [
  ...workloadKinds.flatMap(({ apiVersion, kind, watch }) =>
    watch === undefined ? [] : [{ apiVersion, kind, ...watch }],
  ),
  { apiVersion: 'v1', kind: 'Event' },
];

export interface RolloutWatch {
  addTarget(target: RolloutTarget): void;
  /** Resolves with the verdict; rejects when the run is cancelled, and with a Fault when a watch is lost. */
  judge(): Promise<Exclude<Verdict, { state: 'pending' }>>;
  readonly limits: Limits;
  /** Everything seen so far. */
  state(): RolloutState;
  /** Resolves at the next change of anything that is watched, or at `until`; rejects as `judge` does. */
  changed(until: number): Promise<void>;
  /** Watches further kinds until `stop`; resolves when their first lists were delivered to `onChange`. */
  follow(kinds: readonly WatchedKind[], onChange: (change: WatchChange) => void): Promise<void>;
  /** How the workloads stand now, for a run that stops early. */
  workloads(): readonly WorkloadReport[];
  /** The names of this release's pods of a workload. */
  podsOf(reference: ObjectReference): readonly string[];
  stop(): void;
}

export interface ExpectedTargets {
  /** So many will be added: until then a doomed release fails, but none passes. */
  readonly expected: number;
  /** Those that are there already: they are watched from the start, to know them as they were. */
  readonly existing: readonly ObjectReference[];
  /** See `Limits.restoring`. */
  readonly restoring?: boolean;
  /** See `Limits.expectations`. */
  readonly expectations?: readonly Expectation[];
  /** See `Limits.widensQuota`. */
  readonly widensQuota?: boolean;
  /** See `Limits.nodeMaker`. */
  readonly nodeMaker?: string;
}

export async function watchRollout(
  run: Run,
  namespace: string,
  {
    expected,
    existing,
    restoring = false,
    expectations = [],
    widensQuota = false,
    nodeMaker,
  }: ExpectedTargets,
): Promise<RolloutWatch> {
  let state: RolloutState = startRollout([], run.clock.now(), expected);
  const observer = observerOf(run);
  const watch = await run.watch();
  const sessions: { stop(): void }[] = [];
  let stopped = false;
  const follow: RolloutWatch['follow'] = async (kinds, onChange) => {
    const seen = (change: WatchChange): void => {
      onChange(change);
      observer.wake();
    };
    const session = await watch.open(kinds, seen, observer.lose);
    if (stopped) session.stop();
    else sessions.push(session);
  };
  const lastLines = readLastLines(
    run,
    () => state,
    (line) => {
      state = observe(state, line);
      observer.wake();
    },
  );
  const see = (change: ObservedChange): void => {
    state = observe(state, change);
    lastLines.seen(change);
  };
  const watched = new Set(watchedKinds.map((kind) => placeOf({ ...kind, namespace, name: '' })));
  /** Kinds beside the standing ones when the first target of theirs comes: their definition may be of the same overlay. */
  const include = async (reference: ObjectReference): Promise<void> => {
    const place = placeOf(reference);
    if (watched.has(place)) return;
    watched.add(place);
    const { apiVersion, kind, name } = reference;
    const common = { apiVersion, kind, managedFields: true };
    if (reference.namespace !== undefined) {
      await follow([{ ...common, namespace: reference.namespace }], see);
    } else {
      const one = { ...common, fieldSelector: `metadata.name=${name}` };
      await follow([one], (change) => see(change.type === 'listed' ? { ...change, name } : change));
    }
  };
  await Promise.all([
    follow(
      watchedKinds.map((kind) => ({ ...kind, namespace })),
      see,
    ),
    ...existing.map(include),
  ]);
  const limits: Limits = {
    timeout: run.settings.timeout,
    settle: run.settings.settle,
    maxRestarts: run.settings.maxRestarts,
    startedAt: run.clock.now(),
    budgets: { ...defaultBudgets, gate: run.settings.readinessGateTimeout },
    expectations,
    widensQuota,
    ...(nodeMaker === undefined ? {} : { nodeMaker }),
    restoring,
  };
  const proof = proveWatch(run, namespace, (pods) => {
    const at = run.clock.now();
    for (const object of pods) see({ type: 'applied', object, at });
    observer.wake();
  });
  const ask = (): Verdict => verdict(state, run.clock.now(), limits);
  return {
    limits,
    follow,
    changed: observer.changed,
    state: () => state,
    addTarget: (target) => {
      state = withTarget(state, target);
      include(target.reference).catch(observer.lose);
      observer.wake();
    },
    workloads: () => ask().workloads,
    podsOf: (reference) => {
      const target = state.targets.find((one) => keyOf(one.reference) === keyOf(reference));
      return target === undefined ? [] : sceneOf(state, target).pods.map((pod) => pod.object.metadata.name);
    },
    stop: () => {
      stopped = true;
      observer.stop();
      lastLines.stop();
      for (const session of sessions) session.stop();
    },
    judge: async () => {
      const progress = new Progress(run);
      const freeing = new Freeing(run);
      const pace = paceOf(run);
      let proven = false;
      for (;;) {
        pace.begin();
        const answer = ask();
        progress.show(answer.workloads, run.clock.now());
        if (answer.state === 'failed') return answer;
        if (answer.state === 'passed') {
          if (proven || proof.holds()) return answer;
          await proof.make();
          // What it told is judged once, even if that takes longer than a list speaks for the watch.
          proven = true;
          continue;
        }
        proven = false;
        freeing.free(state, limits);
        const proofAt = proof.ahead(answer.passesAt);
        pace.end();
        await observer.changed(Math.min(answer.nextAt, progress.nextAt, freeing.nextAt, proofAt));
        await pace.rest();
      }
    },
  };
}

/** What one watch covers: a kind in a namespace, or one object of a kind that has none. */
function placeOf(reference: ObjectReference): string {
  const { namespace } = reference;
  return namespace === undefined ? keyOf(reference) : `${groupKindOf(reference)}/${namespace}`;
}

interface Observer {
  /** Until a change arrives, or it is `until`. */
  changed(until: number): Promise<void>;
  wake(): void;
  /** A watch is gone: what has been seen is no longer what is, and nobody may wait for it. */
  lose(error: unknown): void;
  stop(): void;
}

function observerOf(run: Run): Observer {
  let lost: Fault | undefined;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const one of woken) one();
  };
  const alarm = alarmOf(run, wake);
  const goOn = (): void => {
    run.signal.throwIfAborted();
    if (lost !== undefined) throw lost;
  };
  return {
    wake,
    stop: alarm.stop,
    changed: async (until) => {
      goOn();
      const woken = new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
      alarm.ringBy(until);
      await woken;
      goOn();
    },
    lose: (error) => {
      lost ??= lostWatch(error);
      wake();
    },
  };
}

function lostWatch(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Fault(
    'cluster-unreachable',
    `The cluster could no longer be watched, so nothing can be said of the release: ${said}`,
    'See whether the API server is reachable and the credentials are still valid, then run the job again.',
    { cause: error },
  );
}
