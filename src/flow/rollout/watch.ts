/** Watches a rollout until the verdict is passed or failed. One watch per kind, opened before apply. */
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
import { workloadViewOf } from '../../domain/rollout/workload-view.ts';
import { type Verdict, verdict } from '../../domain/verdict/verdict.ts';
import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';
import type { WatchChange, WatchedKind, WatchPort } from '../../ports/watch.ts';
import type { Run } from '../run/context.ts';
import { Freeing } from './blocking-pods.ts';
import { type LastLines, readLastLines } from './last-log-lines.ts';
import { Progress } from './progress.ts';
import { throttleOf } from './throttle.ts';
import { type Observer, observerOf } from './wake-up.ts';
import { proveWatch, type WatchProof } from './watch-proof.ts';

const watchedKinds: readonly Omit<WatchedKind, 'namespace'>[] = [
  ...workloadKinds.flatMap(({ apiVersion, kind, watch }) =>
    watch === undefined ? [] : [{ apiVersion, kind, ...watch }],
  ),
  { apiVersion: 'v1', kind: 'Event' },
];

/** The open watches of one rollout, all that was seen by them, and the verdict on it. */
export interface RolloutWatch {
  /** A workload that was applied: judged from now on. */
  addTarget(target: RolloutTarget): void;
  /** Resolves with the verdict; rejects when the run is cancelled, and with a Fault when a watch is lost. */
  judge(): Promise<Exclude<Verdict, { state: 'pending' }>>;
  readonly limits: Limits;
  /** Everything observed so far. */
  state(): RolloutState;
  /** Resolves at the next change of any watched object, or at `until`; rejects as `judge` does. */
  changed(until: number): Promise<void>;
  /** Watches further kinds until `stop`; resolves when their first lists were delivered to `onChange`. */
  follow(kinds: readonly WatchedKind[], onChange: (change: WatchChange) => void): Promise<void>;
  /** The current state of the workloads, for a run that stops early. */
  workloads(): readonly WorkloadReport[];
  /** The names of this release's pods of a workload. */
  podsOf(reference: ObjectReference): readonly string[];
  stop(): void;
}

