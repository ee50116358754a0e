import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { isMet, shown, type Target } from './target.ts';

const root = join(import.meta.dirname, '..');

/** What `bench/results/<name>.json` holds. */
export interface Results<Round> {
  readonly benchmark: string;
  readonly machine: Machine;
  /** Versions of what was measured, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: readonly Round[];
  readonly targets: readonly Target[];
}

/** Writes the figures, and the table of targets into docs/BENCHMARKS.md between its markers. */
export async function keepResults<Round>(results: Results<Round>): Promise<string> {
  const path = join('bench', 'results', `${results.benchmark}.json`);
  await mkdir(join(root, 'bench', 'results'), { recursive: true });
  const targets = results.targets.map((target) => ({ ...target, met: isMet(target) }));
  await writeFile(join(root, path), `${JSON.stringify({ ...results, targets }, undefined, 2)}\n`);
  await updatePage(results.benchmark, targetTable(results));
  return path;
}

function targetTable({ targets, machine, versions, rounds }: Results<unknown>): string {
  const rows = targets.map(
    (target) =>
      `| ${target.name} | ${shown(target.figure)}${target.unit} | ${target.limit}${target.unit} | ${isMet(target) ? 'yes' : '**no**'} | ${target.detail} |`,
  );
  const what = Object.entries({ ...versions, Node: machine.node })
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  return [
    '| figure | measured | at most | met | from |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `${rounds.length} rounds on ${machine.date}; ${what}; ${machine.cores} cores (${machine.processor}), load ${machine.load} before the run.`,
    '',
  ].join('\n');
}

async function updatePage(name: string, table: string): Promise<void> {
  const page = join(root, 'docs', 'BENCHMARKS.md');
  const text = await readFile(page, 'utf8');
  const [open, close] = [`<!-- <${name}> -->\n`, `<!-- </${name}> -->\n`];
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`docs/BENCHMARKS.md has no markers for ${name}`);
  await writeFile(page, text.slice(0, from + open.length) + table + text.slice(to));
}
