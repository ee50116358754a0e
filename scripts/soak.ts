/**
 * `npm run soak -- --count 200 --seed 2 --lanes 4`: the property of undo at full count on a cluster of its own, with the built
 * bundle. Its figures, and each difference with its seed and case, go to `bench/results/undo-property.json`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { scenariosOf } from '../test/properties/scenario.ts';
import { tally } from '../test/properties/tally.ts';
import { type Trial, tryScenario } from '../test/properties/trial.ts';
import { type Cluster, startCluster } from '../testbed/cluster.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '2' },
    lanes: { type: 'string', default: '4' },
    /** Cases by number, `110,116`: they are tried again, and no result is written. */
    only: { type: 'string', default: '' },
  },
});
const [seed, count, lanes] = [Number(values.seed), Number(values.count), Number(values.lanes)];
const result = join(import.meta.dirname, '../bench/results/undo-property.json');

interface Failed {
  readonly case: number;
  readonly why: string;
}

async function soak(cluster: Cluster): Promise<boolean> {
  const only = values.only.split(',').filter(Boolean).map(Number);
  const waiting = [...scenariosOf(seed, count).entries()].filter(
    ([index]) => only.length === 0 || only.includes(index),
  );
  const trials: Trial[] = [];
  const wrong: object[] = [];
  const failed: Failed[] = [];
  const startedAt = new Date();
  const write = async (): Promise<void> =>
    only.length > 0
      ? undefined
      : writeFile(
          result,
          `${JSON.stringify({ seed, count, startedAt, ...tally(trials), couldNotRun: failed, wrong }, null, 2)}\n`,
        );
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, scenario] = next;
      try {
        const trial = await tryScenario(cluster, `soak-${seed}-${index}`, scenario);
        trials.push(trial);
        const restored = trial.refusedBefore || trial.outcome === 'rolled-back';
        if (!restored || trial.differences.length > 0) {
          const { ending, outcomes, differences } = trial;
          wrong.push({ case: index, ending, outcomes, differences });
          console.log(trial.output);
        }
        console.log(
          `case ${index}: ${trial.outcomes.join(', ')}, ${trial.differences.length} differences`,
          trial.differences,
        );
      } catch (error) {
        failed.push({ case: index, why: String(error).slice(0, 2000) });
        console.log(`case ${index} could not run: ${String(error)}`);
      }
      await write();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  console.log(tally(trials));
  return wrong.length === 0 && failed.length === 0;
}

const folder = await mkdtemp(join(tmpdir(), 'orion-soak-'));
const cluster = await startCluster({
  stateDirectory: join(folder, 'cluster'),
  node: 'hollow',
  hollowNodes: 2,
});
try {
  process.exitCode = (await soak(cluster)) ? 0 : 1;
} finally {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
}