/** What the watch will have to judge, as far as it is known before the first write. */
export interface ExpectedTargets {
  /** Number of targets to come; no pass verdict before all are registered. */
  readonly expected: number;
  /** Targets that already exist: they are watched from the start, to know their previous state. */
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

/** One rollout while it is watched. */
interface Watching {
  readonly run: Run;
  readonly port: WatchPort;
  readonly observer: Observer;
  readonly lastLines: LastLines;
  /** What is already watched, by `placeOf`. */
  readonly watched: Set<string>;
  readonly sessions: { stop(): void }[];
  state: RolloutState;
  stopped: boolean;
}

/** Resolves when the initial lists have arrived; these watches are opened before anything is written. */
export async function watchRollout(
  run: Run,
  namespace: string,
  options: ExpectedTargets,
): Promise<RolloutWatch> {
  const watching = await beginWatching(run, namespace, options.expected);
  const { observer } = watching;
  await Promise.all([
    follow(
      watching,
      watchedKinds.map((kind) => ({ ...kind, namespace })),
      (change) => see(watching, change),
    ),
    ...options.existing.map((reference) => include(watching, reference)),
  ]);
  const limits = limitsOf(run, options);
  const proof = proveWatch(run, namespace, (pods) => {
    const at = run.clock.now();
    for (const object of pods) see(watching, { type: 'applied', object, at });
    observer.wake();
  });
  return {
    limits,
    follow: (kinds, onChange) => follow(watching, kinds, onChange),
    changed: observer.changed,
    state: () => watching.state,
    addTarget: (target) => addTarget(watching, target),
    workloads: () => ask(watching, limits).workloads,
    podsOf: (reference) => podsOf(watching.state, reference),
    stop: () => stop(watching),
    judge: () => judge(watching, limits, proof),
  };
}

async function beginWatching(run: Run, namespace: string, expected: number): Promise<Watching> {
  const state = startRollout([], run.clock.now(), expected);
  const observer = observerOf(run);
  const port = await run.watch();
  const watching: Watching = {
    run,
    port,
    observer,
    lastLines: readLastLines(
      run,
      () => watching.state,
      (line) => {
        watching.state = observe(watching.state, line);
        observer.wake();
      },
    ),
    watched: new Set(watchedKinds.map((kind) => placeOf({ ...kind, namespace, name: '' }))),
    sessions: [],
    state,
    stopped: false,
  };
  return watching;
}

function limitsOf({ settings, clock }: Run, options: ExpectedTargets): Limits {
  const { expectations = [], widensQuota = false, nodeMaker, restoring = false } = options;
  return {
    timeout: settings.timeout,
    settle: settings.settle,
    maxRestarts: settings.maxRestarts,
    startedAt: clock.now(),
    budgets: { ...defaultBudgets, gate: settings.readinessGateTimeout },
    expectations,
    widensQuota,
    ...(nodeMaker === undefined ? {} : { nodeMaker }),
    restoring,
  };
}

async function follow(
  watching: Watching,
  kinds: readonly WatchedKind[],
  onChange: (change: WatchChange) => void,
): Promise<void> {
  const { port, observer, sessions } = watching;
  const seen = (change: WatchChange): void => {
    onChange(change);
    observer.wake();
  };
  const session = await port.open(kinds, seen, observer.lose);
  if (watching.stopped) session.stop();
  else sessions.push(session);
}

function see(watching: Watching, change: ObservedChange): void {
  watching.state = observe(watching.state, change);
  watching.lastLines.seen(change);
}

/** Other kinds are watched from their first target on: their definition may be part of the same overlay. */
async function include(watching: Watching, reference: ObjectReference): Promise<void> {
  const place = placeOf(reference);
  if (watching.watched.has(place)) return;
  watching.watched.add(place);
  const { apiVersion, kind, name } = reference;
  const common = { apiVersion, kind, managedFields: true };
  if (reference.namespace !== undefined) {
    await follow(watching, [{ ...common, namespace: reference.namespace }], (change) =>
      see(watching, change),
    );
  } else {
    const one = { ...common, fieldSelector: `metadata.name=${name}` };
    await follow(watching, [one], (change) =>
      see(watching, change.type === 'listed' ? { ...change, name } : change),
    );
  }
}

function addTarget(watching: Watching, target: RolloutTarget): void {
  const { observer } = watching;
  watching.state = withTarget(watching.state, target);
  include(watching, target.reference).catch(observer.lose);
  observer.wake();
}

function podsOf(state: RolloutState, reference: ObjectReference): readonly string[] {
  const target = state.targets.find((one) => keyOf(one.reference) === keyOf(reference));
  return target === undefined
    ? []
    : workloadViewOf(state, target).pods.map((pod) => pod.object.metadata.name);
}

function stop(watching: Watching): void {
  watching.stopped = true;
  watching.observer.stop();
  watching.lastLines.stop();
  for (const session of watching.sessions) session.stop();
}

function ask({ run, state }: Watching, limits: Limits): Verdict {
  return verdict(state, run.clock.now(), limits);
}

async function judge(
  watching: Watching,
  limits: Limits,
  proof: WatchProof,
): ReturnType<RolloutWatch['judge']> {
  const { run, observer } = watching;
  const progress = new Progress(run);
  const freeing = new Freeing(run);
  const throttle = throttleOf(run);
  let proven = false;
  for (;;) {
    throttle.begin();
    const answer = ask(watching, limits);
    progress.show(answer.workloads, run.clock.now());
    if (answer.state === 'failed') return answer;
    if (answer.state === 'passed') {
      if (proven || proof.holds()) return answer;
      await proof.make();
      // Its contents are judged once, even if that takes longer than a list is valid.
      proven = true;
      continue;
    }
    proven = false;
    freeing.free(watching.state, limits);
    const proofAt = proof.ahead(answer.passesAt);
    throttle.end();
    await observer.changed(Math.min(answer.nextAt, progress.nextAt, freeing.nextAt, proofAt));
    await throttle.rest();
  }
}

/** What one watch covers: a kind in a namespace, or one cluster-scoped object. */
function placeOf(reference: ObjectReference): string {
  const { namespace } = reference;
  return namespace === undefined ? keyOf(reference) : `${groupKindOf(reference)}/${namespace}`;
}
