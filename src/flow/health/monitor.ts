/** After health: endpoints and restarts stay watched, and the new pods' logs are compared with the old pods' logs. */
import { quoted } from '../../domain/causes/evidence/cause.ts';
import { eventMessage, eventReason } from '../../domain/causes/evidence/evidence.ts';
import type { Failure } from '../../domain/failure/failure.ts';
import type { HealthVerdict } from '../../domain/health/verdict.ts';
import { textAt, timeOf } from '../../domain/kubernetes/fields.ts';
import { type groupKindOf, keyOf, titleOf } from '../../domain/kubernetes/objects.ts';
import {
  type ErrorCount,
  errorFailure,
  rateReport,
  type WorkloadErrors,
} from '../../domain/logs/error-rates.ts';
import type { PodRecord } from '../../domain/rollout/state.ts';
import { workloadViewOf } from '../../domain/rollout/workload-view.ts';
import { isTerminating, phaseOf } from '../../domain/status/built-in/pod.ts';
import { isServingKind } from '../../domain/workloads/workloads.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { errorRateLine } from '../../report/log/health.ts';
import type { Plan } from '../plan/plan.ts';
import type { RolloutWatch } from '../rollout/watch.ts';
import { notice, type Run } from '../run/context.ts';
import { ErrorLogs, type LoggingPod, readAll } from './error-logs.ts';
import type { Health } from './health.ts';

/** The errors of the pods that the release replaces, by the key of their workload, and which pods those are. */
export interface OldErrors {
  readonly counts: ReadonlyMap<string, ErrorCount>;
  readonly pods: ReadonlySet<string>;
}

/** Maximum number of pods of one workload whose logs are read: rates are per pod, so a sample is enough. */
const maxPods = 20;
/** How long apply waits for the old pods' logs, which are lost when the pods are deleted. */
const patience = 10_000;
const pause = 2000;

/** To be read before apply: a deleted pod's log is gone. */
export async function readOldErrors(
  run: Run,
  cluster: ClusterPort,
  watch: RolloutWatch,
  plan: Plan,
): Promise<OldErrors> {
  const now = run.clock.now();
  const window = now - run.settings.errorWindow;
  const late = new AbortController();
  const signal = AbortSignal.any([run.signal, late.signal]);
  const pods = new Set<string>();
  const logs = new Map<string, ErrorLogs>();
  const readers = plan.changes.flatMap(({ reference, desired, action }) => {
    if (action === 'unchanged' || !isMonitored(desired)) return [];
    const { allPods } = workloadViewOf(watch.state(), { reference, changed: true, desired });
    for (const { object } of allPods) pods.add(object.metadata.uid ?? '');
    const running = allPods.filter(({ object }) => phaseOf(object) === 'Running' && !isTerminating(object));
    if (running.length === 0) return [];
    const errors = new ErrorLogs(cluster, signal);
    logs.set(keyOf(reference), errors);
    const since = new Date(window).toISOString();
    return errors.readers(
      running
        .slice(0, maxPods)
        .map(({ object }) => ({ pod: object, from: Math.max(window, createdAt(object) ?? window), since })),
      now,
    );
  });
  const enough = run.clock.wait(patience, signal).then(
    () => late.abort(),
    () => undefined,
  );
  await Promise.race([readAll(readers, signal).catch(() => undefined), enough]);
  late.abort();
  run.signal.throwIfAborted();
  return { counts: new Map([...logs].map(([key, errors]) => [key, errors.count()])), pods };
}

function isMonitored(object: Parameters<typeof groupKindOf>[0]): boolean {
  return isServingKind(object);
}

function createdAt(pod: PodRecord['object']): number | undefined {
  return timeOf(textAt(pod, 'status', 'startTime')) ?? timeOf(pod.metadata.creationTimestamp);
}

