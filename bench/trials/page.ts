/** docs/VERDICTS.md, made of the results and of nothing else. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../median.ts';
import { numberOf } from './catalogue.ts';
import type { Cell, Described, VerdictResults } from './results.ts';
import { toolNames } from './tools/tools.ts';

const page = join(import.meta.dirname, '../../docs/VERDICTS.md');

export async function writePage(results: VerdictResults): Promise<void> {
  await writeFile(page, pageOf(results));
}

export function pageOf(results: VerdictResults): string {
  const { cells, scenarios, machine, versions, commands } = results;
  const tools = toolNames.filter((name) => cells.some(({ tool }) => tool === name));
  const inside = Object.entries(scenarios).filter(([, { horizon }]) => horizon === undefined);
  const outside = Object.entries(scenarios).filter(([, { horizon }]) => horizon !== undefined);
  return `${[
    '# Verdicts, measured',
    '',
    '<!-- Made by `npm run bench -- verdicts`; `-- verdicts --report` makes it again from bench/results/verdicts.json. -->',
    '',
    'Every tool deploys the same overlays to the same cluster and is judged against the truth that each scenario names ([how](../bench/verdicts/README.md)).',
    'A cell says what the tool said, the seconds to it, and whether its output names the cause.',
    '',
    `Last run: ${machine.date}, ${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, load ${machine.load} at its end.`,
    '',
    '| tool | version | run as |',
    '|---|---|---|',
    ...tools.map((tool) => `| ${tool} | ${versions[tool] ?? ''} | ${commands[tool] ?? ''} |`),
    '',
    '## In sum',
    '',
    ...totals(cells, tools, new Set(inside.map(([name]) => name))),
    '',
    '## Scenario by scenario',
    '',
    ...table(inside, cells, tools),
    '',
    ...(outside.length > 0
      ? [
          '## Out of horizon',
          '',
          'The fault comes after `settle` and `monitor` are over: nobody who has stopped looking can see it. Not counted above.',
          '',
          ...table(outside, cells, tools),
          '',
        ]
      : []),
    ...spreadLines(results),
    ...notes(cells),
  ].join('\n')}\n`;
}

function totals(cells: readonly Cell[], tools: readonly string[], counted: ReadonlySet<string>): string[] {
  return [
    '| tool | scenarios | right | false green | false red | no verdict in 120 s | cause named | not applicable | not judged | objects not restored |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...tools.map((tool) => {
      const own = cells.filter((cell) => cell.tool === tool && counted.has(cell.scenario));
      const judged = own.filter(({ runs }) => runs.length > 0);
      const with_ = (word: string) =>
        judged.filter(({ runs }) => runs.some(({ rightness }) => rightness === word)).length;
      const right = judged.filter(({ runs }) => runs.every(({ rightness }) => rightness === 'right')).length;
      const mustFail = judged.filter(({ runs }) => runs[0]?.causeNamed !== undefined);
      const named = mustFail.filter(({ runs }) => runs.every(({ causeNamed }) => causeNamed === true));
      const compared = judged.flatMap(({ runs }) => runs.flatMap(({ notRestored }) => notRestored ?? []));
      const compares = judged.some(({ runs }) => runs.some(({ notRestored }) => notRestored !== undefined));
      const objects = new Set(compared.map(({ object }) => object)).size;
      return `| ${tool} | ${own.length} | ${right} | ${bold(with_('false green'))} | ${bold(with_('false red'))} | ${bold(with_('no verdict'))} | ${named.length} of ${mustFail.length} | ${own.filter(({ notApplicable }) => notApplicable !== undefined).length} | ${own.filter(({ error }) => error !== undefined).length} | ${compares ? objects : 'does not undo'} |`;
    }),
  ];
}

function bold(count: number): string {
  return count === 0 ? '0' : `**${count}**`;
}

function table(
  scenarios: readonly (readonly [string, Described])[],
  cells: readonly Cell[],
  tools: readonly string[],
): string[] {
  return [
    `| scenario | truth | ${tools.join(' | ')} |`,
    `|---|---|${tools.map(() => '---|').join('')}`,
    ...scenarios.map(([name, { title, truth, class: kind, budget }]) => {
      const columns = tools.map((tool) =>
        cellText(cells.find((cell) => cell.scenario === name && cell.tool === tool)),
      );
      return `| ${numberOf(name)} ${escapeCell(title)} | ${truth}, ${kind}${budget ? ` ${budget}` : ''} | ${columns.join(' | ')} |`;
    }),
  ];
}

/** Seconds are from the evidence where there is one, of several runs the median and the worst. */
function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return 'not run';
  if (cell.notApplicable !== undefined) return `n/a: ${escapeCell(cell.notApplicable)}`;
  if (cell.error !== undefined) return 'not judged';
  const { runs } = cell;
  const wrong = runs.find(({ rightness }) => rightness !== 'right');
  const word = wrong ? `**${wrong.rightness}**` : (runs[0]?.verdict ?? '');
  if (wrong?.rightness === 'no verdict') return word;
  const seconds = runs.flatMap((run) => run.seconds ?? []);
  const since = median(runs.map(({ sinceStart }) => sinceStart));
  const figure =
    seconds.length === 0
      ? `after ${since.toFixed(1)} s`
      : runs.length === 1
        ? `${seconds[0]?.toFixed(2)} s`
        : `${median(seconds).toFixed(2)} s, worst ${Math.max(...seconds).toFixed(2)} s (${seconds.length} runs)`;
  const cause = runs.some(({ causeNamed }) => causeNamed === false) ? ', no cause' : '';
  const faults = [...new Set(runs.flatMap((run) => run.faults))].map((fault) => `, ${escapeCell(fault)}`);
  const left = new Set(runs.flatMap(({ notRestored }) => notRestored ?? []).map(({ object }) => object)).size;
  return `${word} ${figure}${wrong ? '' : cause}${faults.join('')}${left > 0 ? `, ${left} objects not restored` : ''}`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

