/** One case against a real API server: a release that stays, one that fails, and what is different afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from '../../testbed/cluster.ts';
import { type FaultProxy, startFaultProxy } from '../../testbed/faults/fault-proxy.ts';
import {
  type RunningStep,
  type StepOptions,
  type StepResult,
  startStep,
} from '../../testbed/workflow-step.ts';
import { type Deployer, deployerFor } from '../node/deployer.ts';
import { rulesFor } from '../node/deployer-role.ts';
import { differences, kubectl, type Snapshot, snapshot } from './differ.ts';
import { applyAll, makeEdit, makeStrangers, type Others } from './others.ts';
import { changesOf, type Doom, writeRelease } from './overlay.ts';
import type { Scenario, Strike } from './scenario.ts';

export interface Trial {
  readonly namespace: string;
  readonly ending: string;
  /** Of each run after the first release. */
  readonly outcomes: readonly string[];
  /** Of the last run that had one. */
  readonly outcome: string | undefined;
  /** The pre-checks refused the release, so that nothing was to be undone. */
  readonly refusedBefore: boolean;
  readonly struck: boolean;
  readonly differences: readonly string[];
  /** What the runs printed. */
  readonly output: string;
}

const bundle = join(import.meta.dirname, '../../dist/deploy-staging/index.js');
/** The controllers still delete what undo gave up. */
const patience = 15_000;

const rbac = 'rbac.authorization.k8s.io';
/** What the releases hold beyond the kinds of docs/role.yaml. Roles and bindings need more: they may give what the deployer lacks. */
const also = [
  rulesFor('', ['persistentvolumeclaims'], 'watch'),
  rulesFor('batch', ['cronjobs']),
  rulesFor('networking.k8s.io', ['networkpolicies']),
  rulesFor(rbac, ['roles'], 'escalate'),
  rulesFor(rbac, ['rolebindings']),
  { apiGroups: [rbac], resources: ['clusterroles'], verbs: ['bind'] },
];

export async function tryScenario(cluster: Cluster, namespace: string, scenario: Scenario): Promise<Trial> {
  const workspace = await mkdtemp(join(tmpdir(), 'orion-property-'));
  const deployer = await deployerFor(namespace, cluster, 'deploy-staging', { also });
  const { controlPlane } = cluster;
  const proxy = await startFaultProxy({ controlPlane, user: namespace, groups: [] });
  try {
    return await new Attempt(cluster.kubeconfig, deployer, proxy, workspace, namespace, scenario).run();
  } finally {
    await proxy.stop();
    await deployer.close();
    await rm(workspace, { recursive: true, force: true });
    await kubectl(cluster.kubeconfig, 'delete', 'namespace', namespace, '--wait=false', '--ignore-not-found');
    await kubectl(
      cluster.kubeconfig,
      'delete',
      'persistentvolume',
      namespace,
      '--wait=false',
      '--ignore-not-found',
    );
  }
}

class Attempt {
  /** An administrator's. */
  readonly #kubeconfig: string;
  readonly #deployer: Deployer;
  readonly #proxy: FaultProxy;
  readonly #workspace: string;
  readonly #namespace: string;
  readonly #scenario: Scenario;
  readonly #results: StepResult[] = [];

  constructor(
    kubeconfig: string,
    deployer: Deployer,
    proxy: FaultProxy,
    workspace: string,
    namespace: string,
    scenario: Scenario,
  ) {
    this.#kubeconfig = kubeconfig;
    this.#deployer = deployer;
    this.#proxy = proxy;
    this.#workspace = workspace;
    this.#namespace = namespace;
    this.#scenario = scenario;
  }