/** Ends as soon as the release is known to be broken, else when `monitor` is over and everything is healthy. */
export async function monitorRelease(
  run: Run,
  cluster: ClusterPort,
  watch: RolloutWatch,
  health: Health,
  old: OldErrors,
): Promise<readonly Failure[]> {
  const startedAt = run.clock.now();
  const end = startedAt + run.settings.monitor;
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const logs = new Map<string, ErrorLogs>();
  const look = async (): Promise<Failure | undefined> => {
    const readers = watch.state().targets.flatMap((target) => {
      if (!target.changed || !isMonitored(target.reference)) return [];
      const key = keyOf(target.reference);
      const errors = logs.get(key) ?? new ErrorLogs(cluster, signal);
      logs.set(key, errors);
      return errors.readers(newPods(watch, workloadViewOf(watch.state(), target).pods, old), run.clock.now());
    });
    await readAll(readers, signal);
    return errorFailure(compare(watch, logs, old, end - run.clock.now()), run.settings.maxErrors);
  };
  const followErrors = async (): Promise<Failure> => {
    for (;;) {
      const failure = await look();
      if (failure !== undefined) return failure;
      await run.clock.wait(pause, signal);
    }
  };
  const following = followErrors();
  following.catch(() => undefined);
  const first = await Promise.race([health.judge(end), following]);
  const failures = isVerdict(first) ? await atTheEnd(first, look) : [first];
  stop.abort();
  reportErrors(run, compare(watch, logs, old, 0), logs);
  reportEvents(run, watch, startedAt);
  return failures;
}

type HealthEnd = Exclude<HealthVerdict, { state: 'pending' }>;

function isVerdict(one: HealthEnd | Failure): one is HealthEnd {
  return 'state' in one;
}

/** Reads once more what was logged since the last round. */
async function atTheEnd(
  end: HealthEnd,
  look: () => Promise<Failure | undefined>,
): Promise<readonly Failure[]> {
  if (end.state === 'failed') return end.failures;
  const failure = await look();
  return failure === undefined ? [] : [failure];
}

/** Pods of this release, with the time since which they log. */
function newPods(watch: RolloutWatch, pods: readonly PodRecord[], old: OldErrors): readonly LoggingPod[] {
  return pods
    .filter(({ object }) => !old.pods.has(object.metadata.uid ?? ''))
    .slice(0, maxPods)
    .map(({ object, firstAt }) => ({
      pod: object,
      from: firstAt > watch.limits.startedAt ? firstAt : (createdAt(object) ?? firstAt),
    }));
}

/** `left` is the remaining time of the monitor phase, milliseconds. */
function compare(
  watch: RolloutWatch,
  logs: ReadonlyMap<string, ErrorLogs>,
  old: OldErrors,
  left: number,
): readonly WorkloadErrors[] {
  return watch.state().targets.flatMap(({ reference }) => {
    const fresh = logs.get(keyOf(reference))?.count();
    if (fresh === undefined) return [];
    const before = old.counts.get(keyOf(reference));
    return [
      {
        reference,
        fresh,
        podMinutesAtEnd: fresh.podMinutes + (fresh.pods * Math.max(0, left)) / 60_000,
        ...(before === undefined ? {} : { old: before }),
      },
    ];
  });
}

function reportErrors(
  run: Run,
  workloads: readonly WorkloadErrors[],
  logs: ReadonlyMap<string, ErrorLogs>,
): void {
  run.ledger.errorRates = workloads.filter(({ fresh }) => fresh.pods > 0).map(rateReport);
  for (const rate of run.ledger.errorRates) run.log.line(errorRateLine(rate, run.logClock()));
  const unreadable = [...logs.values()].reduce((total, one) => total + one.unreadable(), 0);
  if (unreadable === 0) return;
  notice(run, {
    reason: 'logs-unreadable',
    message: `The logs of ${unreadable} of the new pods could not be read: errors in them are not counted.`,
    remedy: 'Check whether their nodes respond: `kubectl logs` reads through them too.',
  });
}

const maxNotices = 5;

/** Warning events about this release's pods fail nothing by themselves, but are worth a notice. */
function reportEvents(run: Run, watch: RolloutWatch, since: number): void {
  const seen = new Set<string>();
  for (const target of watch.state().targets) {
    if (!target.changed) continue;
    const view = workloadViewOf(watch.state(), target);
    for (const pod of view.pods) {
      for (const event of view.events(pod.object)) {
        const key = `${keyOf(target.reference)} ${eventReason(event)}`;
        const warns = textAt(event.object, 'type') === 'Warning' && event.firstAt >= since;
        if (!warns || seen.has(key) || seen.size >= maxNotices) continue;
        seen.add(key);
        notice(run, {
          reason: 'warning-event',
          message: `During monitoring, pod ${pod.object.metadata.name} of ${titleOf(target.reference)} had the event ${eventReason(event)}: ${quoted(eventMessage(event))}.`,
          remedy: 'See `kubectl describe pod`: the event did not fail the release.',
          object: target.reference,
        });
      }
    }
  }
}
