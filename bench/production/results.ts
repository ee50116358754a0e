/** `bench/results/production.json`: the last result of every scenario; a partial run replaces its own only. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileLock } from '../../testbed/binaries/file-lock.ts';
import type { Machine } from '../machine.ts';
import type { ProductionResult } from './trial.ts';

const root = join(import.meta.dirname, '../..');
const path = join(root, 'bench', 'results', 'production.json');

/** One scenario, once. */
export interface Found {
  readonly scenario: string;
  readonly date: string;
  /** Commit of the tree it was run from. */
  readonly version?: string;
  readonly result?: ProductionResult;
  /** Why nothing is known: the release before was refused, a step failed. */
  readonly error?: string;
}

export interface LeftOut {
  readonly scenario: string;
  readonly why: string;
}

interface About {
  readonly machine: Machine;
  readonly version: string;
  readonly leftOut: readonly LeftOut[];
}

interface Results extends Omit<About, 'version'> {
  readonly tally: ReturnType<typeof tally>;
  readonly scenarios: readonly Found[];
}

/** Reads, changes and writes while no other run does. */
export async function keepFound({ machine, version, leftOut }: About, found: Found): Promise<void> {
  await withFileLock(join(root, '.cluster', 'production-results.lock'), async () => {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    const old = text === undefined ? undefined : (JSON.parse(text) as Results);
    const others = (old?.scenarios ?? []).filter(({ scenario }) => scenario !== found.scenario);
    const scenarios = [...others, { ...found, version }].toSorted((one, other) =>
      one.scenario.localeCompare(other.scenario),
    );
    const missing = new Map([...(old?.leftOut ?? []), ...leftOut].map((one) => [one.scenario, one]));
    const results: Results = { machine, tally: tally(scenarios), leftOut: [...missing.values()], scenarios };
    await writeFile(path, `${JSON.stringify(results, undefined, 1)}\n`);
  });
}

function tally(scenarios: readonly Found[]) {
  const known = scenarios.flatMap(({ result }) => (result === undefined ? [] : [result]));
  const clients = known.flatMap((result) => result.clients).filter(({ oldPodsStay }) => oldPodsStay);
  const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
  return {
    scenarios: scenarios.length,
    couldNotRun: scenarios.length - known.length,
    right: known.filter(({ faults }) => faults.length === 0).length,
    rolledBack: known.filter(({ outcome }) => outcome === 'rolled-back').length,
    heldUpByOthers: known.filter(({ heldUpBy }) => heldUpBy !== undefined).length,
    refusedBeforeApply: known.filter(({ exitCode }) => exitCode === 1).length,
    restoredAndTested: known.filter((result) => result.smokeTests !== undefined).length,
    calledServices: clients.length,
    calls: sum(clients.map(({ calls }) => calls)),
    failedCalls: sum(clients.map(({ failed }) => failed.length)),
  };
}
