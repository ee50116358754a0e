import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** Every process of a testbed carries its state folder in this variable, so that strays are found after a crash. */
const stateVariable = 'ORION_TESTBED_STATE';

const recordSchema = z.object({
  name: z.string(),
  pid: z.number(),
  /** When the process started, in the kernel's own words: together with the pid it names one process for good. */
  identity: z.string(),
  command: z.string(),
  arguments: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  log: z.string(),
});

/** A background process as noted in `<state>/processes/<name>.json`. */
export type ProcessRecord = z.infer<typeof recordSchema>;

export interface ProcessOptions {
  readonly name: string;
  /** Absolute path of the program. */
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts a program that outlives this process, with its output in `<state>/logs/<name>.log`, and notes it.
 * An earlier process of that name must have been stopped.
 */
export function startProcess(stateDirectory: string, options: ProcessOptions): ProcessRecord {
  for (const folder of ['logs', 'processes']) mkdirSync(join(stateDirectory, folder), { recursive: true });
  const log = join(stateDirectory, 'logs', `${options.name}.log`);
  const output = openSync(log, 'a');
  const environment = options.environment ?? {};
  const child = spawn(options.command, options.arguments, {
    cwd: stateDirectory,
    detached: true,
    env: { ...process.env, ...environment, [stateVariable]: stateDirectory },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  // A program that cannot be started shows as one that is not running; the caller waits for readiness anyway.
  child.on('error', () => {});
  child.unref();
  const pid = child.pid ?? 0;
  const record: ProcessRecord = {
    name: options.name,
    pid,
    identity: identityOf(pid) ?? 'ended',
    command: options.command,
    arguments: [...options.arguments],
    environment: { ...environment },
    log,
  };
  const path = recordPath(stateDirectory, options.name);
  writeFileSync(`${path}.new`, JSON.stringify(record, undefined, 2));
  renameSync(`${path}.new`, path);
  return record;
}

/** What `startProcess` noted for this state folder, running or not, in no particular order. */
export function listProcesses(stateDirectory: string): ProcessRecord[] {
  const folder = join(stateDirectory, 'processes');
  const names = entriesOf(folder).filter((name) => name.endsWith('.json'));
  return names.flatMap((name) => {
    const parsed = recordSchema.safeParse(readJson(join(folder, name)));
    return parsed.success ? [parsed.data] : [];
  });
}

/** True if this very process still runs: a zombie does not, nor does another that got the same pid. */
export function isRunning(record: ProcessRecord): boolean {
  return identityOf(record.pid) === record.identity;
}

/**
 * Stops a noted process and forgets it: SIGTERM, and SIGKILL after `graceMilliseconds`; with 0, SIGKILL at once.
 * Does nothing if there is none.
 */
export async function stopProcess(
  stateDirectory: string,
  name: string,
  graceMilliseconds: number,
): Promise<void> {
  const record = listProcesses(stateDirectory).find((each) => each.name === name);
  if (!record) return;
  if (graceMilliseconds > 0) {
    signal(record.pid, 'SIGTERM', () => isRunning(record));
    await until(() => !isRunning(record), graceMilliseconds);
  }
  signal(record.pid, 'SIGKILL', () => isRunning(record));
  await until(() => !isRunning(record), 5_000);
  rmSync(recordPath(stateDirectory, name), { force: true });
}

/**
 * Kills what carries this state folder's mark but is not noted: a start that was killed before it could note it.
 * Needs /proc, so elsewhere than on Linux it finds nothing.
 */
export function killStrays(stateDirectory: string): number {
  const mark = `${stateVariable}=${stateDirectory}`;
  const strays = entriesOf('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return false;
    return readText(`/proc/${entry}/environ`)?.split('\0').includes(mark) ?? false;
  });
  for (const pid of strays) signal(Number(pid), 'SIGKILL', () => true);
  return strays.length;
}

/** Waits until `condition` holds, at most `milliseconds`; returns whether it does. */
export async function until(condition: () => boolean, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals, stillMeant: () => boolean): void {
  try {
    if (pid > 0 && stillMeant()) process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}

function identityOf(pid: number): string | undefined {
  if (pid <= 0) return undefined;
  if (process.platform !== 'linux') return startedAtByPs(pid);
  // The program's name, in brackets, may itself hold spaces and brackets: count the fields after the last one.
  const fields = readText(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}

function startedAtByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

function recordPath(stateDirectory: string, name: string): string {
  return join(stateDirectory, 'processes', `${name}.json`);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path) ?? 'null');
  } catch {
    return undefined;
  }
}
