/**
 * Reads the last log line of a container after each observed termination: it distinguishes different kinds of
 * termination.
 */
import { endedWell } from '../../domain/causes/crashes.ts';
import { groupKindOf, keyOf, referenceOf } from '../../domain/kubernetes/objects.ts';
import { comparableLine, lastLineOf } from '../../domain/logs/comparable-line.ts';
import type { End } from '../../domain/rollout/condition-times.ts';
import { controllerKey } from '../../domain/rollout/observe.ts';
import { shardAt } from '../../domain/rollout/persistent-map.ts';
import type {
  LastLine,
  ObservedChange,
  PodRecord,
  RolloutState,
  RolloutTarget,
} from '../../domain/rollout/state.ts';
import { workloadViewOf } from '../../domain/rollout/workload-view.ts';
import { type ContainerView, containersOf, isHeldBack } from '../../domain/status/built-in/containers.ts';
import type { Run } from '../run/context.ts';

/** Thousands of crashing pods must not cause thousands of log requests; the first ones are enough. */
const maxAtOnce = 4;
const maxPerWorkload = 10;
const maxContainers = 50;

/** The last one that is not empty counts. */
const tailLines = 3;

/** Reads logs in the background; what it finds is observed like any change. */
export interface LastLines {
  /** Must be called for every change, after it was observed. */
  seen(change: ObservedChange): void;
  stop(): void;
}

interface Wanted {
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  readonly run: number;
}

/** What one rollout reads, and has read. */
interface Reading {
  readonly run: Run;
  readonly stateOf: () => RolloutState;
  readonly onLine: (line: LastLine) => void;
  readonly stopped: AbortController;
  /** `uid/container#run` of each log that was queued once. */
  readonly asked: Set<string>;
  readonly admits: (workload: string, container: string) => boolean;
  readonly queue: Wanted[];
  /** Requests in progress. */
  active: number;
}

/**
 * Only pods of the release that belong to a changed target are read, so nothing before the first target is
 * registered. Only a digest of a line is kept and passed on: a Secret's value in it is not. A log that cannot be read
 * is passed on as undefined.
 */
export function readLastLines(
  run: Run,
  stateOf: () => RolloutState,
  onLine: (line: LastLine) => void,
): LastLines {
  const reading: Reading = {
    run,
    stateOf,
    onLine,
    stopped: new AbortController(),
    asked: new Set(),
    admits: admission(),
    queue: [],
    active: 0,
  };
  return {
    seen: (change) => queueChanged(reading, change),
    stop: () => {
      reading.queue.length = 0;
      reading.stopped.abort();
    },
  };
}

function queueChanged(reading: Reading, change: ObservedChange): void {
  if (reading.stopped.signal.aborted || change.type === 'deleted') return;
  const objects = change.type === 'listed' ? change.objects : [change.object];
  for (const object of objects) {
    if (groupKindOf(object) !== 'Pod') continue;
    const record = shardAt(reading.stateOf().pods, keyOf(referenceOf(object)));
    if (record !== undefined && record.ends.size > 0) queueEnds(reading, record);
  }
  readNext(reading);
}

function queueEnds({ stateOf, asked, admits, queue }: Reading, record: PodRecord): void {
  const { uid = '' } = record.object.metadata;
  const state = stateOf();
  for (const view of containersOf(record.object)) {
    for (const end of record.ends.get(view.name) ?? []) {
      const id = `${uid}/${view.name}#${end.run}`;
      if (asked.has(id) || !isWorthReading(record, view, end)) continue;
      const target = changedTarget(state, record);
      if (target === undefined || !isOfRelease(state, target, record)) return;
      if (!admits(keyOf(target.reference), `${uid}/${view.name}`)) break;
      asked.add(id);
      queue.push({ pod: keyOf(referenceOf(record.object)), uid, container: view.name, run: end.run });
    }
  }
}

function readNext(reading: Reading): void {
  while (!reading.stopped.signal.aborted && reading.active < maxAtOnce) {
    const wanted = reading.queue.shift();
    if (wanted === undefined) return;
    reading.active += 1;
    const done = (): void => {
      reading.active -= 1;
      readNext(reading);
    };
    readOne(reading, wanted).then(done, done);
  }
}

async function readOne(reading: Reading, wanted: Wanted): Promise<void> {
  const { run, stateOf, onLine, stopped } = reading;
  const found = shardAt(stateOf().pods, wanted.pod)?.object.metadata;
  if (found === undefined || found.uid !== wanted.uid) return;
  const { namespace = '', name } = found;
  const read = await readLine(reading, wanted, namespace, name);
  if (stopped.signal.aborted) return;
  const line = read === undefined ? undefined : run.sha256(comparableLine(read));
  onLine({ ...wanted, type: 'last-line', namespace, pod: name, line, at: run.clock.now() });
}

/** A run that started meanwhile shifts which log is the previous one: then the log has to be read again. */
async function readLine(
  { run, stateOf, stopped }: Reading,
  wanted: Wanted,
  namespace: string,
  name: string,
): Promise<string | undefined> {
  for (let place = placeOf(stateOf(), wanted); place !== undefined; ) {
    const options = { previous: place === 'previous', tailLines, signal: stopped.signal };
    const lines = await run
      .connect()
      .then((cluster) => cluster.podLog(namespace, name, wanted.container, options))
      .catch(() => []);
    const now = placeOf(stateOf(), wanted);
    if (stopped.signal.aborted || now === place) return lastLineOf(lines);
    place = now;
  }
  return undefined;
}

/** Whether a container's logs may be read; once admitted, it stays admitted. */
function admission(): (workload: string, container: string) => boolean {
  const admitted = new Map<string, Set<string>>();
  let all = 0;
  return (workload, container) => {
    const own = admitted.get(workload) ?? new Set();
    if (own.has(container)) return true;
    if (all >= maxContainers || own.size >= maxPerWorkload) return false;
    admitted.set(workload, own.add(container));
    all += 1;
    return true;
  };
}

function isWorthReading(record: PodRecord, view: ContainerView, end: End): boolean {
  // The kubelet starts the second run at once: a log read before that may be of either run.
  return !endedWell(record, view, end.termination) && (end.run > 0 || view.restartCount > 0);
}

/** The changed target that owns the pod. */
function changedTarget(state: RolloutState, { object }: PodRecord): RolloutTarget | undefined {
  const owner = controllerKey(object);
  const above = owner === undefined ? undefined : shardAt(state.workloads, owner)?.object;
  const keys = [keyOf(referenceOf(object)), owner, above === undefined ? undefined : controllerKey(above)];
  return keys
    .map((key) => state.targets[(key === undefined ? undefined : state.places.get(key)) ?? -1])
    .find((target) => target?.changed === true);
}

/** Pods of the previous release may crash while they are replaced: those are ignored. */
function isOfRelease(state: RolloutState, target: RolloutTarget, record: PodRecord): boolean {
  const { pods, failedPods } = workloadViewOf(state, target);
  return pods.includes(record) || failedPods.includes(record);
}

/** Which of the two logs that a kubelet keeps belongs to that run; undefined: neither any more. */
function placeOf(state: RolloutState, wanted: Wanted): 'current' | 'previous' | undefined {
  const object = shardAt(state.pods, wanted.pod)?.object;
  if (object === undefined || object.metadata.uid !== wanted.uid) return undefined;
  const view = containersOf(object).find((one) => one.name === wanted.container);
  if (view === undefined) return undefined;
  if (view.restartCount === wanted.run) return 'current';
  // In back-off both logs belong to the latest run.
  return view.restartCount === wanted.run + 1 && !isHeldBack(view) ? 'previous' : undefined;
}
