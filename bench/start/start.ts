/** How long a step takes to show its first line, beside the start of Node itself, in turns. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine } from '../machine.ts';
import { median } from '../median.ts';
import { keepResults } from '../results.ts';
import { shown, type Target } from '../target.ts';

/** Milliseconds. */
interface StartRound {
  /** From spawn to the end of `node -e 0`. */
  readonly node: number;
  /** From spawn to the bundle's first line. */
  readonly firstLine: number;
  /** From spawn to the bundle's end: bad input is refused without asking a cluster, so this is loading and leaving. */
  readonly refusal: number;
}

/** `bundle` is a folder of dist/. */
export async function benchStart(bundle: string, rounds = 20): Promise<readonly Target[]> {
  const machine = describeMachine();
  const folder = await mkdtemp(join(tmpdir(), 'orion-bench-'));
  const measured: StartRound[] = [];
  try {
    // The first of each reads its files from the disk.
    await measure(bundle, folder);
    while (measured.length < rounds) measured.push(await measure(bundle, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const middle = (name: keyof StartRound): number => median(measured.map((round) => round[name]));
  console.log(`node -e 0             ${shown(middle('node'))} ms
first line of bundle  ${shown(middle('firstLine'))} ms
bad input refused     ${shown(middle('refusal'))} ms`);
  const target: Target = {
    name: 'first line of the bundle, of `node -e 0`',
    figure: middle('firstLine') / middle('node'),
    limit: 2,
    unit: ' ×',
    detail: `median ${shown(middle('firstLine'))} ms against ${shown(middle('node'))} ms; bad input refused after ${shown(middle('refusal'))} ms`,
  };
  const path = await keepResults({
    benchmark: 'start',
    machine,
    versions: {},
    rounds: measured,
    targets: [target],
  });
  console.log(`figures of all rounds: ${path}`);
  return [target];
}

async function measure(bundle: string, folder: string): Promise<StartRound> {
  const node = await run(['-e', '0'], folder);
  const action = await run([join(bundle, 'index.js')], folder);
  if (action.firstOutput === undefined)
    throw new Error(`${bundle} said nothing; is it built? (npm run build)`);
  return { node: node.end, firstLine: action.firstOutput, refusal: action.end };
}

async function run(
  parameters: readonly string[],
  folder: string,
): Promise<{ readonly firstOutput: number | undefined; readonly end: number }> {
  const startedAt = performance.now();
  let firstOutput: number | undefined;
  const child = spawn(process.execPath, parameters, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, GITHUB_WORKSPACE: folder, INPUT_TIMEOUT: 'soon' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.on('data', () => {
    firstOutput ??= performance.now() - startedAt;
  });
  await once(child, 'close');
  return { firstOutput, end: performance.now() - startedAt };
}
