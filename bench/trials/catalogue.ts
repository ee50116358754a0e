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
  const all = await readScenarios(catalogueFolder);
  const unknown = only.find((wanted) => !all.some(({ name }) => isWanted(name, wanted)));
  if (unknown !== undefined) throw new Error(`No scenario ${unknown} in ${catalogueFolder}.`);
  return all.filter(({ name }) => only.length === 0 || only.some((wanted) => isWanted(name, wanted)));
}

/** Every scenario of a folder, by name. Throws if a file is not as the schema says. */
export async function readScenarios(root: string): Promise<readonly CatalogueEntry[]> {
  const folders = (await readdir(root)).filter((name) => /^\d{2,3}-/.test(name)).toSorted();
  return Promise.all(folders.map((name) => readEntry(root, name)));
}

/** By the name of its folder, or by its number. */
export function isWanted(name: string, wanted: string): boolean {
  return name === wanted || (/^\d+$/.test(wanted) && Number(numberOf(name)) === Number(wanted));
}

/** The number of a scenario's line in the catalogue, as its folder says it: `04`, `201`. */
export function numberOf(name: string): string {
  return name.slice(0, name.indexOf('-'));
}

async function readEntry(root: string, name: string): Promise<CatalogueEntry> {
  const folder = join(root, name);
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
export function patternsOf({ evidence = [], settledBy = [], setup, disturbance }: Scenario): WritePattern[] {
  const moments = [...setup, ...disturbance].map(({ when }) => when);
  return [...evidence, ...settledBy, ...moments].filter((pattern) => pattern !== undefined);
}
