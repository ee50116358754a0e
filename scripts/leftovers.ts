/** Finds what a test run has left running, by a mark that all its processes inherit, and ends it. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { stopCluster } from '../testbed/cluster.ts';

/** Set by whoever starts a run; its processes are those that carry the same value. */
export const runVariable = 'ORION_TEST_RUN';
const stateVariable = 'ORION_TESTBED_STATE';

interface Leftover {
  readonly pid: number;
  readonly command: string;
  readonly environment: ReadonlyMap<string, string>;
}

/**
 * Stops the clusters of a run as they want to be stopped, with their network and mounts, and kills the rest. Call it when
 * everything that was started has ended by itself. Needs /proc: elsewhere than on Linux it finds nothing.
 * @returns a line for each thing that was left
 */
export async function endLeftovers(run: string): Promise<string[]> {
  const first = leftovers(run);
  const clusters = new Set(first.flatMap(({ environment }) => environment.get(stateVariable) ?? []));
  for (const stateDirectory of clusters) await stopCluster(stateDirectory);
  const rest = leftovers(run);
  for (const { pid } of rest) kill(pid);
  if (rest.length > 0) await delay(200);
  return [
    ...[...clusters].map((folder) => `a cluster in ${folder}`),
    ...rest.map(({ pid, command }) => `process ${pid}, ${command}`),
  ];
}

function leftovers(run: string): Leftover[] {
  return numericEntries('/proc').flatMap((pid) => {
    const environment = new Map(
      readFields(`/proc/${pid}/environ`).map((field): [string, string] => {
        const [name = '', ...value] = field.split('=');
        return [name, value.join('=')];
      }),
    );
    if (pid === process.pid || environment.get(runVariable) !== run) return [];
    return [{ pid, command: readFields(`/proc/${pid}/cmdline`).join(' ').slice(0, 120), environment }];
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

function numericEntries(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Empty for a process that has ended meanwhile, or that is another user's. */
function readFields(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
