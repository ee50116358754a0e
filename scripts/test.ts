/**
 * `npm test`: builds the bundles, then every layer in turn, cheapest first. `npm test -- unit node` runs these layers only.
 * Ends with the seconds of each layer, the slowest files, and one plain line, `N passed, N failed, N skipped`. Layers that need a
 * real node are left out, with a line that says so, where there can be none. Nothing that a layer starts outlives the run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { realNodeSupport } from '../testbed/node/support.ts';
import { endLeftovers, runVariable } from './leftovers.ts';
import { makeRoom } from './make-room.ts';

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each failed test as vitest names it, with its error below: where only the end of a log is kept, it has to be here. */
  readonly failures: readonly string[];
  readonly files: readonly { readonly name: string; readonly seconds: number }[];
}

interface LayerResult extends Count {
  readonly layer: string;
  readonly seconds: number;
}

const root = join(import.meta.dirname, '..');
/** Of each failure's error. Where it is the output of a workflow step, the verdict and what was expected instead stand last. */
const errorLines = { first: 15, last: 60 };
const layers = ['unit', 'contract', 'cluster', 'testbed', 'node'];
/** Of all layers together: where the time goes. */
const shownFiles = 20;
const runId = randomUUID();

let running: ChildProcess | undefined;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The layer in hand takes its cluster down before it ends; what it does not is ended below.
  process.on(signal, () => {
    interrupted = true;
    // A terminal has sent it to the layer too, and a second one makes it drop everything.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) running?.kill(signal);
  });
}

/** Whether the command ended with 0. */
async function run(command: string, commandArguments: readonly string[]): Promise<boolean> {
  const child = spawn(command, commandArguments, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [runVariable]: runId },
  });
  running = child;
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  return code === 0;
}

/** A layer that broke before it could count (a syntax error, a cluster that did not come up) counts as one failure. */
async function runLayer(layer: string, folder: string): Promise<LayerResult> {
  const report = join(folder, `${layer}.json`);
  const startedAt = performance.now();
  console.log(`\n=== ${layer} ===`);
  const ended = await run(join(root, 'node_modules/.bin/vitest'), [
    'run',
    `--project=${layer}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const counted = await readCount(report);
  const broken = { ...counted, failed: 1, failures: ['the layer ended badly without a failed test'] };
  const count = !ended && counted.failed === 0 ? broken : counted;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(`${layer}: ${describe(count)} in ${seconds} s`);
  return { ...count, layer, seconds };
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    /** Milliseconds since the epoch. */
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

async function readCount(report: string): Promise<Count> {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
      await readFile(report, 'utf8'),
    ) as Report;
    const failures = testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages }) => {
          const lines = shortened(failureMessages?.[0]?.split('\n') ?? []);
          return [`${relative(root, name)} > ${fullName}:`, ...lines].join('\n    ');
        }),
    );
    const files = testResults.map(({ name, startTime, endTime }) => ({
      name: relative(root, name),
      seconds: Math.round((endTime - startTime) / 1000),
    }));
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests, failures, files };
  } catch {
    return { passed: 0, failed: 0, skipped: 0, failures: [], files: [] };
  }
}

function shortened(lines: readonly string[]): readonly string[] {
  const left = lines.length - errorLines.first - errorLines.last;
  if (left <= 0) return lines;
  return [...lines.slice(0, errorLines.first), `(${left} lines left out)`, ...lines.slice(-errorLines.last)];
}

function wantedLayers(only: readonly string[]): readonly string[] {
  const unknown = only.filter((layer) => !layers.includes(layer));
  if (unknown.length > 0)
    throw new Error(`There is no layer ${unknown.join(', ')}, only ${layers.join(', ')}.`);
  const wanted = only.length > 0 ? layers.filter((layer) => only.includes(layer)) : layers;
  const support = realNodeSupport();
  if (support.supported || !wanted.includes('node')) return wanted;
  console.log(`No real node on this machine (${support.reason}): the layer "node" is left out.`);
  return wanted.filter((layer) => layer !== 'node');
}

async function runAll(folder: string): Promise<LayerResult[]> {
  const wanted = wantedLayers(process.argv.slice(2));
  await makeRoom(wanted);
  const built = await run(process.execPath, [join(root, 'scripts/build.ts')]);
  if (!built) {
    const failures = ['the bundles could not be built'];
    return [{ layer: 'build', seconds: 0, passed: 0, failed: 1, skipped: 0, failures, files: [] }];
  }
  const counts: LayerResult[] = [];
  for (const layer of wanted) {
    if (!interrupted) counts.push(await runLayer(layer, folder));
  }
  return counts;
}

function describe({ passed, failed, skipped }: Pick<Count, 'passed' | 'failed' | 'skipped'>): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function timeLines(results: readonly LayerResult[]): readonly string[] {
  const slowest = results
    .flatMap(({ files }) => files)
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, shownFiles);
  return [
    '',
    `seconds per layer: ${results.map(({ layer, seconds }) => `${layer} ${seconds}`).join(', ')}`,
    `slowest ${slowest.length} files:`,
    ...slowest.map(({ name, seconds }) => `${String(seconds).padStart(5)} s  ${name}`),
  ];
}

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-test-'));
  let counts: LayerResult[];
  try {
    counts = await runAll(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    // With this variable the cluster of the layer "node" is meant to stay.
    const left = process.env['ORION_KEEP_CLUSTER'] === '1' ? [] : await endLeftovers(runId);
    for (const line of left) console.log(`left behind and ended: ${line}`);
  }
  const sum = (name: 'passed' | 'failed' | 'skipped'): number =>
    counts.reduce((total, count) => total + count[name], 0);
  const total = {
    passed: sum('passed'),
    failed: sum('failed') + (interrupted ? 1 : 0),
    skipped: sum('skipped'),
  };
  for (const line of timeLines(counts)) console.log(line);
  // Said again at the end: a log of CI is often cut at its head.
  const failures = counts.flatMap((count) => count.failures);
  if (failures.length > 0) console.log(['', 'failed:', ...failures].join('\n'));
  console.log(`\n${describe(total)}`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
