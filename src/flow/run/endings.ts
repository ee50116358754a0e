/** How a run can end: outcome, exit code, reason, headline message, and what to do next. */
import type { Failure } from '../../domain/failure/failure.ts';
import { Fault } from '../../domain/failure/fault.ts';
import type { ExitCode } from '../../domain/result/outcome.ts';
import type { Run } from './context.ts';
import type { Ending } from './ledger.ts';

/** A pre-check failed: exit code 1, with the reason of the first finding and the remedies of up to five. */
export function checksFailed(run: Run): Ending {
  const failed = run.ledger.checks
    .flatMap((check) => check.findings)
    .filter((finding) => finding.level === 'fail');
  const [first] = failed;
  const others =
    failed.length > 1 ? ` ${failed.length - 1} more failed; nothing was changed.` : ' Nothing was changed.';
  return {
    outcome: 'failed',
    exitCode: 1,
    reason: first?.reason ?? 'internal-error',
    message: `${first?.message ?? 'A pre-check failed.'}${others}`,
    nextSteps: [...new Set(failed.map((finding) => finding.remedy).filter((remedy) => remedy !== ''))].slice(
      0,
      5,
    ),
  };
}

/** The plan differs from the approved one (`expect-plan`): exit code 1. */
export function planMoved(run: Run): Ending {
  return {
    outcome: 'failed',
    exitCode: 1,
    reason: 'plan-moved',
    message: `The plan is now ${run.ledger.planDigest ?? 'unknown'}, not the approved ${run.settings.expectPlan ?? ''}. Nothing was changed.`,
    nextSteps: ['Compare the diff below with the approved one, and approve a new preview.'],
  };
}

/** The ending of a preview, with the number of objects that would change. */
export function planned(run: Run): Ending {
  const count = run.ledger.changed;
  const going = (run.ledger.pruned ?? []).filter(({ state }) => state === 'to-prune').length;
  const pruned = going === 0 ? '' : ` ${objects(going)} that the overlay no longer has would be deleted.`;
  return {
    outcome: 'planned',
    exitCode: 0,
    reason: 'dry-run',
    message:
      count + going === 0
        ? 'Nothing would change.'
        : `${objects(count)} would change.${pruned} Nothing was changed.`,
    nextSteps:
      count + going === 0
        ? []
        : [
            'Run again without `dry-run` to deploy it; `expect-plan` with the plan digest refuses anything else.',
          ],
  };
}

/** Nothing would change, and what runs is current (release state row 3). */
export function unchanged(run: Run): Ending {
  return {
    outcome: 'unchanged',
    exitCode: 0,
    reason: 'nothing-changed',
    message: `Nothing to do: ${run.ledger.previousRelease ?? 'the last release'} already matches the overlay, and its workloads are up.`,
    nextSteps: [],
  };
}

/** A release that passed every phase (release state row 5). */
export function succeeded(run: Run): Ending {
  return {
    outcome: 'succeeded',
    exitCode: 0,
    reason: 'succeeded',
    message: `${objects(run.ledger.changed)} changed${prunedWords(run)}, every workload is up and stayed up.`,
    nextSteps: [],
  };
}

/** A step that has passed: the record stays pending, and is the lock until `finish`. */
export function handedOver({ ledger }: Pick<Run, 'ledger'>): Ending {
  return {
    outcome: 'succeeded',
    exitCode: 0,
    reason: 'succeeded',
    message: `${ledger.release ?? 'The release'} passed ${ledger.lastPhase}; it is not finished yet.`,
    nextSteps: [],
  };
}

/** The step that would run smoke tests was told not to, by `skip-tests`. */
export function testsSkipped(): Ending {
  return {
    outcome: 'unchanged',
    exitCode: 0,
    reason: 'nothing-changed',
    message: 'No smoke test ran, as `skip-tests` asks.',
    nextSteps: [],
  };
}

/** A step of a job that released nothing: it judged an earlier deployment. */
export function verifiedRunning(release: string): Ending {
  return {
    outcome: 'unchanged',
    exitCode: 0,
    reason: 'nothing-changed',
    message: `This job has released nothing; ${release}, the last deployed release, is healthy.`,
    nextSteps: [],
  };
}

