/** `npm run bench -- spread`: do the scenarios whose times vary most give the same verdict every time? */
import { readCatalogue } from './catalogue.ts';
import { writePage } from './page.ts';
import { type Cell, readResults, type SpreadResult, updateResults } from './results.ts';
import { jobsOf, runJobs, withTools } from './verdicts.ts';

export interface SpreadOptions {
  readonly bundle: string;
  readonly runs: number;
  readonly lanes: number;
}

const picked = 8;

/** The scenarios in which Orion's seconds lie furthest apart; one run has no spread. */
export function largestSpread(cells: readonly Cell[]): readonly { scenario: string; spread: number }[] {
  return cells
    .filter(({ tool, runs }) => tool === 'orion' && runs.length > 1)
    .map(({ scenario, runs }) => {
      const seconds = runs.map((run) => run.seconds ?? run.sinceStart);
      return { scenario, spread: Math.max(...seconds) - Math.min(...seconds) };
    })
    .toSorted((one, other) => other.spread - one.spread)
    .slice(0, picked);
}

/** True if every scenario gave one verdict in all its runs. */
export async function benchSpread({ bundle, runs, lanes }: SpreadOptions): Promise<boolean> {
  const results = await readResults();
  if (results === undefined) throw new Error('There are no results yet: npm run bench -- verdicts');
  const chosen = largestSpread(results.cells);
  for (const { scenario, spread } of chosen) console.log(`picked ${scenario}: ${spread.toFixed(2)} s`);
  const entries = await readCatalogue(chosen.map(({ scenario }) => scenario));
  const cells = await withTools({ bundle, tools: ['orion'] }, (ground, tools) =>
    runJobs(ground, jobsOf(entries, tools, runs), lanes),
  );
  const spread = chosen.map((choice) => countVerdicts(choice, cells));
  for (const { scenario, verdicts } of spread) console.log(`${scenario}: ${JSON.stringify(verdicts)}`);
  await writePage(await updateResults((old) => ({ ...(old ?? results), spread })));
  return spread.every(({ verdicts }) => Object.keys(verdicts).length === 1);
}

function countVerdicts(
  { scenario, spread }: { scenario: string; spread: number },
  cells: readonly Cell[],
): SpreadResult {
  const cell = cells.find((one) => one.scenario === scenario);
  const runs = cell?.runs ?? [];
  const groups = Map.groupBy(runs, ({ verdict, exitCode }) => `${verdict} (exit code ${exitCode})`);
  const verdicts = Object.fromEntries([...groups].map(([word, group]) => [word, group.length]));
  return { scenario, spread, verdicts, runs: runs.length, date: cell?.date ?? '' };
}
