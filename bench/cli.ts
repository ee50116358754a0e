/** `npm run bench -- scale|start|crowd|smoke|verdicts|spread|statuses`: measures beside rivals in the same run. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchCrowd } from './scale/crowd.ts';
import { benchScale } from './scale/scale.ts';
import { benchSmoke } from './smoke/smoke.ts';
import { benchStart } from './start/start.ts';
import { benchStatuses } from './statuses/statuses.ts';
import { isMet, type Target, targetLine } from './target.ts';
import { writePage } from './trials/page.ts';
import { readResults } from './trials/results.ts';
import { benchSpread } from './trials/spread.ts';
import { type ToolName, toolNames } from './trials/tools/tools.ts';
import { benchVerdicts } from './trials/verdicts.ts';

const usage = `Usage: npm run bench -- BENCHMARK
  scale [--rounds 5]   100 Deployments and 100 Services, beside kubectl and a bare watch, on a hollow cluster of its own
  start [--rounds 20]  time to the first line of the bundle, beside \`node -e 0\`
  crowd [--rounds 1]   1,000 Deployments and 3,000 pods, one crash-loops, beside \`kubectl rollout status\` (hollow cluster)
  smoke [--rounds 5]   20 services of 2 real pods each, basic tests; p99 beside vegeta's and the true one, a stall of 2 s too
  verdicts [--only 4,8] [--tools orion,kubectl,helm,kubedog,kapp] [--repeat 1] [--lanes 4] [--report]
                       the catalogue in bench/verdicts with every tool; --report makes only the page from the last results
  spread [--runs 20] [--lanes 4]  the eight scenarios with the largest spread, again and again
  statuses --cases FOLDER  what statusOf says of objects whose health others have published (index.yaml: file, status, message)
All take --check: exit code 1 if a target is missed (verdicts and spread: a verdict of ours is wrong; statuses: under 97 % agree, or anything broken is called current), and --bundle FOLDER: what to measure instead of dist/deploy-staging,
as \`npm run build\` made it.`;

const options = {
  rounds: { type: 'string' },
  bundle: { type: 'string', default: join(import.meta.dirname, '../dist/deploy-staging') },
  check: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  tools: { type: 'string', default: toolNames.join() },
  repeat: { type: 'string', default: '1' },
  lanes: { type: 'string', default: '4' },
  runs: { type: 'string', default: '20' },
  report: { type: 'boolean', default: false },
  cases: { type: 'string', default: '' },
} as const;

/** Undefined where the usage is to be said. */
function parse() {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch {
    return undefined;
  }
}

async function main(): Promise<number> {
  const parsed = parse();
  if (parsed === undefined) {
    console.error(usage);
    return 2;
  }
  const { positionals, values } = parsed;
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const [benchmark] = positionals;
  const judged = benchmark === undefined ? undefined : verdictBenchmarks[benchmark];
  if (judged !== undefined && positionals.length === 1) {
    const fine = await judged({ ...values, bundle: resolve(values.bundle) });
    return values.check && !fine ? 1 : 0;
  }
  if (!isBenchmark(benchmark) || positionals.length !== 1 || (rounds !== undefined && !(rounds >= 1))) {
    console.error(usage);
    return 2;
  }
  const targets = await benchmarks[benchmark](resolve(values.bundle), rounds);
  console.log(`\n${targets.map(targetLine).join('\n')}`);
  return values.check && !targets.every(isMet) ? 1 : 0;
}

const benchmarks: Readonly<
  Record<
    'scale' | 'start' | 'crowd' | 'smoke',
    (bundle: string, rounds?: number) => Promise<readonly Target[]>
  >
> = {
  scale: benchScale,
  start: benchStart,
  crowd: benchCrowd,
  smoke: benchSmoke,
};

interface Flags {
  readonly bundle: string;
  readonly only: string;
  readonly tools: string;
  readonly repeat: string;
  readonly lanes: string;
  readonly runs: string;
  readonly report: boolean;
  readonly cases: string;
}

const verdictBenchmarks: Readonly<Record<string, (flags: Flags) => Promise<boolean>>> = {
  verdicts: async ({ bundle, only, tools, repeat, lanes, report }) => {
    const results = report ? await readResults() : undefined;
    if (results !== undefined) await writePage(results);
    if (report) return results !== undefined;
    return benchVerdicts({
      bundle,
      only: listOf(only),
      tools: listOf(tools).map(toolName),
      repeat: positive(repeat),
      lanes: positive(lanes),
    });
  },
  statuses: ({ cases }) => benchStatuses(cases),
  spread: ({ bundle, runs, lanes }) => benchSpread({ bundle, runs: positive(runs), lanes: positive(lanes) }),
};

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function toolName(name: string): ToolName {
  const known = toolNames.find((one) => one === name);
  if (known === undefined) throw new Error(`No tool ${name}; there are ${toolNames.join(', ')}.`);
  return known;
}

function positive(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${text} is not a count.`);
  return count;
}

function isBenchmark(name: string | undefined): name is keyof typeof benchmarks {
  return name !== undefined && Object.hasOwn(benchmarks, name);
}

process.exitCode = await main();
