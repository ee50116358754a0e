/** Two deployers of one app at the same moment: what each of them changed, in which order, and which release is there in the end. */
import { rm } from 'node:fs/promises';
import fc, { type Arbitrary } from 'fast-check';
import type { Cluster } from '../../testbed/cluster.ts';
import type { StepResult } from '../../testbed/workflow-step.ts';
import {
  type AuditEntry,
  changes,
  type Deployer,
  deployerFor,
  dropNamespace,
  type Inputs,
} from '../support/actions/deployer.ts';
import { type Manifest, type Shop, type ShopWorkload, writeShop } from '../support/actions/shop-overlay.ts';
import { differences, type Snapshot, snapshot } from './differ.ts';

/** `return` is `phase: rollback` to the first release; a failing release never comes up and is undone. */
export type Contestant = 'deploy' | 'deploy-failing' | 'return';

export interface Race {
  /** What is there before; a return needs two. */
  readonly deployed: readonly number[];
  readonly contestants: readonly [Contestant, Contestant];
  /** The second starts so many milliseconds later. */
  readonly delay: number;
}

const races: Arbitrary<Race> = fc
  .tuple(
    fc.constantFrom<readonly [Contestant, Contestant]>(
      ['deploy', 'deploy'],
      ['deploy', 'deploy'],
      ['deploy', 'deploy-failing'],
      ['deploy', 'return'],
      ['return', 'deploy'],
      ['return', 'deploy-failing'],
    ),
    fc.boolean(),
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 4000 })),
  )
  .map(([contestants, fresh, delay]) => ({
    contestants,
    delay,
    deployed: contestants.includes('return') ? [0, 1] : fresh ? [] : [0],
  }));

/** The same races for the same seed. */
export function racesOf(seed: number, count: number): readonly Race[] {
  return fc.sample(races, { seed, numRuns: count });
}

export interface RaceResult {
  readonly contestants: readonly [Contestant, Contestant];
  /** `outcome reason` of each. */
  readonly ends: readonly string[];
  /** Requests of each that changed something. */
  readonly writes: readonly number[];
  /** Both processes ran at some moment. */
  readonly met: boolean;
  readonly wrong: readonly string[];
  readonly output: string;
}

/** In figures. */
export function tallyRaces(results: readonly RaceResult[]): object {
  const number = (is: (result: RaceResult) => boolean): number => results.filter(is).length;
  const bothWrote = ({ writes }: RaceResult): boolean => writes.every((amount) => amount > 0);
  return {
    races: results.length,
    /** Both processes ran at some moment. */
    met: number(({ met }) => met),
    oneAfterTheOther: number(bothWrote),
    oneRefused: number((result) => !bothWrote(result)),
    undone: number(({ contestants, ends }) =>
      ends.some((end, index) => contestants[index] === 'deploy-failing' && end.startsWith('rolled-back')),
    ),
    interleavedOrMixed: number(({ wrong }) => wrong.length > 0),
  };
}

const count = 4;
/** Hollow pods answer no requests. */
const quick: Inputs = { 'skip-tests': 'true', settle: '0s', rollback: 'automatic' };

/** Releases that differ in every object, and each of which has objects of its own. */
function shopOf(namespace: string, release: number, failing = false): Shop {
  const version = String(release);
  const configMap = (name: string): Manifest => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { version } },
    data: { version, [`only-${version}`]: 'yes' },
  });
  const workload = (name: string): ShopWorkload => ({
    name,
    replicas: 1 + (release % 2),
    container: { env: [{ name: 'VERSION', value: version }] },
    ...(failing ? { pod: { nodeSelector: { nowhere: 'true' } }, spec: { progressDeadlineSeconds: 3 } } : {}),
  });
  return {
    namespace,
    workloads: [workload('web'), workload(`side-${version}`)],
    objects: [
      ...['one', 'two', 'three', `of-${version}`].map(configMap),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', labels: { version } },
        spec: { selector: { app: 'web' }, ports: [{ name: `port-${version}`, port: 80 + release }] },
      },
    ],
    kustomization: {
      secretGenerator: [{ name: 'generated', literals: [`VERSION=${version}`] }],
    },
  };
}

/** The same release in two namespaces is the same but for what the server chose for it, and the Roles of who deployed it. */
function comparable(objects: Snapshot): Snapshot {
  const released = [...objects].filter(([name]) => !/^Role(Binding)? orion-deployer-/.test(name));
  const entries = released.map(([name, object]): [string, Manifest] => {
    const {
      uid: _uid,
      namespace: _namespace,
      creationTimestamp: _created,
      ...metadata
    } = object['metadata'] as Manifest;
    const { clusterIP: _one, clusterIPs: _all, ...spec } = (object['spec'] ?? {}) as Manifest;
    return [name, { ...object, metadata, spec }];
  });
  return new Map(entries);
}

const looksOf = async (cluster: Cluster, namespace: string): Promise<Snapshot> =>
  comparable(await snapshot(cluster.kubeconfig, namespace));

/** Each release by itself, as it looks where no other ever was; the last is none at all. */
export async function referencesFor(cluster: Cluster, prefix: string): Promise<readonly Snapshot[]> {
  const deployer = await deployerFor(`${prefix}-reference`, cluster, 'deploy-staging', {});
  try {
    return await Promise.all(
      Array.from({ length: count + 1 }, async (_, release) => {
        const namespace = await deployer.newNamespace(`${prefix}-reference-${release}`);
        if (release < count) await deployed(deployer, shopOf(namespace, release));
        return looksOf(cluster, namespace);
      }),
    );
  } finally {
    await deployer.close();
  }
}

