/** One broken scenario under the production profile: deployed, undone, looked at afterwards; its Services are called all the while. */
import { globSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../../testbed/cluster.ts';
import { differences } from '../judge/restored.ts';
import { faultsOf, isHeldUp, smokeTests, type Undoing, unhealthy } from '../judge/rolled-back.ts';
import type { Scenario } from '../judge/scenario.ts';
import { type KubernetesObject, type SeenObject, timeline } from '../judge/writes.ts';
import { endOfLog } from '../scale/audit-log.ts';
import { now } from '../scale/watched-process.ts';
import { requestsAbout } from '../trials/audit.ts';
import { type CatalogueEntry, patternsOf } from '../trials/catalogue.ts';
import { type Ground, textOf } from '../trials/ground.ts';
import { startRecorder } from '../trials/recorder.ts';
import { comparedKinds, snapshot } from '../trials/snapshot.ts';
import { disturb, kubectl, type Stage, setUp } from '../trials/steps.ts';
import { deployByOrion, type OrionRun } from '../trials/tools/orion.ts';
import { prepareWorkspace, type Workspace } from '../trials/workspace.ts';
import { type Calls, startClient } from './client.ts';
import { type Served, servedServices } from './serving.ts';

/** Milliseconds for a deployment with its rollback. */
const cap = 600_000;
/** Milliseconds in which what is restored may still settle: the status of a workload comes a moment after its pods. */
const patience = 10_000;
const outputs = join(import.meta.dirname, '../../.cluster/production-output');
const identity = 'soak-production';

/** Inputs of every deployment, where the scenario does not set them. */
const profile: Readonly<Record<string, string>> = {
  // No GitHub on this machine could prove who approved.
  'skip-approval': 'true',
  // The testbed has one real node.
  'min-nodes': '1',
  // What they find is in the scenarios that set them; the others only wait for their end.
  settle: '10s',
  monitor: '0s',
  // The registry of the default image is out of reach; this one is on the node.
  'smoke-image': 'orion.example/probe:1',
};
/** The release before has to be there, not to be judged: no response times on a busy machine. */
const before: Readonly<Record<string, string>> = { settle: '2s', comprehensive: 'false' };

/** What an undo cannot or must not bring back. */
export type Known = Pick<Undoing, 'byDesign' | 'obstacle'>;

export type ClientResult = Served & Calls;

export interface ProductionResult {
  readonly exitCode: number | null;
  readonly outcome: string | undefined;
  readonly reason: string | undefined;
  readonly hadBefore: boolean;
  /** How many the restored state passed, where one was restored. */
  readonly smokeTests: number | undefined;
  readonly clients: readonly ClientResult[];
  readonly differences: readonly string[];
  /** What somebody else did that kept the state before from coming up again. */
  readonly heldUpBy?: string;
  /** What is not as it has to be. */
  readonly faults: readonly string[];
  readonly seconds: number;
}

/** Throws if the release before cannot be made or a step fails: then nothing is known. */
export async function runProductionTrial(
  ground: Ground,
  bundle: string,
  entry: CatalogueEntry,
  namespace: string,
  known: Known,
): Promise<ProductionResult> {
  const cluster = await ground.cluster('real');
  await ground.serve(namespace, await textOf(globSync(join(entry.folder, '**/*.{yaml,yml}'))));
  const repositories = `${ground.registry.address}/${namespace}`;
  const workspace = await prepareWorkspace(entry.folder, namespace, repositories);
  const scenario = JSON.parse(workspace.localise(JSON.stringify(entry.scenario))) as Scenario;
  const kubeconfig = await cluster.controlPlane.issueKubeconfig(namespace, identity, ['system:masters']);
  const place = { ground, cluster, workspace, scenario, kubeconfig, bundle, entry, known };
  try {
    await kubectl(cluster.kubeconfig, workspace, ['create', 'namespace', namespace]);
    const label = ['label', 'namespace', namespace, 'orion.dev/environment=production'];
    await kubectl(cluster.kubeconfig, workspace, label);
    return await run(place);
  } finally {
    const removal = ['delete', 'namespace', namespace, '--wait=false'];
    await kubectl(cluster.kubeconfig, workspace, removal).catch(() => undefined);
    await rm(workspace.folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly ground: Ground;
  readonly cluster: Cluster;
  readonly workspace: Workspace;
  readonly scenario: Scenario;
  readonly entry: CatalogueEntry;
  readonly known: Known;
  /** The deployer's own. */
  readonly kubeconfig: string;
  readonly bundle: string;
}

async function run(place: Place): Promise<ProductionResult> {
  const { cluster, workspace, scenario, entry, known } = place;
  const { namespace } = workspace;
  const stage = stageOf(place);
  if (entry.hasBefore) await deployBefore(place);
  await setUp(scenario.setup, stage);
  const kinds = await kindsOf(entry, workspace);
  await workspace.select('overlay');
  const look = (): Promise<readonly KubernetesObject[]> => snapshot(cluster.kubeconfig, workspace, kinds);
  const then = await look();
  const clients = servedServices(then).map((served) => ({ served, client: startClient(served.url) }));
  const offset = await endOfLog(cluster.auditLog);
  await using recorder = await startRecorder(cluster.kubeconfig, namespace, patternsOf(scenario));
  const ended = await deployDisturbed(place, stage, recorder.seen);
  const called = await Promise.all(
    clients.map(async ({ served, client }) => ({ ...served, ...(await client.stop()) })),
  );
  const after = await settled(then, look);
  const requests = await requestsAbout(cluster.auditLog, offset, namespace);
  const output = ended.lines.map(({ text }) => text).join('\n');
  const apart = scenario.objectsRestored ? differences(then, after) : undefined;
  const faults = faultsOf({
    exitCode: ended.exitCode,
    outcome: ended.outputs['outcome'],
    output,
    expectedExitCode: scenario.exitCode,
    differences: apart,
    ...known,
    before: then,
    after,
    writes: timeline(
      requests.filter(({ user }) => user === identity),
      [],
    ),
    clients: called,
  });
  const outcome = ended.outputs['outcome'];
  return {
    exitCode: ended.exitCode,
    outcome,
    reason: ended.outputs['reason'],
    hadBefore: entry.hasBefore,
    smokeTests: smokeTests(output),
    clients: called,
    differences: (apart ?? []).map(({ object, field }) => (field === '' ? object : `${object}: ${field}`)),
    ...(known.obstacle !== undefined && isHeldUp({ ...known, outcome }) && { heldUpBy: known.obstacle }),
    faults,
    seconds: Math.round((ended.endedAt - ended.startedAt) / 100) / 10,
  };
}

/** Of both parts: what the release no longer has is to be there again too. */
async function kindsOf({ hasBefore }: CatalogueEntry, workspace: Workspace): Promise<readonly string[]> {
  const objects: KubernetesObject[] = [];
  for (const part of hasBefore ? (['before', 'overlay'] as const) : (['overlay'] as const)) {
    await workspace.select(part);
    objects.push(...(await workspace.render()).objects);
  }
  return comparedKinds(objects);
}

function stageOf(place: Place): Stage {
  const { cluster, ground, workspace } = place;
  return {
    cluster,
    registry: ground.registry,
    repositories: workspace.namespace,
    workspace,
    kill: () => {
      throw new Error('a deployment that is killed is not undone by itself');
    },
    deployBefore: () => deployBefore(place),
  };
}

async function deployBefore(place: Place): Promise<void> {
  await place.workspace.select('before');
  const { monitor: _, ...inputs } = place.scenario.inputs;
  const { exitCode, lines } = await deploy(place, { ...inputs, ...before });
  if (exitCode === 0) return;
  const last = lines.slice(-15).map(({ text }) => text);
  throw new Error(`before/ could not be deployed (${exitCode}):\n${last.join('\n')}`);
}

async function deployDisturbed(place: Place, stage: Stage, seen: readonly SeenObject[]): Promise<OrionRun> {
  const ended = new AbortController();
  const disturbance = disturb(place.scenario.disturbance, stage, seen, ended.signal);
  // Seen to below; until then nobody listens.
  disturbance.catch(() => undefined);
  const done = await deploy(place, place.scenario.inputs);
  ended.abort();
  await keepOutput(place.entry.name, done);
  await disturbance;
  return done;
}

async function deploy(
  { workspace, kubeconfig, bundle, scenario }: Place,
  inputs: Scenario['inputs'],
): Promise<OrionRun> {
  const home = join(workspace.folder, 'home');
  await mkdir(home, { recursive: true });
  return deployByOrion(join(bundle, 'index.js'), profile, {
    kubeconfig,
    workspace,
    scenario: { ...scenario, inputs },
    deadline: now() + cap,
    stopped: new AbortController().signal,
    env: { HOME: home },
  });
}

async function settled(
  then: readonly KubernetesObject[],
  look: () => Promise<readonly KubernetesObject[]>,
): Promise<readonly KubernetesObject[]> {
  const deadline = now() + patience;
  for (;;) {
    const after = await look();
    if (now() > deadline || unhealthy(then, after).length === 0) return after;
    await delay(500);
  }
}

/** For whoever wants to know why. */
async function keepOutput(name: string, { lines }: OrionRun): Promise<void> {
  await mkdir(outputs, { recursive: true });
  await writeFile(join(outputs, `${name}.log`), [...lines.map(({ text }) => text), ''].join('\n'));
}
