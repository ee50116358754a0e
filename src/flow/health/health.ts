/** After the rollout: workloads stay up, and every Service of the overlay sends to their pods. Watched, not polled. */
import { selectorOf } from '../../domain/health/endpoints.ts';
import { type HealthState, healthKinds, observeHealth, startHealth } from '../../domain/health/state.ts';
import { type HealthSubject, type HealthVerdict, healthVerdict } from '../../domain/health/verdict.ts';
import { groupKindOf, type KubernetesObject, keyOf, referenceOf } from '../../domain/kubernetes/objects.ts';
import type { ReleaseBody } from '../../domain/release/record.ts';
import { waitingLines } from '../../report/log/health.ts';
import type { RolloutWatch } from '../rollout/watch.ts';
import type { Run } from '../run/context.ts';

type HealthEnd = Exclude<HealthVerdict, { state: 'pending' }>;

/** Judges what is up after a rollout: readiness of the workloads, endpoints of the Services. */
export interface Health {
  /** Services and EndpointSlices observed so far; empty if the overlay has no Service. */
  state(): HealthState;
  /**
   * Resolves when everything is healthy at `until` (milliseconds since the epoch) or later, or when a problem is
   * permanent or has lasted for the health budget. Rejects when the run is cancelled or a watch is lost.
   */
  judge(until: number): Promise<HealthEnd>;
}

/** What health is judged from, with the Services and EndpointSlices observed so far. */
interface HealthContext {
  readonly run: Run;
  readonly watch: RolloutWatch;
  readonly subject: HealthSubject;
  state: HealthState;
}

/** Opens the watches that health needs; they end together with those of the rollout. */
export async function openHealth(run: Run, watch: RolloutWatch, subject: HealthSubject): Promise<Health> {
  const context: HealthContext = { run, watch, subject, state: startHealth() };
  if (subject.rendered.some(isJudged)) {
    const { namespace } = subject;
    await watch.follow(
      healthKinds.map((kind) => ({ ...kind, namespace })),
      (change) => {
        context.state = observeHealth(context.state, change);
      },
    );
  }
  return { state: () => context.state, judge: (until) => judge(context, until) };
}

async function judge(context: HealthContext, until: number): Promise<HealthEnd> {
  const { run, watch } = context;
  const { healthRetries, healthInterval, progressInterval } = run.settings;
  const budget = healthRetries * healthInterval;
  let unsoundSince: number | undefined;
  let shownAt = run.clock.now();
  for (;;) {
    const now = run.clock.now();
    const deadline = (unsoundSince ?? now) + budget;
    const answer = ask(context, now, deadline);
    if (answer.state === 'failed' || (answer.state === 'passed' && now >= until)) return answer;
    unsoundSince = answer.state === 'passed' ? undefined : (unsoundSince ?? now);
    if (answer.state === 'pending' && now >= shownAt + progressInterval) {
      for (const line of waitingLines(answer.waitingFor, run.logClock())) run.log.line(line);
      shownAt = now;
    }
    const next = answer.state === 'passed' ? until : Math.min(answer.nextAt, deadline);
    await watch.changed(Math.min(next, now + progressInterval));
  }
}

function ask({ watch, state, subject }: HealthContext, now: number, deadline: number): HealthVerdict {
  return healthVerdict(watch.state(), state, subject, now, { rollout: watch.limits, deadline });
}

function isJudged(object: KubernetesObject): boolean {
  return groupKindOf(object) === 'Service' && selectorOf(object) !== undefined;
}

/**
 * Keys of objects that the previous record lists and this overlay no longer has: finish will delete them, and their
 * pods count as old.
 */
export function formerKeys(
  before: ReleaseBody | undefined,
  rendered: readonly KubernetesObject[],
): ReadonlySet<string> {
  const now = new Set(rendered.map((object) => keyOf(referenceOf(object))));
  const then = [...(before?.inventory ?? []), ...(before?.earlier ?? [])].map(({ reference }) =>
    keyOf(reference),
  );
  return new Set(then.filter((key) => !now.has(key)));
}