function spreadLines({ spread }: VerdictResults): string[] {
  if (spread.length === 0) return [];
  return [
    '## The same verdict again and again',
    '',
    'The scenarios with the largest spread of times to a verdict, picked by script (`npm run bench -- spread --runs 20`).',
    '',
    '| scenario | spread when picked | runs | verdicts |',
    '|---|---|---|---|',
    ...spread.map(({ scenario, spread: seconds, runs, verdicts }) => {
      const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} × ${verdict}`);
      return `| ${scenario} | ${seconds.toFixed(2)} s | ${runs} | ${counts.join(', ')} |`;
    }),
    '',
  ];
}

/** What stands between the green word and the end of the process: the record, the summary, the outputs. */
function closingLine(cells: readonly Cell[]): string[] {
  const seconds = cells
    .filter(({ tool }) => tool === 'orion')
    .flatMap(({ runs }) => runs.filter(({ verdict }) => verdict === 'green'))
    .flatMap(({ toItsEnd }) => toItsEnd ?? []);
  if (seconds.length === 0) return [];
  return [
    `- Orion’s verdict is its line \`FAIL\`, or the end of the last phase that judges (rollout, health, monitor, smoke). After a green one it closes the release’s record and writes its reports: ${median(seconds).toFixed(2)} s to the end of the process, worst ${Math.max(...seconds).toFixed(2)} s (${seconds.length} runs).`,
  ];
}

function notes(cells: readonly Cell[]): string[] {
  const errors = cells.filter(({ error }) => error !== undefined);
  return [
    '## How to read it',
    '',
    '- Seconds count from the audit log’s time of the write that carries the evidence (for a budgeted cause, from the end of its budget; for a sound release, from the last needed change and the tool’s own settle) to the line with the verdict, or to the end of the process where a tool prints none. “after” counts from the tool’s start, where there is no evidence to count from.',
    '- What a write left behind is taken from a watch beside the tool where the audit log keeps no bodies; its moment is the log’s all the same.',
    '- A rival’s verdict is its exit code. A tool that does not look at a thing at all says green, and that is a false green here; where it cannot express a scenario, the cell says so and is not counted.',
    '- Orion waits for its settle (10 s in the staging profile) before it says green; rivals do not wait, and that is why they are first on sound releases and green on releases that crash a moment later. Its smoke tests, which no rival has, are left out of the seconds of a sound release.',
    '- Helm’s own limit is set to 100 s, kapp’s is 15 minutes, kubectl’s the progress deadline of 10 minutes: with the cap of 120 s those two never reach their own limit.',
    '- Helm is run without `--wait-for-jobs`, as the catalogue has it; so it does not look at Jobs.',
    '- A red for another reason than the truth file names counts as right here; its missing cause, or another exit code, stands beside it. Orion’s cause has to stand between its line `FAIL` and its rollback, whose lines name every object; a rival’s may stand anywhere.',
    '- krane and Azure/k8s-deploy are not in the table: krane is a Ruby gem and the machine has no Ruby; k8s-deploy is an action that was not run.',
    ...closingLine(cells),
    ...errors.map(
      ({ scenario, tool, error = '' }) =>
        `- Not judged: ${scenario} with ${tool}: ${escapeCell(error.slice(0, 300))}`,
    ),
  ];
}
