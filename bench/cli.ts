/** `npm run bench -- scale|start`: measures beside rivals in the same run. */
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchScale } from './scale/scale.ts';
import { benchStart } from './start/start.ts';
import { isMet, type Target, targetLine } from './target.ts';

const usage = `Usage: npm run bench -- BENCHMARK
  scale [--rounds 5]   100 Deployments and 100 Services, beside kubectl and a bare watch, on a hollow cluster of its own
  start [--rounds 20]  time to the first line of the bundle, beside \`node -e 0\`
Both take --check: exit code 1 if a target is missed, and --bundle FOLDER: what to measure instead of dist/deploy-staging,
as \`npm run build\` made it.`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      bundle: { type: 'string', default: join(import.meta.dirname, '../dist/deploy-staging') },
      check: { type: 'boolean', default: false },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const [benchmark] = positionals;
  if (!isBenchmark(benchmark) || positionals.length !== 1 || (rounds !== undefined && !(rounds >= 1))) {
    console.error(usage);
    return 2;
  }
  const targets = await benchmarks[benchmark](resolve(values.bundle), rounds);
  console.log(`\n${targets.map(targetLine).join('\n')}`);
  return values.check && !targets.every(isMet) ? 1 : 0;
}

const benchmarks: Readonly<
  Record<'scale' | 'start', (bundle: string, rounds?: number) => Promise<readonly Target[]>>
> = {
  scale: benchScale,
  start: benchStart,
};

function isBenchmark(name: string | undefined): name is keyof typeof benchmarks {
  return name !== undefined && Object.hasOwn(benchmarks, name);
}

process.exitCode = await main();
