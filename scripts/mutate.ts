/**
 * `npm run mutate -- [--survivors] [FOLDER …]`: mutation score by folder of the unit layer. Stryker changes the code of the folders
 * (all of `defaultFolders` without one) in one place at a time; a mutant that no test notices has survived. `--survivors` lists those.
 * Outside CI: a folder takes minutes to hours. Not deterministic to the last mutant: one that runs into the time limit counts as found.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';

const root = join(import.meta.dirname, '..');
const defaultFolders = ['src/domain', 'src/report/redaction'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    survivors: { type: 'boolean', default: false },
    /** Test processes at the same time. */
    concurrency: { type: 'string', default: '2' },
  },
});

type MutantResult = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

/** Of the mutants that are valid code. */
interface Score {
  readonly mutants: number;
  readonly found: number;
}

const isFound = ({ status }: MutantResult): boolean => status === 'Killed' || status === 'Timeout';
const isMissed = ({ status }: MutantResult): boolean => status === 'Survived' || status === 'NoCoverage';

function scoreOf(mutants: readonly MutantResult[]): Score {
  const found = mutants.filter(isFound).length;
  return { found, mutants: found + mutants.filter(isMissed).length };
}

function scoreLine(title: string, { mutants, found }: Score): string {
  const share = mutants === 0 ? '–' : `${((found / mutants) * 100).toFixed(1)} %`;
  return `${title.padEnd(40)} ${share.padStart(7)}  ${found} of ${mutants}`;
}

function survivorLine({ fileName, location, status, replacement = '' }: MutantResult): string {
  const line = readFileSync(fileName, 'utf8').split('\n')[location.start.line - 1] ?? '';
  const place = `${relative(root, fileName)}:${location.start.line}:${location.start.column + 1}`;
  const to = replacement.replaceAll(/\s+/g, ' ').slice(0, 100);
  return `${place} ${status === 'NoCoverage' ? '(no test) ' : ''}${line.trim()}\n    → ${to}`;
}

const folders = positionals.length === 0 ? defaultFolders : positionals;
const results = await new Stryker({
  mutate: folders.map((folder) => (folder.endsWith('.ts') ? folder : `${folder}/**/*.ts`)),
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'scripts/mutation/vitest.config.ts' },
  coverageAnalysis: 'perTest',
  concurrency: Number(values.concurrency),
  // Tables that are built as a module is loaded belong to no single test.
  ignoreStatic: true,
  ignorePatterns: ['dist', 'build', '.cluster', 'bench/results', 'docs/images'],
  tempDirName: 'build/mutation',
  reporters: ['progress-append-only'],
  allowEmpty: true,
}).runMutationTest();

if (values.survivors) for (const mutant of results.filter(isMissed)) console.log(`${survivorLine(mutant)}\n`);
const byFolder = Map.groupBy(results, ({ fileName }) => relative(root, dirname(fileName)));
for (const [folder, mutants] of [...byFolder].toSorted(([one], [other]) => one.localeCompare(other)))
  console.log(scoreLine(folder, scoreOf(mutants)));
console.log(scoreLine('all', scoreOf(results)));
