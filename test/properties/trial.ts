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
import { type Deployer, deployerFor } from '../support/actions/deployer.ts';
import { rulesFor } from '../support/actions/deployer-role.ts';
import { differences, kubectl, lost, type Snapshot, snapshot } from './differ.ts';
import { applyAll, makeEdit, makeStrangers, type Others } from './others.ts';
import { changesOf, definitionName, type FailingWorkload, strangersOf, writeRelease } from './overlay.ts';
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
  /** Objects that existed before and were deleted, unless to be created anew with a reason that the run says. */
  readonly lost: readonly string[];
  /** What the runs printed. */
  readonly output: string;
}

const dist = join(import.meta.dirname, '../../dist');
const bundle = join(dist, 'deploy-staging/index.js');
const phaseBundle = join(dist, 'phase/index.js');
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
  const queues = rulesFor(`${namespace}.example`, ['queues'], 'watch');
  const deployer = await deployerFor(namespace, cluster, 'deploy-staging', { also: [...also, queues] });
  if (scenario.queue !== undefined) await grantDefinitions(cluster.kubeconfig, namespace);
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
      'customresourcedefinition',
      definitionName(namespace),
      '--wait=false',
      '--ignore-not-found',
    );
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

/** Definitions belong to the whole cluster. */
async function grantDefinitions(kubeconfig: string, user: string): Promise<void> {
  const name = `definitions-${user}`;
  await kubectl(
    kubeconfig,
    'create',
    'clusterrole',
    name,
    '--verb=*',
    '--resource=customresourcedefinitions',
  );
  await kubectl(kubeconfig, 'create', 'clusterrolebinding', name, `--clusterrole=${name}`, `--user=${user}`);
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
      differences: differences(before, after).filter(
        (line) => !isKeptClaim(line, allOutput) && !isNewIdentity(line, allOutput),
      ),
      lost: lost(before, after).filter((name) => !isMadeAnew(name, allOutput)),
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

  #write(release: 0 | 1 | 2, failing?: FailingWorkload): Promise<void> {
    return writeRelease(this.#workspace, this.#namespace, this.#scenario, release, failing);
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
    await this.#write(1, ending.type === 'rollout' ? ending.failing : 'deployment');
    if (ending.type === 'rollout') {
      const main = this.#main('automatic');
      await this.#scaleUntil(main);
      await main;
      return;
    }
    if (ending.type !== 'killed') {
      const status = ending.type === 'left' ? 403 : ending.status;
      this.#proxy.inject({ type: 'status', status, times: 1, ...this.#selection(ending.strike) });
      const main = await this.#main(ending.type === 'left' ? 'manual' : 'automatic');
      // A release that fails by itself before the strike is struck in its undo: the next one takes over, as from one that was left.
      if (ending.type === 'refused' && main.outputs['outcome'] !== 'rollback-failed') return;
      this.#proxy.heal();
      await this.#scale();
      await this.#follow();
      return;
    }
    const main = await this.#killed(await this.#start('automatic'), ending.strike);
    await this.#scale();
    if (ending.next === 'post') {
      await this.#finish(await this.#start('automatic', main.state));
      return;
    }
    if (ending.next === 'post, deploy')
      await this.#killed(await this.#start('automatic', main.state), ending.strike);
    await this.#follow();
  }

  /** As soon as the autoscaler is there, while the release goes on. */
  async #scaleUntil(main: Promise<unknown>): Promise<void> {
    let ended = false;
    main
      .finally(() => {
        ended = true;
      })
      .catch(() => undefined);
    while (!ended && !(await this.#scale())) await pause(100);
  }

  /** What the controller of autoscalers would do after its period of 15 s. False while there is nothing to scale. */
  async #scale(): Promise<boolean> {
    if (!scalesAnew(this.#scenario)) return true;
    const place = ['-n', this.#namespace];
    const found = await kubectl(
      this.#kubeconfig,
      'get',
      'hpa',
      'side',
      ...place,
      '-o',
      'name',
      '--ignore-not-found',
    );
    if (found === '') return false;
    const patch = JSON.stringify({ spec: { replicas: 6 } });
    const how = [
      '--subresource=scale',
      '--field-manager=kube-controller-manager',
      '--type=merge',
      '-p',
      patch,
    ];
    await kubectl(this.#kubeconfig, 'patch', 'deployment', 'side', ...place, ...how);
    return true;
  }

  /** Where the pre-checks refuse the next release, somebody undoes what the one before has left, as its message says. */
  async #follow(): Promise<void> {
    await this.#write(2, 'deployment');
    const { exitCode } = await this.#main('automatic');
    if (exitCode !== 1) return;
    const { inputs, workspace } = this.#options('automatic');
    const phase = { ...inputs, phase: 'rollback', environment: 'staging' };
    await this.#finish(await startStep({ bundle: phaseBundle, workspace, inputs: phase }));
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
    return startStep(this.#options(rollback, kubeconfig), state);
  }

  #options(rollback: string, kubeconfig = this.#proxy.kubeconfig): StepOptions {
    const adopted = ['kubectl-client-side-apply', 'kubectl-scale', 'kubectl-rollout', 'injector'];
    return {
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
        config: 'orion.yaml',
        rollback,
        adopt: (this.#scenario.adoptsOthers ? [...adopted, 'someone'] : adopted).join(','),
      },
    };
  }
}

/** The failing release brings the autoscaler of a Deployment that was there before, and nobody else had made it. */
function scalesAnew(scenario: Scenario): boolean {
  const { scales, objects } = scenario;
  const at = (release: 0 | 1, kind: string): boolean =>
    objects.some((course) => course[release]?.['kind'] === kind && nameOf(course[release]) === 'side');
  const hpa = 'HorizontalPodAutoscaler';
  const isNew = !at(0, hpa) && !strangersOf(scenario).some(({ object }) => object['kind'] === hpa);
  return scales && at(0, 'Deployment') && at(1, 'Deployment') && isNew && at(1, hpa);
}

function nameOf(object: Readonly<Record<string, unknown>> | undefined): unknown {
  return (object?.['metadata'] as Readonly<Record<string, unknown>> | undefined)?.['name'];
}

/** A claim that the release made, or may have made, stays, as it may contain data, and the run says so. */
function isKeptClaim(line: string, output: string): boolean {
  return (
    line.startsWith('PersistentVolumeClaim data: was absent') &&
    /PersistentVolumeClaim data(, which this release created,)? is kept: /.test(output)
  );
}

/** What could not be written back is created again, and the run says so. */
function isMadeAnew(name: string, output: string): boolean {
  return output.includes(`${name} was deleted and recreated as it was before`);
}

/** `ConfigMap plain.metadata.uid: was …` */
function isNewIdentity(line: string, output: string): boolean {
  const name = /^(.+)\.metadata\.(uid|creationTimestamp): /.exec(line)?.[1];
  return name !== undefined && isMadeAnew(name, output);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
