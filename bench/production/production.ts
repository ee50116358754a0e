/** `npm run soak -- production`: every broken scenario of the verdict bench under the production profile, on the real node. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../testbed/testbed-error.ts';
import { copyBundle } from '../bundle.ts';
import type { KnownDifference } from '../judge/rolled-back.ts';
import { describeMachine } from '../machine.ts';
import {
  type CatalogueEntry,
  catalogueFolder,
  isWanted,
  numberOf,
  readScenarios,
} from '../trials/catalogue.ts';
import { type Ground, prepareGround } from '../trials/ground.ts';
import { inLanes } from '../trials/lanes.ts';
import { type Found, keepFound, type LeftOut } from './results.ts';
import { type ProductionResult, runProductionTrial } from './trial.ts';

const root = join(import.meta.dirname, '../..');
/** Beside those of the catalogue: updates of the very workload that a called Service leads to. */
const ownScenarios = join(import.meta.dirname, 'scenarios');

/** By scenario: what an undo leaves, and why. */
const byDesign: Readonly<Record<string, readonly KnownDifference[]>> = {
  '19-claim-without-class': [
    {
      object: 'PersistentVolumeClaim data',
      field: '^$',
      after: 'there',
      why: 'a claim may hold data, so it is reported and never deleted',
    },
  ],
  '28-changed-by-other': [
    {
      object: 'Deployment auth',
      field: String.raw`^spec\.template\.spec\.containers\[0\]\.env$`,
      after: [{ name: 'GREETING', value: 'good night' }],
      why: 'somebody else set it since: reported and left alone',
    },
  ],
  '28-scaled-by-other': [
    {
      object: 'Deployment auth',
      field: String.raw`^spec\.replicas$`,
      after: 1,
      why: 'somebody else set it since: reported and left alone',
    },
  ],
};

/** By scenario: what somebody else did that the undo does not take back, so that nothing comes up again. */
const obstacles: Readonly<Record<string, string>> = {
  '65-old-pod-held-by-a-finalizer': 'a finalizer of somebody else holds the pod that has to make room',
  '69-paused-by-other': 'somebody else paused the Deployment, and its controller rolls nothing back either',
};

export interface ProductionOptions {
  readonly bundle: string;
  /** Names of folders or numbers; empty: all. */
  readonly only: readonly string[];
  readonly lanes: number;
}

/** True if every scenario is restored, healthy and tested. Each is written down when it is there, so that a run that is cut off loses none. */
export async function soakProduction({ bundle, only, lanes }: ProductionOptions): Promise<boolean> {
  const { chosen, leftOut } = await choose(only);
  const about = { machine: describeMachine(), version: await ownVersion(), leftOut };
  const folder = await mkdtemp(join(tmpdir(), 'orion-soak-bundle-'));
  const cutOff = new AbortController();
  let fine = true;
  let finished = 0;
  try {
    // A build meanwhile changes nothing.
    const copy = await copyBundle(bundle, folder);
    await using ground = await prepareGround(console.log);
    await using _node = await ownNode(ground, cutOff);
    const jobs = chosen.map((entry) => ({ entry, alone: entry.scenario.alone }));
    await inLanes(jobs, lanes, async ({ entry }) => {
      const found = await tryOne(ground, copy, entry);
      if (cutOff.signal.aborted) return;
      fine &&= found.error === undefined && found.result?.faults.length === 0;
      finished += 1;
      console.log(
        `${String(finished).padStart(2)}/${jobs.length} ${entry.name.padEnd(44)} ${wordsOf(found)}`,
      );
      await keepFound(about, found);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const { scenario, why } of leftOut) console.log(`left out: ${scenario}: ${why}`);
  return fine;
}

/** The cluster is stopped in the end, also by a signal, if it was started here. What goes wrong from `cutOff` on says nothing. */
async function ownNode(ground: Ground, cutOff: AbortController): Promise<AsyncDisposable> {
  const begunAt = Date.now();
  const cluster = await ground.cluster('real');
  const isOurs = Date.parse((await cluster.status()).startedAt) >= begunAt;
  const end = async (): Promise<void> => {
    if (isOurs) await cluster.stop();
  };
  const leave = (): void => {
    cutOff.abort();
    void end().finally(() => process.exit(1));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  return {
    async [Symbol.asyncDispose]() {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave);
      await end();
    },
  };
}

/** Those that are called first, then those with something to restore: a run that is cut off has seen the most telling ones. */
async function choose(only: readonly string[]) {
  const own = await readScenarios(ownScenarios);
  const catalogue = (await readScenarios(catalogueFolder)).filter(
    ({ scenario }) => scenario.truth === 'broken',
  );
  const entries = [
    ...own,
    ...catalogue.filter(({ hasBefore }) => hasBefore),
    ...catalogue.filter(({ hasBefore }) => !hasBefore),
  ].filter(({ name }) => only.length === 0 || only.some((wanted) => isWanted(name, wanted)));
  const leftOut = entries.flatMap((entry): LeftOut[] => {
    const why = reasonToLeaveOut(entry);
    return why === undefined ? [] : [{ scenario: entry.name, why }];
  });
  const chosen = entries.filter((entry) => reasonToLeaveOut(entry) === undefined);
  if (chosen.length === 0) throw new Error(`No broken scenario for the real node is named ${only.join()}.`);
  return { chosen, leftOut };
}

function reasonToLeaveOut({ scenario }: CatalogueEntry): string | undefined {
  if (scenario.node === 'hollow') return 'needs hollow nodes, where nothing runs that could be tested';
  if (scenario.horizon === 'out') return 'the fault comes after the deployment has ended';
  if ([...scenario.setup, ...scenario.disturbance].some(({ fault, kill }) => fault ?? kill))
    return 'needs the fault proxy, or kills the deployer: the cluster layer does that';
  return undefined;
}

async function tryOne(ground: Ground, bundle: string, entry: CatalogueEntry): Promise<Found> {
  const namespace = `pro-${numberOf(entry.name)}-${randomBytes(3).toString('hex')}`;
  const about = { scenario: entry.name, date: new Date().toISOString() };
  try {
    const known = { byDesign: byDesign[entry.name] ?? [], obstacle: obstacles[entry.name] };
    return { ...about, result: await runProductionTrial(ground, bundle, entry, namespace, known) };
  } catch (error) {
    return { ...about, error: messageOf(error).slice(0, 2000) };
  }
}

async function ownVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['rev-parse', '--short', 'HEAD'], { cwd: root });
  return stdout.trim();
}

function wordsOf({ result, error }: Found): string {
  if (result === undefined) return `COULD NOT RUN: ${error}`;
  const { faults, outcome, exitCode, reason, seconds } = result;
  return [
    faults.length === 0 ? 'right' : 'WRONG',
    `${outcome} (${exitCode}, ${reason})`,
    `${seconds.toFixed(1)} s`,
    ...wordsOfRestored(result),
    ...faults.map((fault) => `FAULT: ${fault}`),
  ].join(', ');
}

function wordsOfRestored({
  smokeTests,
  clients,
  differences,
  heldUpBy,
}: ProductionResult): readonly string[] {
  return [
    ...(heldUpBy === undefined ? [] : [`held up: ${heldUpBy}`]),
    ...(smokeTests === undefined ? [] : [`${smokeTests} smoke tests`]),
    ...clients.map(
      ({ service, calls, failed, oldPodsStay }) =>
        `Service ${service}: ${failed.length} of ${calls} calls failed${oldPodsStay ? '' : ' (no old pods by design)'}`,
    ),
    `${differences.length} differences`,
  ];
}
