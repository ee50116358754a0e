/** One scenario, one tool, once: prepared, deployed, disturbed, judged. */
import { globSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../../testbed/cluster.ts';
import { type FaultProxy, startFaultProxy } from '../../testbed/faults/fault-proxy.ts';
import { lastNeeded } from '../judge/evidence.ts';
import { type Judgement, judge, type Statement } from '../judge/judgement.ts';
import { differences } from '../judge/restored.ts';
import type { Scenario } from '../judge/scenario.ts';
import { type KubernetesObject, type SeenObject, timeline, type Write } from '../judge/writes.ts';
import { endOfLog } from '../scale/audit-log.ts';
import { now } from '../scale/watched-process.ts';
import { requestsAbout } from './audit.ts';
import { type CatalogueEntry, patternsOf } from './catalogue.ts';
import { type Ground, textOf } from './ground.ts';
import { startRecorder } from './recorder.ts';
import { comparedKinds, snapshot } from './snapshot.ts';
import { disturb, kubectl, type Stage, setUp } from './steps.ts';
import type { ToolRun } from './tool-process.ts';
import type { Deployment, DeployTool } from './tools/tool.ts';
import { prepareWorkspace, type Workspace } from './workspace.ts';

/** Milliseconds that a tool has for its verdict. */
const cap = 120_000;
const outputs = join(import.meta.dirname, '../../.cluster/verdict-output');

export interface TrialResult extends Judgement {
  readonly verdict: Statement['verdict'];
  readonly exitCode: number | null;
  /** Seconds from the start of the tool to its verdict. */
  readonly sinceStart: number;
  /** Seconds from there to its end: a record that is closed, an undo. */
  readonly toItsEnd?: number;
  /** For sound scenarios: milliseconds from the last needed write until the bare watch had it, and until the tool said so, its settle apart. */
  readonly promptness?: { readonly bare: number; readonly own: number };
}

/** Throws if the release before cannot be made or a step fails: then nothing is known of the tool. */
export async function runTrial(
  ground: Ground,
  entry: CatalogueEntry,
  tool: DeployTool,
  namespace: string,
): Promise<TrialResult> {
  const cluster = await ground.cluster(entry.scenario.node);
  await ground.serve(namespace, await textOf(globSync(join(entry.folder, '**/*.{yaml,yml}'))));
  const workspace = await prepareWorkspace(
    entry.folder,
    namespace,
    `${ground.registry.address}/${namespace}`,
  );
  const scenario = JSON.parse(workspace.localise(JSON.stringify(entry.scenario))) as Scenario;
  if (scenario.hollowNodes !== undefined) await cluster.addHollowNodes(scenario.hollowNodes);
  const user = identityOf(tool);
  const proxy = [...scenario.setup, ...scenario.disturbance].some(({ fault }) => fault !== undefined)
    ? await startFaultProxy({ controlPlane: cluster.controlPlane, user })
    : undefined;
  const kubeconfig =
    proxy?.kubeconfig ?? (await cluster.controlPlane.issueKubeconfig(namespace, user, ['system:masters']));
  const trial = new Trial({
    ground,
    cluster,
    workspace,
    entry: { ...entry, scenario },
    tool,
    proxy,
    kubeconfig,
  });
  try {
    await kubectl(cluster.kubeconfig, workspace, ['create', 'namespace', namespace]);
    return await trial.run();
  } finally {
    await kubectl(cluster.kubeconfig, workspace, ['delete', 'namespace', namespace, '--wait=false']).catch(
      () => undefined,
    );
    await proxy?.stop();
    await rm(workspace.folder, { recursive: true, force: true });
    if (scenario.disturbance.some(({ node }) => node !== undefined) || scenario.hollowNodes !== undefined)
      await ground.discardHollow();
  }
}

interface TrialPlace {
  readonly ground: Ground;
  readonly cluster: Cluster;
  readonly workspace: Workspace;
  readonly entry: CatalogueEntry;
  readonly tool: DeployTool;
  readonly proxy: FaultProxy | undefined;
  /** The tool's own, through the proxy where there is one. */
  readonly kubeconfig: string;
}

class Trial {
  readonly #place: TrialPlace;
  #killed: AbortController | undefined;
  #again = false;

  constructor(place: TrialPlace) {
    this.#place = place;
  }

  get #scenario(): Scenario {
    return this.#place.entry.scenario;
  }

  async run(): Promise<TrialResult> {
    const stage = this.#stage();
    if (this.#place.entry.hasBefore) await this.#deployBefore();
    await setUp(this.#scenario.setup, stage);
    await this.#place.workspace.select('overlay');
    const kinds = comparedKinds((await this.#place.workspace.render()).objects);
    const before = await this.#snapshot(kinds);
    const offset = await endOfLog(this.#place.cluster.auditLog);
    const patterns = patternsOf(this.#scenario);
    const { kubeconfig } = this.#place.cluster;
    await using recorder = await startRecorder(kubeconfig, this.#place.workspace.namespace, patterns);
    const run = await this.#disturbed(stage, recorder.seen);
    // What the server wrote last may still be on its way to the log and to the watch.
    await delay(300);
    const requests = await requestsAbout(
      this.#place.cluster.auditLog,
      offset,
      this.#place.workspace.namespace,
    );
    const writes = timeline(requests, recorder.seen);
    const own = timeline(
      requests.filter(({ user }) => user === identityOf(this.#place.tool)),
      [],
    );
    const after = this.#place.tool.rollsBack ? await this.#snapshot(kinds) : [];
    const statement = this.#statement(run);
    const judgement = judge({
      scenario: this.#scenario,
      statement,
      writes,
      ...(this.#place.tool.name === 'orion' && { ownWrites: own, ...expectedExitCode(this.#scenario) }),
      ...(this.#comparesObjects(statement) && { differences: differences(before, after) }),
    });
    await this.#keepOutput(run, statement, judgement);
    const promptness = promptnessOf(this.#scenario, statement, writes, recorder.seen);
    return {
      ...judgement,
      verdict: statement.verdict,
      exitCode: statement.exitCode,
      sinceStart: (statement.at - statement.startedAt) / 1000,
      toItsEnd: (run.endedAt - statement.at) / 1000,
      ...(promptness && { promptness }),
    };
  }

  #comparesObjects({ verdict }: Statement): boolean {
    return this.#place.tool.rollsBack && this.#scenario.objectsRestored && verdict === 'red';
  }

  #stage(): Stage {
    return {
      cluster: this.#place.cluster,
      registry: this.#place.ground.registry,
      repositories: this.#place.workspace.namespace,
      workspace: this.#place.workspace,
      proxy: this.#place.proxy,
      kill: (again) => {
        this.#again = again;
        this.#killed?.abort();
      },
      deployBefore: () => this.#deployBefore(),
    };
  }

  async #deployBefore(): Promise<void> {
    await this.#place.workspace.select('before');
    const { inputs, ...rest } = this.#scenario;
    const { monitor: _, ...unmonitored } = inputs;
    // A release that is monitored may be as bad as this one: it has to be there, not to be judged.
    const scenario = { ...rest, inputs: unmonitored };
    const run = await this.#deploy(new AbortController().signal, { scenario });
    if (run.exitCode === 0) return;
    const last = run.lines.slice(-15).map(({ text }) => text);
    throw new Error(
      `${this.#place.tool.name} could not deploy before/ (${run.exitCode}):\n${last.join('\n')}`,
    );
  }

  async #disturbed(stage: Stage, seen: readonly SeenObject[]): Promise<ToolRun> {
    const ended = new AbortController();
    this.#killed = new AbortController();
    const disturbance = disturb(this.#scenario.disturbance, stage, seen, ended.signal);
    let run = await this.#deploy(this.#killed.signal);
    if (this.#again) run = await this.#deploy(new AbortController().signal, { attempt: '2' });
    ended.abort();
    await disturbance;
    return run;
  }

  async #deploy(
    stopped: AbortSignal,
    { attempt = '1', scenario = this.#scenario }: { attempt?: string; scenario?: Scenario } = {},
  ): Promise<ToolRun> {
    const { kubeconfig } = this.#place;
    const home = join(this.#place.workspace.folder, 'home');
    await mkdir(home, { recursive: true });
    const deployment: Deployment = {
      kubeconfig,
      workspace: this.#place.workspace,
      scenario,
      deadline: now() + cap,
      stopped,
      env: { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfig, GITHUB_RUN_ID: attempt },
    };
    return this.#place.tool.deploy(deployment);
  }

  #statement(run: ToolRun): Statement {
    const line = run.timedOut ? undefined : this.#place.tool.verdictLine?.(run.lines);
    return {
      verdict: run.timedOut ? 'none' : run.exitCode === 0 ? 'green' : 'red',
      startedAt: run.startedAt,
      at: line?.at ?? run.endedAt,
      exitCode: run.exitCode,
      explanation: (this.#place.tool.explanation?.(run.lines) ?? run.lines)
        .map(({ text }) => text)
        .join('\n'),
      settle: this.#place.tool.settle(this.#scenario, run.lines),
    };
  }

  async #snapshot(kinds: readonly string[]): Promise<readonly KubernetesObject[]> {
    if (!this.#place.tool.rollsBack) return [];
    return snapshot(this.#place.cluster.kubeconfig, this.#place.workspace, kinds);
  }

  /** Every line with its arrival, for whoever wants to know why. */
  async #keepOutput(run: ToolRun, statement: Statement, judgement: Judgement): Promise<void> {
    await mkdir(outputs, { recursive: true });
    const lines = run.lines.map(({ text, at }) => `+${((at - run.startedAt) / 1000).toFixed(3)} ${text}`);
    const { explanation: _, ...said } = statement;
    const head = JSON.stringify({ ...said, ...judgement });
    await writeFile(
      join(outputs, `${this.#place.entry.name}.${this.#place.tool.name}.log`),
      [head, ...lines, ''].join('\n'),
    );
  }
}

function identityOf({ name }: DeployTool): string {
  return `bench-${name}`;
}

function expectedExitCode({ truth, exitCode }: Scenario): { expectedExitCode?: number } {
  if (truth === 'sound' || truth === 'unchanged') return { expectedExitCode: 0 };
  return exitCode === undefined ? {} : { expectedExitCode: exitCode };
}

function promptnessOf(
  scenario: Scenario,
  statement: Statement,
  writes: readonly Write[],
  seen: readonly SeenObject[],
): TrialResult['promptness'] {
  const patterns = scenario.settledBy;
  if (scenario.class !== 'sound' || patterns === undefined || statement.verdict !== 'green') return undefined;
  const needed = lastNeeded(writes, patterns, statement.at);
  const bare = needed && seen.find(({ object }) => object === needed.object);
  if (needed === undefined || bare === undefined) return undefined;
  return { bare: bare.arrivedAt - needed.at, own: statement.at - needed.at - statement.settle };
}
