/** One scenario, one tool, once: prepared, deployed, disturbed, judged. */
import { globSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../../testbed/cluster.ts';
import { matchedValue } from '../judge/evidence.ts';
import { type Judgement, judge, momentOfTruth, type Statement } from '../judge/judgement.ts';
import { differences } from '../judge/restored.ts';
import type { Scenario } from '../judge/scenario.ts';
import { asWrite, type KubernetesObject, type SeenObject, timeline, type Write } from '../judge/writes.ts';
import { endOfLog } from '../scale/audit-log.ts';
import { now } from '../scale/watched-process.ts';
import { requestsAbout } from './audit.ts';
import { type CatalogueEntry, patternsOf } from './catalogue.ts';
import { type Ground, textOf } from './ground.ts';
import { startRecorder } from './recorder.ts';
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
  const { scenario } = entry;
  const cluster = await ground.cluster(scenario.node);
  await ground.serve(namespace, await textOf(globSync(join(entry.folder, '**/*.{yaml,yml}'))));
  const workspace = await prepareWorkspace(
    entry.folder,
    namespace,
    `${ground.registry.address}/${namespace}`,
  );
  const trial = new Trial(ground, cluster, workspace, entry, tool);
  try {
    await kubectl(cluster.kubeconfig, workspace, ['create', 'namespace', namespace]);
    return await trial.run();
  } finally {
    await kubectl(cluster.kubeconfig, workspace, ['delete', 'namespace', namespace, '--wait=false']).catch(
      () => undefined,
    );
    await rm(workspace.folder, { recursive: true, force: true });
  }
}

class Trial {
  readonly #ground: Ground;
  readonly #cluster: Cluster;
  readonly #workspace: Workspace;
  readonly #entry: CatalogueEntry;
  readonly #tool: DeployTool;
  #killed: AbortController | undefined;
  #again = false;

  constructor(
    ground: Ground,
    cluster: Cluster,
    workspace: Workspace,
    entry: CatalogueEntry,
    tool: DeployTool,
  ) {
    this.#ground = ground;
    this.#cluster = cluster;
    this.#workspace = workspace;
    this.#entry = entry;
    this.#tool = tool;
  }

