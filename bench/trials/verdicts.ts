/** `npm run bench -- verdicts`: the catalogue with every tool, judged, written down, and the page made of it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../testbed/testbed-error.ts';
import { copyBundle } from '../bundle.ts';
import { describeMachine } from '../machine.ts';
import { type CatalogueEntry, numberOf, readCatalogue } from './catalogue.ts';
import { type Ground, prepareGround } from './ground.ts';
import { inLanes } from './lanes.ts';
import { writePage } from './page.ts';
import { type Cell, merged, readResults, updateResults } from './results.ts';
import type { DeployTool } from './tools/tool.ts';
import { makeTool, type ToolName } from './tools/tools.ts';
import { runTrial, type TrialResult } from './trial.ts';

export interface VerdictOptions {
  readonly bundle: string;
  readonly only: readonly string[];
  readonly tools: readonly ToolName[];
  /** Runs of each cell; with more than one and one lane, tools alternate. */
  readonly repeat: number;
  readonly lanes: number;
}

interface Job {
  readonly entry: CatalogueEntry;
  readonly tool: DeployTool;
  readonly alone: boolean;
}

/** True if every cell of Orion is right, with the cause and with nothing else amiss. Each cell is written down when it is there, so that a run that is ended loses none. */
export async function benchVerdicts(options: VerdictOptions): Promise<boolean> {
  const cells = await withTools(options, async (ground, tools) => {
    const entries = await readCatalogue(options.only);
    const all = await readCatalogue([]);
    const named = (what: 'version' | 'command') =>
      Object.fromEntries(tools.map((tool) => [tool.name, tool[what]]));
    const about = { machine: describeMachine(), versions: named('version'), commands: named('command') };
    let written: Promise<unknown> = Promise.resolve();
    const keep = (cell: Cell): void => {
      written = written.then(() => updateResults((old) => merged(old, { ...about, cells: [cell] }, all)));
    };
    const measured = await runJobs(ground, jobsOf(entries, tools, options.repeat), options.lanes, keep);
    await written;
    const results = await readResults();
    if (results !== undefined) await writePage(results);
    return measured;
  });
  const own = cells.filter(({ tool }) => tool === 'orion');
  return own.every(({ runs, error }) => error === undefined && runs.every(isFine));
}

function isFine({ rightness, causeNamed, faults, notRestored }: TrialResult): boolean {
  return rightness === 'right' && causeNamed !== false && faults.length === 0 && !notRestored?.length;
}

/** The bundle is copied first, so that a build meanwhile changes nothing. */
export async function withTools<Result>(
  { bundle, tools }: Pick<VerdictOptions, 'bundle' | 'tools'>,
  work: (ground: Ground, tools: readonly DeployTool[]) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-bench-bundle-'));
  try {
    const copy = await copyBundle(bundle, folder);
    const made = await Promise.all(tools.map((name) => makeTool(name, copy, console.log)));
    await using ground = await prepareGround(console.log);
    return await work(ground, made);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Round after round, so that in each tools stand side by side. */
export function jobsOf(
  entries: readonly CatalogueEntry[],
  tools: readonly DeployTool[],
  repeat: number,
): readonly Job[] {
  return Array.from({ length: repeat }).flatMap((_, round) =>
    entries.flatMap((entry) =>
      (round % 2 === 0 ? tools : tools.toReversed()).map((tool) => ({
        entry,
        tool,
        alone: entry.scenario.alone || entry.scenario.node === 'hollow',
      })),
    ),
  );
}

export async function runJobs(
  ground: Ground,
  jobs: readonly Job[],
  lanes: number,
  keep: (cell: Cell) => void = () => undefined,
): Promise<readonly Cell[]> {
  const cells = new Map<string, Cell>();
  let finished = 0;
  await inLanes(jobs, lanes, async ({ entry, tool }) => {
    const key = `${entry.name} ${tool.name}`;
    const done = await runCell(ground, entry, tool);
    // Only now: another lane may have run the same cell meanwhile.
    const cell = { ...done, runs: [...(cells.get(key)?.runs ?? []), ...done.runs] };
    cells.set(key, cell);
    keep(cell);
    finished += 1;
    console.log(`${String(finished).padStart(3)}/${jobs.length} ${key.padEnd(48)} ${wordsOf(cell)}`);
  });
  return [...cells.values()];
}

async function runCell(ground: Ground, entry: CatalogueEntry, tool: DeployTool): Promise<Cell> {
  const cell = { scenario: entry.name, tool: tool.name, runs: [], date: new Date().toISOString() };
  const notApplicable = entry.scenario.tools[tool.name];
  if (notApplicable !== undefined) return { ...cell, notApplicable };
  const namespace = `bv-${numberOf(entry.name)}-${tool.name}-${randomBytes(3).toString('hex')}`;
  try {
    return { ...cell, runs: [await runTrial(ground, entry, tool, namespace)] };
  } catch (error) {
    return { ...cell, error: messageOf(error) };
  }
}

function wordsOf({ runs, notApplicable, error }: Cell): string {
  if (notApplicable !== undefined) return `not applicable: ${notApplicable}`;
  if (error !== undefined) return `NOT JUDGED: ${error}`;
  const last = runs.at(-1);
  if (last === undefined) return '';
  const { rightness, verdict, seconds, sinceStart, causeNamed, faults, notRestored, promptness } = last;
  return [
    rightness === 'right' ? `right (${verdict})` : rightness.toUpperCase(),
    `${sinceStart.toFixed(1)} s`,
    seconds === undefined ? 'no evidence' : `${seconds.toFixed(2)} s from evidence`,
    causeNamed === undefined ? '' : causeNamed ? 'cause named' : 'CAUSE MISSING',
    promptness ? `bare ${promptness.bare.toFixed(0)} ms, own ${promptness.own.toFixed(0)} ms` : '',
    notRestored === undefined ? '' : `${notRestored.length} not restored`,
    ...faults.map((fault) => `FAULT: ${fault}`),
  ]
    .filter((word) => word !== '')
    .join(', ');
}
