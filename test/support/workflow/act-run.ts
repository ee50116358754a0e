/** Runs a workflow with `act`, on this machine and without Docker, and tells what the steps did by its JSON log. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { ensureBinaries } from '../../../testbed/binaries/ensure-binaries.ts';

export interface ActOptions {
  /** A git repository with the workflow; its `origin` names the repository on GitHub. */
  readonly repository: string;
  /** Relative to the repository. */
  readonly workflow: string;
  /** Default `push`. */
  readonly event?: 'push' | 'workflow_dispatch';
  /** Folders by the `uses:` that they stand for, `orion/deploy-staging@v1`. */
  readonly actions: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Variables of the runner, in the place of act's own: `GITHUB_API_URL`. */
  readonly env?: Readonly<Record<string, string>>;
  /** For act's own files; must exist. */
  readonly home: string;
}

const eventSchema = z.object({
  msg: z.string(),
  step: z.string().optional(),
  stage: z.string().optional(),
  stepResult: z.string().optional(),
  command: z.string().optional(),
  kvPairs: z.record(z.string(), z.string()).nullish(),
  name: z.string().optional(),
  arg: z.string().optional(),
  content: z.string().optional(),
});
type ActEvent = z.infer<typeof eventSchema>;

export interface ActRun {
  readonly exitCode: number | null;
  /** All of it, as act printed it. */
  readonly log: string;
  /** The last lines of steps that failed, and of all. */
  readonly end: string;
  /** `Main` or `Post` of a step: `success`, `failure`, or undefined if it did not run. */
  result(stage: 'Main' | 'Post', step: string): string | undefined;
  /** What a step printed. */
  output(step: string): string;
  outputs(step: string): Readonly<Record<string, string>>;
  summary(step: string): string;
  errors(step: string): readonly {
    readonly file?: string | undefined;
    readonly line?: string | undefined;
    readonly message: string;
  }[];
}

const searchPath = [
  join(import.meta.dirname, '../../../node_modules/.bin'),
  ...(process.env['PATH'] ?? '').split(delimiter),
].join(delimiter);

/**
 * Runs one event. `actions/checkout` becomes a copy of the repository, and act fetches nothing. Act does not hide
 * secrets here, so that a test sees what a step gives away.
 */
export async function runAct(options: ActOptions): Promise<ActRun> {
  const { act } = await ensureBinaries(['act'], (line) => console.log(line));
  const secretFile = join(options.home, 'secrets.yml');
  await writeFile(secretFile, stringify(options.secrets), { mode: 0o600 });
  const temporary = join(options.home, 'tmp');
  await mkdir(temporary);
  const child = spawn(
    act,
    [
      options.event ?? 'push',
      ...['--workflows', options.workflow, '--platform', 'ubuntu-latest=-self-hosted'],
      ...Object.entries(options.actions).flatMap(([uses, folder]) => [
        '--local-repository',
        `${uses}=${folder}`,
      ]),
      ...Object.entries(options.env ?? {}).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...['--action-offline-mode', '--no-cache-server', '--json'],
      ...['--secret-file', secretFile, '--insecure-secrets'],
    ],
    {
      cwd: options.repository,
      env: { PATH: searchPath, HOME: options.home, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Less than a test may take. On SIGTERM act ends its steps, on SIGKILL it would leave them behind.
      timeout: 280_000,
    },
  );
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  return describeRun(exitCode, chunks.join(''));
}

function describeRun(exitCode: number | null, log: string): ActRun {
  const events = log.split('\n').flatMap(parseEvent);
  const of = (step: string): ActEvent[] => events.filter((event) => event.step === step);
  const lastWords = ({ step = '' }: ActEvent): ActEvent[] =>
    of(step)
      .filter(({ command }) => command === undefined)
      .slice(-30);
  return {
    exitCode,
    log,
    end: [
      ...events.filter(({ stepResult }) => stepResult === 'failure').flatMap(lastWords),
      ...events.slice(-15),
    ]
      .map(({ msg }) => msg.trimEnd())
      .join('\n'),
    result: (stage, step) =>
      of(step).find((event) => event.stage === stage && event.stepResult !== undefined)?.stepResult,
    output: (step) =>
      of(step)
        .filter(({ command, stepResult }) => command === undefined && stepResult === undefined)
        .map(({ msg }) => msg)
        .join(''),
    outputs: (step) =>
      Object.fromEntries(
        of(step)
          .filter(({ command }) => command === 'set-output')
          .map(({ name = '', arg = '' }) => [name, arg]),
      ),
    summary: (step) =>
      of(step)
        .map(({ content = '' }) => content)
        .join(''),
    errors: (step) =>
      of(step)
        .filter(({ command }) => command === 'error')
        .map(({ kvPairs, arg = '' }) => ({
          file: kvPairs?.['file'],
          line: kvPairs?.['line'],
          message: arg,
        })),
  };
}

function parseEvent(line: string): ActEvent[] {
  if (!line.startsWith('{')) return [];
  return [eventSchema.parse(JSON.parse(line))];
}
