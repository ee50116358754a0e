/**
 * What the runner reports about this job: `GITHUB_*` variables. Source: GitHub docs, "Default environment variables".
 */
import { tmpdir } from 'node:os';
import type { RunIdentity } from '../domain/release/record.ts';

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of this process. */
export function environment(): Environment {
  return process.env;
}

/** Where this job works; absolute paths. */
export interface Workplace {
  /** The repository root: where paths of inputs start and what annotations are relative to. */
  readonly workspace: string;
  /** For files that live as long as the job. */
  readonly temporary: string;
  readonly home: string;
  /** Without the owner; absent outside of GitHub Actions. */
  readonly repositoryName: string | undefined;
  /** The file that the job summary is written to; absent where the runner takes none. */
  readonly summaryFile: string | undefined;
  readonly colour: boolean;
}

/** Outside of GitHub Actions: the working directory and the system's own temporary folder. */
export function readWorkplace(env: Environment): Workplace {
  return {
    workspace: env['GITHUB_WORKSPACE'] ?? process.cwd(),
    temporary: env['RUNNER_TEMP'] ?? tmpdir(),
    home: env['HOME'] ?? '/',
    repositoryName: env['GITHUB_REPOSITORY']?.split('/')[1],
    summaryFile: env['GITHUB_STEP_SUMMARY'],
    colour: env['NO_COLOR'] === undefined || env['NO_COLOR'] === '',
  };
}

/**
 * Who runs this. `unique` makes the holder differ from every other process, also from a second step of the same job.
 */
export function readIdentity(env: Environment, checkRunId: string | undefined, unique: string): RunIdentity {
  const repository = env['GITHUB_REPOSITORY'];
  const runId = env['GITHUB_RUN_ID'];
  const attempt = Number(env['GITHUB_RUN_ATTEMPT'] ?? Number.NaN);
  const server = env['GITHUB_SERVER_URL'];
  const known = {
    repository,
    runId,
    attempt: Number.isInteger(attempt) ? attempt : undefined,
    job: env['GITHUB_JOB'],
    // Empty where the runner does not know `job.check_run_id`: two jobs without an id are not the same job.
    checkRunId: checkRunId || undefined,
    actor: env['GITHUB_TRIGGERING_ACTOR'] ?? env['GITHUB_ACTOR'],
    commit: env['GITHUB_SHA'],
    server,
    runUrl: server && repository && runId ? `${server}/${repository}/actions/runs/${runId}` : undefined,
  };
  const holder = [
    repository ?? 'local',
    runId ?? 'run',
    env['GITHUB_RUN_ATTEMPT'] ?? '1',
    env['GITHUB_JOB'] ?? 'job',
    unique,
  ].join('/');
  return {
    holder,
    ...(Object.fromEntries(
      Object.entries(known).filter(([, value]) => value !== undefined),
    ) as Partial<RunIdentity>),
  };
}
