import type { Reason } from '../failure/reasons.ts';
import { fieldAt, timeOf } from '../kubernetes/fields.ts';
import type { End } from '../rollout/condition-times.ts';
import type { EventRecord, Limits, PodRecord } from '../rollout/state.ts';
import type { WorkloadView } from '../rollout/workload-view.ts';
import { type ContainerView, endsOf, type Termination } from '../status/built-in/containers.ts';
import { restartPolicyOf, restartRuleOf, staysEnded } from '../status/built-in/restarts.ts';
import { type Cause, causeOf, type Fatality, quoted, subject } from './evidence/cause.ts';
import { eventMessage, eventReason, evidenceOf, podEvents } from './evidence/evidence.ts';
import { containerField } from './evidence/field-paths.ts';

/**
 * Number of identical terminations that make a crash loop (VERDICTS row 4; a first and second failed start may
 * recover, row 7).
 */
export const sameEnds = 3;

/** How often a container has terminated since this release began; earlier terminations do not count. */
export function endsOfRelease(pod: PodRecord, container: ContainerView, limits: Limits): number {
  return endsOf(container) - endsBefore(pod, container, limits);
}

/** Terminations that are not the program's fault. */
function excusedOf(pod: PodRecord, { name }: ContainerView): number {
  return pod.tallies.get(name)?.excused ?? 0;
}

function endsBefore(pod: PodRecord, container: ContainerView, limits: Limits): number {
  return pod.firstAt <= limits.startedAt ? (pod.endsAtFirst.get(container.name) ?? 0) : 0;
}

/**
 * How long to wait for a last log line that may still exonerate the container, milliseconds: one request to its
 * kubelet.
 */
const lineAllowance = 500;

/** Exit code and reason together: with the last line of the log, "the same way". */
function wayOf({ exitCode, reason }: Termination): string {
  return `${exitCode} ${reason}`;
}

/**
 * Whether the last three terminations were identical in code, reason and last log line. After an interrupted watch
 * one of the three may be missing; at least two must be known. An unknown line matches any other; only that of the
 * newest termination can still arrive, and is `awaited` if another one is known to compare with. `excused`
 * terminations are skipped.
 */
export function likenessOf(
  known: readonly End[],
  ends: number,
  before: number,
  excused = 0,
): 'alike' | 'different' | 'awaited' {
  if (ends - before - excused < sameEnds) return 'different';
  const from = Math.max(before, ends - sameEnds - excused);
  const newest = known
    .filter((end) => end.excused !== true && end.run >= from && end.run < ends)
    .slice(-sameEnds);
  const ways = new Set(newest.map((end) => wayOf(end.termination)));
  const lines = new Set(newest.flatMap(({ line }) => (line === undefined || line === '' ? [] : [line])));
  if (newest.length < 2 || ways.size > 1 || lines.size > 1) return 'different';
  return lines.size === 1 && newest.at(-1)?.line === undefined ? 'awaited' : 'alike';
}

/**
 * A container that terminates repeatedly; even fewer terminations than make it fatal are the best explanation at the
 * timeout.
 */
export function crashCause(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): Cause | undefined {
  const before = endsBefore(pod, container, limits);
  const ends = endsOf(container);
  const own = ends - before - excusedOf(pod, container);
  const last = lastEnd(container);
  if (own <= 0 || last === undefined || endedWell(pod, container, last)) return undefined;
  const known = pod.ends.get(container.name) ?? [];
  if (known.at(-1)?.excused === true) return undefined;
  const likeness = likenessOf(known, ends, before, excusedOf(pod, container));
  const fatality: Fatality = isMissing(pod, container)
    ? { when: 'now' }
    : fatalityOf(view, likeness, own, known.at(-1), limits);
  const probe = killedBy(view, pod, container, limits);
  const hook = podEvents(view, pod, limits, container).find(
    (event) => eventReason(event) === 'FailedPostStartHook',
  );
  const told = probe ?? hook;
  const { reason, what, field } = describe(view, container, last, probe, hook);
  return causeOf(view, {
    reason,
    fatality,
    weight: fatality.when === 'never' ? 75 : 95,
    pod,
    container,
    event: told === undefined ? undefined : evidenceOf(told),
    evidenceAt: last.finishedAt,
    message: `${subject(container, view.target.reference)} ${what}, ${times(own, likeness !== 'different')}.`,
    field,
  });
}

