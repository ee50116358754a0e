/** The scenarios: one folder each. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Scenario, scenarioSchema, type WritePattern } from '../judge/scenario.ts';

export const catalogueFolder = join(import.meta.dirname, '..', 'verdicts');

export interface CatalogueEntry {
  /** Name of the folder, `04-exits-at-once`. */
  readonly name: string;
  readonly folder: string;
  readonly scenario: Scenario;
  readonly hasBefore: boolean;
}

/** @param only numbers (`4`) or names of folders; empty: all. Throws if one of them is not there, or a file is not as the schema says. */
export async function readCatalogue(only: readonly string[]): Promise<readonly CatalogueEntry[]> {
  const folders = (await readdir(catalogueFolder)).filter((name) => /^\d\d-/.test(name)).toSorted();
  const unknown = only.find((wanted) => !folders.some((name) => isWanted(name, wanted)));
  if (unknown !== undefined) throw new Error(`No scenario ${unknown} in ${catalogueFolder}.`);
  const chosen = folders.filter((name) => only.length === 0 || only.some((wanted) => isWanted(name, wanted)));
  return Promise.all(chosen.map(readEntry));
}

function isWanted(name: string, wanted: string): boolean {
  return name === wanted || (/^\d+$/.test(wanted) && Number(name.slice(0, 2)) === Number(wanted));
}

async function readEntry(name: string): Promise<CatalogueEntry> {
  const folder = join(catalogueFolder, name);
  const text = await readFile(join(folder, 'scenario.yaml'), 'utf8');
  const parsed = scenarioSchema.safeParse(parse(text));
  if (!parsed.success) throw new Error(`${name}/scenario.yaml: ${parsed.error.message}`);
  const hasBefore = await stat(join(folder, 'before')).then(
    () => true,
    () => false,
  );
  return { name, folder, scenario: parsed.data, hasBefore };
}

/** Every write that a scenario speaks of. */
export function patternsOf({ evidence = [], settledBy, setup, disturbance }: Scenario): WritePattern[] {
  const moments = [...setup, ...disturbance].map(({ when }) => when);
  return [...evidence, settledBy, ...moments].filter((pattern) => pattern !== undefined);
}
