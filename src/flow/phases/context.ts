/** What the phases that judge a release work on, whoever applied it: this process, or an earlier step of the job. */
import type { Failure } from '../../domain/failure/failure.ts';
import type { HealthSubject } from '../../domain/health/verdict.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { type Health, openHealth } from '../health/health.ts';
import type { OldErrors } from '../health/monitor.ts';
import type { Target } from '../plan/desired.ts';
import { type ExpectedTargets, type RolloutWatch, watchRollout } from '../rollout/watch.ts';
import type { Run } from '../run/context.ts';

export interface Stage {
  readonly run: Run;
  readonly cluster: ClusterPort;
  readonly target: Target;
  readonly subject: Promise<HealthSubject>;
  readonly watch: RolloutWatch;
  readonly health: Promise<Health>;
  /** Databases that did not work before, by name; filled as they are found. */
  readonly down: Set<string>;
  /** Set by apply, of an apply in this process: each is awaited by the phase that needs it, so that it holds no verdict up. */
  readonly begun: { recorded: Promise<void>; databasesAsked: Promise<void>; old: OldErrors };
}

/** One phase of a release: what failed, still to be diagnosed; empty when it passed. */
export type ReleasePhase = (stage: Stage) => Promise<readonly Failure[]>;

export async function openStage(
  run: Run,
  { cluster, target }: { readonly cluster: ClusterPort; readonly target: Target },
  subject: Promise<HealthSubject>,
  expected: ExpectedTargets,
  before: { readonly down?: Set<string>; readonly old?: OldErrors } = {},
): Promise<Stage> {
  // Awaited by what needs it; until then a failure must not count as one that nobody looks at.
  subject.catch(() => undefined);
  const watch = await watchRollout(run, target.namespace, expected);
  const health = subject.then((judged) => openHealth(run, watch, judged));
  health.catch(() => undefined);
  const { down = new Set<string>(), old = { counts: new Map(), pods: new Set<string>() } } = before;
  const begun = { recorded: Promise.resolve(), databasesAsked: Promise.resolve(), old };
  return { run, cluster, target, subject, watch, health, down, begun };
}

/** Goes through them until one fails. */
export async function goThroughPhases(
  stage: Stage,
  phases: readonly ReleasePhase[],
): Promise<readonly Failure[]> {
  for (const phase of phases) {
    const failures = await phase(stage);
    if (failures.length > 0) return failures;
  }
  return [];
}