  get #scenario(): Scenario {
    return this.#entry.scenario;
  }

  async run(): Promise<TrialResult> {
    const stage = this.#stage();
    if (this.#entry.hasBefore) await this.#deployBefore();
    await setUp(this.#scenario.setup, stage);
    await this.#workspace.select('overlay');
    const kinds = await this.#kinds();
    const before = await this.#snapshot(kinds);
    const offset = await endOfLog(this.#cluster.auditLog);
    const patterns = patternsOf(this.#scenario);
    const { kubeconfig } = this.#cluster;
    await using recorder = await startRecorder(kubeconfig, this.#workspace.namespace, patterns);
    const run = await this.#disturbed(stage, recorder.seen);
    // What the server wrote last may still be on its way to the log and to the watch.
    await delay(300);
    const requests = await requestsAbout(this.#cluster.auditLog, offset, this.#workspace.namespace);
    const writes = timeline(requests, recorder.seen);
    const own = timeline(
      requests.filter(({ user }) => user === identityOf(this.#tool)),
      [],
    );
    const after = this.#tool.rollsBack ? await this.#snapshot(kinds) : [];
    const statement = this.#statement(run);
    const judgement = judge({
      scenario: this.#scenario,
      statement,
      writes,
      ...(this.#tool.name === 'orion' && { ownWrites: own, ...expectedExitCode(this.#scenario) }),
      ...(this.#comparesObjects(statement) && { differences: differences(before, after) }),
    });
    await this.#keepOutput(run, statement, judgement);
    const promptness = promptnessOf(this.#scenario, statement, writes, recorder.seen);
    return {
      ...judgement,
      verdict: statement.verdict,
      exitCode: statement.exitCode,
      sinceStart: (statement.at - statement.startedAt) / 1000,
      ...(promptness && { promptness }),
    };
  }

  #comparesObjects({ verdict }: Statement): boolean {
    return this.#tool.rollsBack && this.#scenario.objectsRestored && verdict === 'red';
  }

  #stage(): Stage {
    return {
      cluster: this.#cluster,
      registry: this.#ground.registry,
      repositories: this.#workspace.namespace,
      workspace: this.#workspace,
      kill: (again) => {
        this.#again = again;
        this.#killed?.abort();
      },
      deployBefore: () => this.#deployBefore(),
    };
  }

  async #deployBefore(): Promise<void> {
    await this.#workspace.select('before');
    const run = await this.#deploy(new AbortController().signal);
    if (run.exitCode === 0) return;
    const last = run.lines.slice(-15).map(({ text }) => text);
    throw new Error(`${this.#tool.name} could not deploy before/ (${run.exitCode}):\n${last.join('\n')}`);
  }

  async #disturbed(stage: Stage, seen: readonly SeenObject[]): Promise<ToolRun> {
    const ended = new AbortController();
    this.#killed = new AbortController();
    const disturbance = disturb(this.#scenario.disturbance, stage, seen, ended.signal);
    let run = await this.#deploy(this.#killed.signal);
    if (this.#again) run = await this.#deploy(new AbortController().signal, '2');
    ended.abort();
    await disturbance;
    return run;
  }

  async #deploy(stopped: AbortSignal, attempt = '1'): Promise<ToolRun> {
    const tool = identityOf(this.#tool);
    const kubeconfig = await this.#cluster.controlPlane.issueKubeconfig(tool, tool, ['system:masters']);
    const home = join(this.#workspace.folder, 'home');
    await mkdir(home, { recursive: true });
    const deployment: Deployment = {
      kubeconfig,
      workspace: this.#workspace,
      scenario: this.#scenario,
      deadline: now() + cap,
      stopped,
      env: { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfig, GITHUB_RUN_ID: attempt },
    };
    return this.#tool.deploy(deployment);
  }

  #statement(run: ToolRun): Statement {
    const line = run.timedOut ? undefined : this.#tool.verdictLine?.(run.lines);
    return {
      verdict: run.timedOut ? 'none' : run.exitCode === 0 ? 'green' : 'red',
      startedAt: run.startedAt,
      at: line?.at ?? run.endedAt,
      exitCode: run.exitCode,
      output: run.lines.map(({ text }) => text).join('\n'),
      settle: this.#tool.settle(this.#scenario),
    };
  }

  /** Kinds of which objects are compared: those of both parts. */
  async #kinds(): Promise<string> {
    const { objects } = await this.#workspace.render();
    const named = objects.map(({ kind = '', apiVersion }) => {
      const group = String(apiVersion).split('/').length > 1 ? `.${String(apiVersion).split('/')[0]}` : '';
      return `${kind.toLowerCase()}${group}`;
    });
    const namespaced = named.filter((kind) => !/^(namespace|customresourcedefinition|.*webhook)/.test(kind));
    return [
      ...new Set([...namespaced, 'deployment.apps', 'service', 'configmap', 'statefulset.apps']),
    ].join();
  }

  async #snapshot(kinds: string): Promise<readonly KubernetesObject[]> {
    if (!this.#tool.rollsBack) return [];
    const { kubeconfig } = this.#cluster;
    const text = await kubectl(kubeconfig, this.#workspace, ['get', kinds, '-o', 'json']).catch(
      () => '{"items":[]}',
    );
    const { items } = JSON.parse(text) as { items: readonly KubernetesObject[] };
    return items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt');
  }

  /** Every line with its arrival, for whoever wants to know why. */
  async #keepOutput(run: ToolRun, statement: Statement, judgement: Judgement): Promise<void> {
    await mkdir(outputs, { recursive: true });
    const lines = run.lines.map(({ text, at }) => `+${((at - run.startedAt) / 1000).toFixed(3)} ${text}`);
    const { output: _, ...said } = statement;
    const head = JSON.stringify({ ...said, ...judgement });
    await writeFile(
      join(outputs, `${this.#entry.name}.${this.#tool.name}.log`),
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
  const pattern = scenario.settledBy;
  if (scenario.class !== 'sound' || pattern === undefined || statement.verdict !== 'green') return undefined;
  const from = momentOfTruth(scenario, { at: statement.at, settle: 0 }, writes);
  const { verb: _, subresource: __, ...visible } = pattern;
  const bare = seen.findLast(
    (one) => one.arrivedAt <= statement.at && matchedValue(asWrite(one), visible) !== undefined,
  );
  if (from === undefined || bare === undefined) return undefined;
  return { bare: bare.arrivedAt - from, own: statement.at - from - statement.settle };
}