function fatalityOf(
  view: WorkloadView,
  likeness: ReturnType<typeof likenessOf>,
  ends: number,
  newest: End | undefined,
  limits: Limits,
): Fatality {
  // A Job counts its own retries (backoffLimit): its third one may succeed.
  if (view.kind.runs === 'to-completion') return { when: 'never' };
  if (likeness === 'alike' || ends > limits.maxRestarts) return { when: 'heard', triedAt: triedAt(newest) };
  return likeness === 'awaited'
    ? { when: 'after', since: newest?.seenAt ?? 0, allowance: lineAllowance }
    : { when: 'never' };
}

/** When the run began, by our clock; its duration is the difference of two times of the cluster's clock. */
function triedAt(end: End | undefined): number {
  const lasted = (timeOf(end?.termination.finishedAt) ?? 0) - (timeOf(end?.termination.startedAt) ?? 0);
  return (end?.seenAt ?? 0) - lasted;
}

function times(count: number, alike: boolean): string {
  if (count === 1) return 'once so far';
  return alike ? `${count} times in the same way` : `${count} times`;
}

function lastEnd(container: ContainerView): Termination | undefined {
  return container.terminated ?? container.previous;
}

/**
 * Exit 0 is what init containers and pods that are not restarted are for. An exit code for which a rule of the
 * container requests a restart is intended by the program, and not its fault.
 */
export function endedWell(pod: PodRecord, container: ContainerView, last: Termination): boolean {
  if (restartRuleOf(container.spec, last.exitCode) !== undefined) return true;
  if (last.exitCode !== 0) return false;
  return container.role === 'init' || restartPolicyOf(pod.object, undefined) !== 'Always';
}

/** In a pod that keeps running, a container that stays terminated prevents it from becoming ready again. */
function isMissing(pod: PodRecord, container: ContainerView): boolean {
  const isKeptRunning = restartPolicyOf(pod.object, undefined) === 'Always';
  return isKeptRunning && container.role === 'main' && staysEnded(pod.object, container);
}

/**
 * The event of a probe that caused the kill. The kubelet's message depends on the probe: "failed liveness probe, will
 * be restarted".
 */
function killedBy(
  view: WorkloadView,
  pod: PodRecord,
  container: ContainerView,
  limits: Limits,
): EventRecord | undefined {
  const events = podEvents(view, pod, limits, container);
  const kill = events.map((event) => /failed (liveness|startup) probe/.exec(eventMessage(event))?.[1]);
  const killer = kill.find((probe) => probe !== undefined);
  const answers = events.filter((event) => {
    const probe = /^(Liveness|Startup) probe (?:failed|errored)/
      .exec(eventMessage(event))?.[1]
      ?.toLowerCase();
    return probe !== undefined && (killer === undefined || killer === probe);
  });
  const last = lastEnd(container);
  // Without the Killing event (events are dropped under load), a signal's exit code together with a failed probe shows it.
  const signalled = last !== undefined && (last.exitCode === 137 || last.exitCode === 143);
  return killer !== undefined || signalled ? answers[0] : undefined;
}

interface Description {
  readonly reason: Reason;
  readonly what: string;
  readonly field: ReturnType<typeof containerField>;
}

function describe(
  view: WorkloadView,
  container: ContainerView,
  last: Termination,
  probe?: EventRecord,
  hook?: EventRecord,
): Description {
  const { desired } = view.target;
  const field = (...rest: readonly string[]) => containerField(desired, container.name, ...rest);
  if (last.reason === 'OOMKilled') {
    const limit = fieldAt(container.spec, 'resources', 'limits', 'memory');
    const beyond =
      limit === undefined ? 'its node ran out of memory' : `it needed more than its limit of ${limit}`;
    return {
      reason: 'out-of-memory',
      what: `was killed because ${beyond} (OOMKilled)`,
      field: field('resources', 'limits', 'memory'),
    };
  }
  if (probe !== undefined) {
    const startup = eventMessage(probe).startsWith('Startup');
    return {
      reason: startup ? 'startup-probe-failing' : 'liveness-probe-failing',
      what: `was killed by its ${startup ? 'startup' : 'liveness'} probe (${quoted(eventMessage(probe))})`,
      field: field(startup ? 'startupProbe' : 'livenessProbe'),
    };
  }
  const reason = container.role === 'init' ? 'init-container-failed' : 'crash-loop';
  if (hook !== undefined) {
    return {
      reason,
      what: `was killed because its postStart hook failed (${quoted(eventMessage(hook))})`,
      field: field('lifecycle', 'postStart'),
    };
  }
  const said = last.reason === 'Error' || last.reason === 'Completed' ? '' : last.reason;
  // The runtime's message, as for StartError; the program's own message is in its log.
  const words = said === '' || last.message === '' ? said : `${said}: ${quoted(last.message)}`;
  const why = words === '' ? '' : ` (${words})`;
  return { reason, what: `exited with code ${last.exitCode}${why}`, field: field('command') };
}