  async run(): Promise<Trial> {
    const others = { kubeconfig: this.#kubeconfig, namespace: this.#namespace, folder: this.#workspace };
    await this.#prepare(others);
    await this.#write(0);
    const first = await this.#main('automatic', this.#deployer.kubeconfig);
    if (first.outputs['outcome'] !== 'succeeded')
      throw new Error(`The first release of ${this.#namespace} did not succeed:\n${first.output}`);
    await makeStrangers(others, this.#scenario);
    for (const edit of this.#scenario.edits) await makeEdit(others, edit);
    const before = await this.#settled();
    this.#results.length = 0;
    await this.#fail();
    const after = await this.#restored(before);
    const outcomes = this.#results.map(({ exitCode, outputs }) =>
      exitCode === null ? 'killed' : (outputs['outcome'] ?? 'nothing to do'),
    );
    const allOutput = this.#results.map(({ output }) => output).join('\n---\n');
    // Post writes no outputs where main has ended by itself.
    const last = this.#results.findLast(({ outputs }) => outputs['outcome'] !== undefined)?.outputs;
    return {
      namespace: this.#namespace,
      ending: JSON.stringify(this.#scenario.ending),
      outcomes,
      outcome: last?.['outcome'],
      refusedBefore: last?.['outcome'] === 'failed' && last['exit-code'] === '1',
      struck: this.#proxy.requests().some(({ fault }) => fault !== undefined),
      differences: differences(before, after).filter((line) => !isKeptClaim(line, allOutput)),
      output: allOutput,
    };
  }

  async #prepare(others: Others): Promise<void> {
    await this.#deployer.newNamespace(this.#namespace);
    await applyAll(others, [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: this.#namespace },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          storageClassName: '',
          hostPath: { path: '/nowhere' },
          claimRef: { namespace: this.#namespace, name: 'data' },
        },
      },
    ]);
  }

  #write(release: 0 | 1 | 2, doom?: Doom): Promise<void> {
    return writeRelease(this.#workspace, this.#namespace, this.#scenario, release, doom);
  }

  /** Controllers have annotated what they are going to: two snapshots in a row are the same. */
  async #settled(): Promise<Snapshot> {
    let last = await snapshot(this.#kubeconfig, this.#namespace);
    for (;;) {
      await pause(1000);
      const next = await snapshot(this.#kubeconfig, this.#namespace);
      if (differences(last, next).length === 0) return next;
      last = next;
    }
  }

  async #restored(before: Snapshot): Promise<Snapshot> {
    const deadline = performance.now() + patience;
    for (;;) {
      const now = await snapshot(this.#kubeconfig, this.#namespace);
      if (differences(before, now).length === 0 || performance.now() > deadline) return now;
      await pause(1000);
    }
  }

  async #fail(): Promise<void> {
    const { ending } = this.#scenario;
    await this.#write(1, ending.type === 'rollout' ? ending.doom : 'deployment');
    if (ending.type === 'rollout') {
      await this.#main('automatic');
      return;
    }
    if (ending.type !== 'killed') {
      const status = ending.type === 'left' ? 403 : ending.status;
      this.#proxy.inject({ type: 'status', status, times: 1, ...this.#selection(ending.strike) });
      await this.#main(ending.type === 'left' ? 'manual' : 'automatic');
      if (ending.type === 'refused') return;
      this.#proxy.heal();
      await this.#follow();
      return;
    }
    const main = await this.#killed(await this.#start('automatic'), ending.strike);
    if (ending.next === 'post') {
      await this.#finish(await this.#start('automatic', main.state));
      return;
    }
    if (ending.next === 'post, deploy')
      await this.#killed(await this.#start('automatic', main.state), ending.strike);
    await this.#follow();
  }

  async #follow(): Promise<void> {
    await this.#write(2, 'deployment');
    await this.#main('automatic');
  }

  /** Kills the process when the strike stalls one of its writes, unless it ends before. */
  async #killed(running: RunningStep, strike: Strike): Promise<StepResult> {
    const stalls = (): number => this.#proxy.requests().filter(({ fault }) => fault === 'stall').length;
    const stalledBefore = stalls();
    this.#proxy.inject({ type: 'stall', times: 1, ...this.#selection(strike) });
    let ended = false;
    const result = this.#finish(running).finally(() => {
      ended = true;
    });
    while (!ended && stalls() === stalledBefore) await pause(10);
    running.process.kill('SIGKILL');
    const stopped = await result;
    this.#proxy.heal();
    return stopped;
  }

  /** Writes of objects of the release: not dry runs, not the lock, not the records. */
  #selection({ position, at }: Strike) {
    return {
      verb: 'patch|delete|post',
      path: `^(?!.*dryRun)(?!.*/leases)(?!.*/secrets/orion-)(?!.*/secrets\\?).*/namespaces/${this.#namespace}/`,
      skip: Math.floor(position * changesOf(this.#scenario)),
      at,
    };
  }

  async #main(rollback: string, kubeconfig?: string): Promise<StepResult> {
    return this.#finish(await this.#start(rollback, {}, kubeconfig));
  }

  async #finish(running: RunningStep): Promise<StepResult> {
    const result = await running.result;
    this.#results.push(result);
    return result;
  }

  #start(rollback: string, state: StepResult['state'] = {}, kubeconfig = this.#proxy.kubeconfig) {
    const adopted = ['kubectl-client-side-apply', 'kubectl-scale', 'kubectl-rollout', 'injector'];
    const options: StepOptions = {
      bundle,
      workspace: this.#workspace,
      inputs: {
        kubeconfig,
        app: 'shop',
        timeout: '60s',
        settle: '0s',
        'health-retries': '3',
        'health-interval': '2s',
        'skip-tests': 'true',
        'check-run-id': '1',
        rollback,
        adopt: (this.#scenario.adoptsOthers ? [...adopted, 'someone'] : adopted).join(','),
      },
    };
    return startStep(options, state);
  }
}

/** A claim that the release made stays, as it may hold data, and the run says so. */
function isKeptClaim(line: string, output: string): boolean {
  return (
    line.startsWith('PersistentVolumeClaim data: was absent') &&
    output.includes('PersistentVolumeClaim data, which this release made, stays')
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
