/** `bench/results/verdicts.json`: the last result of every scenario and tool; a partial run replaces its own cells only. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../../testbed/binaries/file-lock.ts';
import type { Machine } from '../machine.ts';
import type { CatalogueEntry } from './catalogue.ts';
import type { TrialResult } from './trial.ts';

const root = join(import.meta.dirname, '../..');
const path = join(root, 'bench', 'results', 'verdicts.json');

/** One scenario and one tool. */
export interface Cell {
  readonly scenario: string;
  readonly tool: string;
  readonly runs: readonly TrialResult[];
  /** Why it was not run. */
  readonly notApplicable?: string;
  /** Why it could not be judged: the release before was refused, a step failed. */
  readonly error?: string;
  readonly date: string;
}

/** What the page needs of a scenario. */
export interface Described {
  readonly title: string;
  readonly truth: string;
  readonly class: string;
  readonly budget?: string;
  readonly horizon?: string;
}

export interface SpreadResult {
  readonly scenario: string;
  /** Seconds between the fastest and the slowest verdict in the results from which it was picked. */
  readonly spread: number;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly runs: number;
  readonly date: string;
}

export interface VerdictResults {
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly commands: Readonly<Record<string, string>>;
  readonly scenarios: Readonly<Record<string, Described>>;
  readonly cells: readonly Cell[];
  readonly spread: readonly SpreadResult[];
}

export async function readResults(): Promise<VerdictResults | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as VerdictResults);
}

/** Reads, changes and writes while no other run does. */
export async function updateResults(
  change: (old: VerdictResults | undefined) => VerdictResults,
): Promise<VerdictResults> {
  await mkdir(join(path, '..'), { recursive: true });
  return withFileLock(join(root, '.cluster', 'verdict-results.lock'), async () => {
    const results = change(await readResults());
    await writeFile(path, textOf(results));
    return results;
  });
}

/** One line for each scenario and each cell, so that a run changes its own lines only. */
export function textOf({ scenarios, cells, spread, ...about }: VerdictResults): string {
  const line = (value: unknown): string => JSON.stringify(value);
  const entries = Object.entries(scenarios).map(([name, described]) => `${line(name)}:${line(described)}`);
  const lists = [
    `"scenarios":{\n${entries.join(',\n')}\n}`,
    `"cells":[\n${cells.map(line).join(',\n')}\n]`,
    `"spread":[\n${spread.map(line).join(',\n')}\n]`,
  ];
  return `${[line(about).slice(0, -1), ...lists].join(',\n')}}\n`;
}

/** Cells of scenarios that are no longer there are dropped. */
export function merged(
  old: VerdictResults | undefined,
  fresh: Pick<VerdictResults, 'machine' | 'versions' | 'commands' | 'cells'>,
  catalogue: readonly CatalogueEntry[],
): VerdictResults {
  const keyOf = ({ scenario, tool }: Cell): string => `${scenario} ${tool}`;
  const known = new Set(catalogue.map(({ name }) => name));
  const cells = new Map([...(old?.cells ?? []), ...fresh.cells].map((cell) => [keyOf(cell), cell]));
  return {
    machine: fresh.machine,
    versions: { ...old?.versions, ...fresh.versions },
    commands: { ...old?.commands, ...fresh.commands },
    scenarios: Object.fromEntries(catalogue.map((entry) => [entry.name, describe(entry)])),
    cells: [...cells.values()]
      .filter(({ scenario }) => known.has(scenario))
      .toSorted((one, other) => keyOf(one).localeCompare(keyOf(other))),
    spread: old?.spread ?? [],
  };
}

function describe({ scenario }: CatalogueEntry): Described {
  const { title, truth, class: kind, budget, horizon } = scenario;
  return { title, truth, class: kind, ...(budget && { budget }), ...(horizon && { horizon }) };
}
