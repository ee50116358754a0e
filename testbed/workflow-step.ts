/**
 * Runs a bundle as the Actions runner runs a step: `INPUT_*` variables, environment files, main and post as processes of
 * their own. Source: actions/runner, NodeScriptActionHandler and FileCommandManager.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface StepOptions {
  /** The bundle, `dist/deploy-staging/index.js`. */
  readonly bundle: string;
  /** By their names in action.yml, `dry-run: 'true'`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The checked-out repository. */
  readonly workspace: string;
  /** `GITHUB_*` and other variables on top of the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sees the output as it comes. */
  readonly onOutput?: (text: string) => void;
}

export interface StepResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** Standard output and standard error, as the runner sees it: with workflow commands. */
  readonly output: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly state: Readonly<Record<string, string>>;
  /** Variables for the steps after it. */
  readonly variables: Readonly<Record<string, string>>;
  readonly summary: string;
  /** `::error …::…` and the like. */
  readonly annotations: readonly string[];
  readonly milliseconds: number;
}

export interface RunningStep {
  readonly process: ChildProcess;
  readonly result: Promise<StepResult>;
}

/** Starts main; the process can be signalled. `state` makes it post, with what main has saved. */
export async function startStep(
  options: StepOptions,
  state: Readonly<Record<string, string>> = {},
): Promise<RunningStep> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-step-'));
  const files = Object.fromEntries(
    ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH'].map((name) => [`GITHUB_${name}`, join(folder, name)]),
  );
  await Promise.all(Object.values(files).map((file) => writeFile(file, '')));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [options.bundle], {
    cwd: options.workspace,
    env: {
      ...baseEnvironment(options, folder),
      ...files,
      ...prefixed('INPUT_', options.inputs),
      ...prefixed('STATE_', state, true),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      chunks.push(text);
      options.onOutput?.(text);
    });
  }
  const result = new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  ).then(async (exitCode): Promise<StepResult> => {
    const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
    const output = chunks.join('');
    return {
      exitCode,
      output,
      outputs: parseFileCommands(await read('OUTPUT')),
      state: parseFileCommands(await read('STATE')),
      variables: parseFileCommands(await read('ENV')),
      summary: await read('STEP_SUMMARY'),
      annotations: output.split('\n').filter((line) => /^::(error|warning|notice)[ :]/.test(line)),
      milliseconds: performance.now() - startedAt,
    };
  });
  return { process: child, result };
}

/**
 * Ends a step as the runner does when its job is cancelled: SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL. Resolves with the
 * signals that it took. Source: actions/runner, ProcessInvoker.
 */
export async function cancelStep({ process, result }: RunningStep): Promise<readonly NodeJS.Signals[]> {
  const sent: NodeJS.Signals[] = [];
  const over = new AbortController();
  const ended = result.then(() => over.abort());
  for (const [signal, pause] of [
    ['SIGINT', 7500],
    ['SIGTERM', 2500],
    ['SIGKILL', 0],
  ] as const) {
    if (over.signal.aborted) break;
    process.kill(signal);
    sent.push(signal);
    await delay(pause, undefined, { signal: over.signal }).catch(() => undefined);
  }
  await ended;
  return sent;
}

/** Main, then post, as the runner does at the end of the job. */
export async function runStep(options: StepOptions): Promise<StepResult & { readonly post: StepResult }> {
  const main = await (await startStep(options)).result;
  const post = await (await startStep(options, main.state)).result;
  return { ...main, post };
}

function baseEnvironment(options: StepOptions, folder: string): Record<string, string | undefined> {
  const kept = Object.fromEntries(
    ['PATH', 'HOME', 'TMPDIR', 'LANG'].map((name) => [name, process.env[name]]),
  );
  return {
    ...kept,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: options.workspace,
    GITHUB_REPOSITORY: 'orion/example',
    GITHUB_RUN_ID: '1',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_JOB: 'deploy',
    GITHUB_ACTOR: 'somebody',
    GITHUB_SHA: '0123456789abcdef0123456789abcdef01234567',
    GITHUB_SERVER_URL: 'https://github.com',
    RUNNER_TEMP: folder,
    ...options.env,
  };
}

/** Names in upper case, dashes kept: `INPUT_DRY-RUN`. State keeps its case. */
function prefixed(
  prefix: string,
  values: Readonly<Record<string, string>>,
  keepCase = false,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${prefix}${keepCase ? name : name.toUpperCase().replaceAll(' ', '_')}`,
      value,
    ]),
  );
}

/** `name<<delimiter` blocks, as @actions/core writes them. */
function parseFileCommands(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const match of text.matchAll(/^([^\n<]+)<<(\S+)\n([\s\S]*?)\n\2$/gm)) {
    values[match[1] ?? ''] = match[3] ?? '';
  }
  return values;
}