async function deployed(deployer: Deployer, shop: Shop): Promise<void> {
  const workspace = await writeShop(shop);
  const { outputs, output } = await deployer.deploy(workspace, quick);
  await rm(workspace, { recursive: true, force: true });
  if (outputs['outcome'] !== 'succeeded') throw new Error(`The release was not deployed:\n${output}`);
}

/** Runs both at once. `references` are those of `referencesFor`. */
export async function runRace(
  cluster: Cluster,
  name: string,
  race: Race,
  references: readonly Snapshot[],
): Promise<RaceResult> {
  const { contestants, deployed: before, delay } = race;
  const since = Date.now();
  const base = await deployerFor(`${name}-base`, cluster, 'deploy-staging', {});
  const namespace = await base.newNamespace(name);
  const runners = await Promise.all(
    contestants.map((contestant, index) =>
      deployerFor(`${name}-${index}`, cluster, contestant === 'return' ? 'phase' : 'deploy-staging', {}),
    ),
  );
  try {
    for (const runner of runners) await runner.actIn(namespace);
    for (const release of before) await deployed(base, shopOf(namespace, release));
    const runs = await Promise.all(
      runners.map(async (runner, index) => {
        if (index > 0) await new Promise((resolve) => setTimeout(resolve, delay));
        return contest(runner, contestants[index] ?? 'deploy', namespace, 2 + index);
      }),
    );
    const requests = await Promise.all(runners.map((runner) => runner.requestsSince(since)));
    const writes = requests.map((entries) => entries.filter(changedSomething).map(receivedAt).sort());
    const last = lastChange(runs, writes);
    const expected =
      last === undefined ? (before.at(-1) ?? count) : contestants[last] === 'return' ? 0 : 2 + last;
    const objects = await settled(cluster, namespace, references[expected] ?? new Map());
    return {
      contestants,
      ends: runs.map(({ step: { outputs } }) => `${outputs['outcome']} ${outputs['reason']}`),
      writes: writes.map(({ length }) => length),
      met:
        Math.max(...runs.map(({ startedAt }) => startedAt)) < Math.min(...runs.map(({ endedAt }) => endedAt)),
      wrong: [
        ...interleaved(writes),
        ...runs.flatMap(({ step }, index) => unexpected(step, writes[index]?.length ?? 0)),
        ...differences(references[expected] ?? new Map(), objects),
      ],
      output: runs.map(({ step }) => step.output).join('\n---\n'),
    };
  } finally {
    await dropNamespace(base.api, namespace);
    await Promise.all([base, ...runners].map((runner) => runner.close()));
  }
}

interface Run {
  readonly step: StepResult;
  readonly startedAt: number;
  readonly endedAt: number;
}

async function contest(
  runner: Deployer,
  contestant: Contestant,
  namespace: string,
  release: number,
): Promise<Run> {
  const workspace = await writeShop(shopOf(namespace, release, contestant === 'deploy-failing'));
  const inputs = contestant === 'return' ? { ...quick, phase: 'rollback', release: 'orion-shop-1' } : quick;
  const startedAt = performance.now();
  // Each is a run of its own; GitHub says nothing of either.
  const step = await runner.deploy(workspace, inputs, { GITHUB_RUN_ID: String(release) });
  await rm(workspace, { recursive: true, force: true });
  return { step, startedAt, endedAt: performance.now() };
}

/**
 * A request that changed something. Left out are reads, reviews of permissions, dry runs, and what the server refused: an
 * attempt for the Lease that another holds is answered with 409. The Lease that was got, and given back, counts like any other.
 */
function changedSomething(entry: AuditEntry): boolean {
  const { code = 0 } = entry.responseStatus ?? {};
  return changes(entry) && !(code >= 400 && code < 500);
}

/** In microseconds and of one length, so that text sorts as time. Who waits for the other asks after the other was answered. */
function receivedAt({ requestReceivedTimestamp }: AuditEntry): string {
  return requestReceivedTimestamp;
}

/** By the moments at which the requests of each came. */
export function interleaved(writes: readonly (readonly string[])[]): readonly string[] {
  return writes.flatMap((mine, index) => {
    const [first, last] = [mine[0] ?? '', mine.at(-1) ?? ''];
    return writes
      .filter((_, other) => other !== index)
      .flatMap((theirs) => theirs.filter((at) => at > first && at < last))
      .map((at) => `a request at ${at} lies between ${first} and ${last}`);
  });
}

/** The one whose release is there now: of those that succeeded, who wrote last. */
function lastChange(runs: readonly Run[], writes: readonly (readonly string[])[]): number | undefined {
  return runs
    .map(({ step }, index) => ({ index, step, at: writes[index]?.at(-1) ?? '' }))
    .filter(({ step }) => step.exitCode === 0)
    .toSorted((one, other) => (one.at < other.at ? -1 : 1))
    .at(-1)?.index;
}

/** A run ends well, is undone, or is refused before it changed anything. */
function unexpected({ exitCode, outputs }: StepResult, writes: number): readonly string[] {
  const { outcome = 'none', reason } = outputs;
  const refused = outcome === 'failed' && exitCode === 1;
  const fine = (exitCode === 0 || outcome === 'rolled-back') && writes > 0;
  // Refused with the lock in hand, it has written the Lease twice.
  return fine || (refused && writes <= 2) ? [] : [`ended as ${outcome} (${reason}) after ${writes} writes`];
}

/** The controllers still delete what was pruned or undone. */
async function settled(cluster: Cluster, namespace: string, expected: Snapshot): Promise<Snapshot> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const objects = await looksOf(cluster, namespace);
    if (differences(expected, objects).length === 0 || performance.now() > deadline) return objects;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
