/**
 * Undo is exact, whatever the releases are (release state rows 6, 12, 14, 15, 18 and 20): random pairs of releases, the
 * second of which is refused at a random write, does not come up, or is killed in the middle of a write. `npm run soak` has more.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { scenariosOf } from './scenario.ts';
import { tally } from './tally.ts';
import { type Trial, tryScenario } from './trial.ts';

const seed = 1;
const count = 20;

let cluster: Cluster;
let folder: string;
const trials: Trial[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-properties-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 2 });
}, 300_000);

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const cases = scenariosOf(seed, count).map((scenario, index) => ({
  index,
  title: `${scenario.ending.type} ${'next' in scenario.ending ? `then ${scenario.ending.next}` : ''}`.trim(),
  scenario,
}));

describe.concurrent(`of seed ${seed}, every object is what it was`, () => {
  test.for(cases)(
    'case $index: $title',
    { timeout: 300_000 },
    async ({ index, scenario }, { expect: expected }) => {
      const trial = await tryScenario(cluster, `undo-${seed}-${index}`, scenario);
      trials.push(trial);
      expected(trial.lost, trial.output).toEqual([]);
      expected(trial.differences, trial.output).toEqual([]);
      expected(trial.outcome, trial.output).toBe(trial.refusedBefore ? 'failed' : 'rolled-back');
    },
  );
});

test('most of the cases had something to undo, and those that were to be struck were', () => {
  const { refusedBefore, killed } = tally(trials);
  expect(trials).toHaveLength(count);
  expect(refusedBefore).toBeLessThanOrEqual(count / 4);
  expect(killed).toBeGreaterThanOrEqual(count / 5);
});
