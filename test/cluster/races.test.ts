/** Two deployers at once never mix (release state rows 1, 21, 22), by the audit log and by what is there. `npm run soak -- races` has more. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import type { Snapshot } from '../properties/differ.ts';
import { interleaved, type RaceResult, racesOf, referencesFor, runRace } from '../properties/race.ts';
import { startTimeout } from '../support/cluster/api-cluster.ts';

const seed = 1;
const count = 5;

let cluster: Cluster;
let folder: string;
let references: readonly Snapshot[];
const results: RaceResult[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orion-races-'));
  cluster = await startCluster({ stateDirectory: join(folder, 'cluster'), node: 'hollow', hollowNodes: 2 });
  references = await referencesFor(cluster, 'race');
}, startTimeout);

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

const cases = racesOf(seed, count).map((race, index) => ({
  index,
  race,
  title: race.contestants.join(' and '),
}));

test.for(cases)('race $index of seed 1: $title', { timeout: 300_000 }, async ({ index, race }) => {
  const result = await runRace(cluster, `race-${seed}-${index}`, race, references);
  results.push(result);
  expect(result.wrong, result.output).toEqual([]);
});

test('a request between two of another would be seen', () => {
  expect(interleaved([['1', '3'], ['4']])).toEqual([]);
  expect(interleaved([['1', '3'], ['2']])).toHaveLength(1);
  expect(interleaved([['2'], ['1', '3']])).toHaveLength(1);
});

test('they were races: the processes ran at once, and somebody was refused or had to wait', () => {
  expect(results).toHaveLength(count);
  expect(results.filter(({ met }) => met).length).toBeGreaterThanOrEqual(3);
  expect(results.filter(({ writes }) => writes.every((number) => number > 0)).length).toBeGreaterThanOrEqual(
    1,
  );
});
