/** What the phases of a release work on and may do, whether this process applied it or an earlier step of the job. */
import type { Failure } from '../../domain/failure/failure.ts';
import type { HealthSubject } from '../../domain/health/verdict.ts';
import type { Expectation } from '../../domain/producers/expectations.ts';
import type { PhaseName } from '../../domain/settings/phases.ts';
import type { Settings } from '../../domain/settings/settings.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { type Health, openHealth } from '../health/health.ts';
import type { OldErrors } from '../health/monitor.ts';
import type { Target } from '../plan/desired.ts';
import type { Plan } from '../plan/plan.ts';
import type { OpenRelease } from '../record/open-release.ts';
import { type ExpectedTargets, type RolloutWatch, watchRollout } from '../rollout/watch.ts';
import type { Run } from '../run/context.ts';
import { inPhase } from '../run/phase.ts';

/** What every phase of a release gets: the rollout watch is open and outlives the single phase. */
export interface ReleaseContext {
  readonly run: Run;
  readonly cluster: ClusterPort;
  readonly target: Target;
  /** Rejects where the cluster does not give what health is judged by; awaited by the phase that needs it. */
  readonly subject: Promise<HealthSubject>;
  readonly watch: RolloutWatch;
  readonly health: Promise<Health>;
  /** Databases that did not work before the release, by name; filled as they are found. */
  readonly down: Set<string>;
  /**
   * Lock, record and what was written so far: a phase that changes the cluster needs it (src/flow/record/change.ts).
   * Absent if a release of an earlier job is only judged.
   */
  readonly release?: OpenRelease;
  /** What this process has to apply; absent if an earlier one has done so. */
  readonly planned?: Planned;
  /**
   * Set by apply in this process. Each promise is awaited by the phase that needs it, so that it delays no other
   * verdict.
   */
  readonly begun: { recorded: Promise<void>; databasesAsked: Promise<void>; old: OldErrors };
}

/** What this process is to apply, and what others will make of it. */
export interface Planned {
  readonly plan: Plan;
  readonly expectations: readonly Expectation[];
}

/** The steps that continue a release in a job with steps (docs/PHASES.md). */
export type ReleaseStep = 'rollout' | 'health' | 'smoke';

/** One phase of a release: a row of the table in table.ts. */
export interface ReleasePhase {
  readonly name: PhaseName;
  /** The steps in which it runs, in a job with steps. */
  readonly steps: readonly ReleaseStep[];
  /** Whether it can judge an earlier deployment when no release is open. */
  readonly judgesDeployed: boolean;
  /** Skipped if the settings do not ask for it; without this function it always runs. */
  isAsked?(settings: Settings): boolean;
  /** Failures, not yet diagnosed; empty if it passed. */
  run(context: ReleaseContext): Promise<readonly Failure[]>;
}

/**
 * Opens the rollout watch and, beside it, the health watch. Rejects when the cluster may not be watched; a failure of `subject`
 * shows in the phase that awaits it.
 */
export async function openContext(
  run: Run,
  { cluster, target }: { readonly cluster: ClusterPort; readonly target: Target },
  subject: Promise<HealthSubject>,
  expected: ExpectedTargets,
  given: {
    readonly release?: OpenRelease;
    readonly planned?: Planned;
    readonly old?: OldErrors;
  } = {},
): Promise<ReleaseContext> {
  // Awaited by the phase that needs it; until then a rejection must not count as unhandled.
  subject.catch(() => undefined);
  const watch = await watchRollout(run, target.namespace, expected);
  const health = subject.then((judged) => openHealth(run, watch, judged));
  health.catch(() => undefined);
  const { release, planned, old = { counts: new Map(), pods: new Set<string>() } } = given;
  return {
    run,
    cluster,
    target,
    subject,
    watch,
    health,
    down: release?.down ?? new Set<string>(),
    ...(release === undefined ? {} : { release }),
    ...(planned === undefined ? {} : { planned }),
    begun: { recorded: Promise.resolve(), databasesAsked: Promise.resolve(), old },
  };
}

/** Runs the phases until one fails. */
export async function runPhases(
  context: ReleaseContext,
  phases: readonly ReleasePhase[],
): Promise<readonly Failure[]> {
  const { run } = context;
  for (const phase of phases) {
    if (phase.isAsked?.(run.settings) === false) continue;
    const failures = await inPhase(
      run,
      phase.name,
      () => phase.run(context),
      ({ length }) => (length === 0 ? 'passed' : 'failed'),
    );
    if (failures.length > 0) return failures;
  }
  return [];
}
