/**
 * `npm run soak -- undo --count 200 --lanes 4`: a property at full count on a cluster of its own, with the built bundles.
 * Its figures, and each case that went wrong with seed and number, go to `bench/results`. Properties: `undo` (the default), `races`.
 * Without `--seed` the cases are new ones: a seed is drawn, printed first and kept in the result. `--seed 2` tries those of that seed again.
 * `npm run soak -- production [--only 04-exits-at-once,11] [--lanes 2]`: broken scenarios of the verdict bench, undone on the real node.
 * `npm run soak -- sound [--count 20] [--load 4] [--lanes 2]`: sound updates of the example application on the real node, on a busy machine.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soakProduction } from '../bench/production/production.ts';
import { soakSound } from '../bench/production/sound.ts';
import { type RaceResult, racesOf, referencesFor, runRace, tallyRaces } from '../test/properties/race.ts';
import { scenariosOf } from '../test/properties/scenario.ts';
import { tally } from '../test/properties/tally.ts';
import { type Trial, tryScenario } from '../test/properties/trial.ts';
import { type Cluster, startCluster } from '../testbed/cluster.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    /** Of `undo` and `races`. Default: a random one. */
    seed: { type: 'string' },
    /** Default: 4, and 2 with real pods. */
    lanes: { type: 'string' },
    /** Of `sound`: threads that keep the processor busy. */
    load: { type: 'string', default: '4' },
    /** Cases by number, `110,116`: those of `--seed` are tried again, and no result is written. With `production` names too, and results are. */
    only: { type: 'string', default: '' },
  },
});
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const lanes = Number(values.lanes ?? 4);

/** One case, as it goes into the result. */
interface Found<Result> {
  readonly result: Result;
  /** What is to be known of it where it went wrong. */
  readonly wrong: object | undefined;
  readonly line: string;
  readonly output: string;
}

interface Property<Result> {
  /** `bench/results/<file>` */
  readonly file: string;
  readonly count: number;
  readonly cases: readonly ((cluster: Cluster) => Promise<Found<Result>>)[];
  readonly tally: (results: readonly Result[]) => object;
}

function undo(count: number): Property<Trial> {
  return {
    file: 'undo-property.json',
    count,
    tally,
    cases: scenariosOf(seed, count).map((scenario, index) => async (cluster) => {
      const trial = await tryScenario(cluster, `soak-${seed}-${index}`, scenario);
      const { ending, outcomes, differences, lost, output } = trial;
      const restored = trial.refusedBefore || trial.outcome === 'rolled-back';
      const right = restored && differences.length === 0 && lost.length === 0;
      return {
        result: trial,
        wrong: right ? undefined : { case: index, ending, outcomes, differences, lost },
        line: `${outcomes.join(', ')}, ${differences.length} differences, ${lost.length} lost`,
        output,
      };
    }),
  };
}

function races(count: number): Property<RaceResult> {
  let references: ReturnType<typeof referencesFor> | undefined;
  return {
    file: 'races.json',
    count,
    tally: tallyRaces,
    cases: racesOf(seed, count).map((race, index) => async (cluster) => {
      references ??= referencesFor(cluster, `race-${seed}`);
      const result = await runRace(cluster, `race-${seed}-${index}`, race, await references);
      const { ends, wrong, output } = result;
      return {
        result,
        wrong: wrong.length === 0 ? undefined : { case: index, ...race, ends, wrong },
        line: `${race.contestants.join(' and ')}: ${ends.join(', ')}, ${wrong.length} wrong`,
        output,
      };
    }),
  };
}

async function soak<Result>(cluster: Cluster, property: Property<Result>): Promise<boolean> {
  const only = values.only.split(',').filter(Boolean).map(Number);
  const waiting = [...property.cases.entries()].filter(
    ([index]) => only.length === 0 || only.includes(index),
  );
  const results: Result[] = [];
  const wrong: object[] = [];
  const couldNotRun: object[] = [];
  const startedAt = new Date();
  const write = async (): Promise<void> => {
    if (only.length > 0) return;
    const { count, file } = property;
    const figures = { seed, count, startedAt, ...property.tally(results), couldNotRun, wrong };
    await writeFile(
      join(import.meta.dirname, '../bench/results', file),
      `${JSON.stringify(figures, null, 2)}\n`,
    );
  };
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, run] = next;
      try {
        const found = await run(cluster);
        results.push(found.result);
        console.log(`case ${index}: ${found.line}`);
        if (found.wrong !== undefined) {
          wrong.push(found.wrong);
          console.log(found.output, found.wrong);
        }
      } catch (error) {
        couldNotRun.push({ case: index, why: String(error).slice(0, 2000) });
        console.log(`case ${index} could not run: ${String(error)}`);
      }
      await write();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  console.log(property.tally(results));
  return wrong.length === 0 && couldNotRun.length === 0;
}

const properties = {
  undo: (cluster: Cluster) => soak(cluster, undo(Number(values.count ?? 200))),
  races: (cluster: Cluster) => soak(cluster, races(Number(values.count ?? 100))),
};

/** On a hollow cluster of its own. */
async function soakHollow(name: keyof typeof properties): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-soak-'));
  const cluster = await startCluster({
    stateDirectory: join(folder, 'cluster'),
    node: 'hollow',
    hollowNodes: 2,
  });
  try {
    return await properties[name](cluster);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const [name = 'undo'] = positionals;
const bundle = join(import.meta.dirname, '../dist/deploy-production');
if (name === 'production') {
  const only = values.only.split(',').filter(Boolean);
  const fine = await soakProduction({ bundle, only, lanes: Number(values.lanes ?? 2) });
  process.exitCode = fine ? 0 : 1;
} else if (name === 'sound') {
  const options = { bundle, count: Number(values.count ?? 20), lanes: Number(values.lanes ?? 2) };
  process.exitCode = (await soakSound({ ...options, load: Number(values.load) })) ? 0 : 1;
} else if (name === 'undo' || name === 'races') {
  if (values.only !== '' && values.seed === undefined)
    throw new Error('--only needs --seed: the same number is another case of another seed.');
  console.log(`seed ${seed}`);
  process.exitCode = (await soakHollow(name)) ? 0 : 1;
} else {
  throw new Error(`There is no property ${name}: undo, races, production or sound.`);
}