/** release state row 10: the record stays pending, and a later step or the end of the job carries out `rollback`. */
export function failedInStep({ settings }: Pick<Run, 'settings'>, failed: Ending): Ending {
  const { rollback } = settings;
  if (rollback !== 'automatic') return failed;
  return {
    ...failed,
    nextSteps: [
      ...failed.nextSteps,
      'The end of this job rolls it back, unless a step with `phase: rollback` and `if: failure()` has done it before.',
    ],
  };
}

const verification: readonly string[] = [
  'endpoints-missing',
  'restarted-after-ready',
  'health-timeout',
  'too-many-errors',
];

/** A release that failed and is not undone, with the reason of the first failure and up to six next steps. */
export function failedWith(run: Run, failures: readonly Failure[]): Ending {
  const [first] = failures;
  const others = failures.length > 1 ? ` And ${failures.length - 1} more, see below.` : '';
  return {
    outcome: 'failed',
    exitCode: exitCodeOf(run, first),
    reason: first?.reason ?? 'internal-error',
    message: `${first?.message ?? 'The release failed.'}${others}`,
    nextSteps: [
      ...new Set(failures.map((failure) => failure.remedy)),
      ...(run.settings.rollback === 'manual' ? [wayBack(run)] : []),
    ].slice(0, 6),
  };
}

/** Post failed (release state rows 12 and 13): the record is still pending, and its run is over. */
export function unsettled(release: string, why: string): Ending {
  const rollback = `After the job ${release} could not be settled: ${why}`;
  return {
    outcome: 'rollback-failed',
    exitCode: 2,
    reason: 'interrupted-run',
    message: rollback,
    rollback,
    nextSteps: [
      'Run the job again: it takes over the previous state. What was applied before remains applied.',
      `Or undo it with orion/deploy@v1, \`phase: rollback\` and \`release: ${release}\`.`,
    ],
  };
}

/** How the release is undone by its record: `uses: orion/deploy@v1`. */
export function wayBackTo(release: string, environment: string): string {
  return `To undo ${release}, run orion/deploy@v1 with \`phase: rollback\`, \`environment: ${environment}\` and \`release: ${release}\`; until then the cluster is left as it is.`;
}

function wayBack(run: Run): string {
  return wayBackTo(run.ledger.release ?? '', run.settings.environment);
}

function exitCodeOf(run: Run, failure: Failure | undefined): ExitCode {
  if (run.ledger.lastPhase === 'smoke') return 4;
  return failure !== undefined && verification.includes(failure.reason) ? 3 : 2;
}

/** release state row 11. */
export function cancelled(run: Pick<Run, 'ledger'>): Ending {
  const changed = run.ledger.release !== undefined;
  return {
    outcome: 'cancelled',
    exitCode: 5,
    reason: 'cancelled',
    message: changed
      ? `Cancelled in the ${run.ledger.lastPhase} phase: what was applied so far remains applied.`
      : 'Cancelled before anything was changed.',
    nextSteps: changed ? ['Run the job again: it takes over from this record.'] : [],
  };
}

/**
 * The ending for what was thrown: cancelled when the run was stopped, the Fault's own reason, else `internal-error`. Exit code
 * 2 once a record exists, 1 before.
 */
export function endingOfError(run: Pick<Run, 'signal' | 'ledger'>, error: unknown): Ending {
  if (run.signal.aborted) return cancelled(run);
  const changed = run.ledger.release !== undefined;
  const exitCode = changed ? 2 : 1;
  if (error instanceof Fault) {
    return {
      outcome: 'failed',
      exitCode,
      reason: error.reason,
      message: error.message,
      nextSteps: [error.remedy],
    };
  }
  const said = error instanceof Error ? error.message : String(error);
  return {
    outcome: 'failed',
    exitCode,
    reason: 'internal-error',
    message: `Orion itself failed: ${said}`,
    nextSteps: ['This is a bug in Orion deploy, not in your overlay: please report it with this log.'],
  };
}

function prunedWords(run: Run): string {
  const pruned = (run.ledger.pruned ?? []).filter(({ state }) => state === 'pruned').length;
  return pruned === 0 ? '' : `, ${pruned} that the overlay no longer has deleted`;
}

function objects(count: number): string {
  return `${count} object${count === 1 ? '' : 's'}`;
}
