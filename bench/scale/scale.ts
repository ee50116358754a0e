/** 100 Deployments and 100 Services on hollow nodes, deployed by Orion and by kubectl in turns. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { copyBundle } from '../bundle.ts';
import { describeMachine } from '../machine.ts';
import { keepResults } from '../results.ts';
import type { Target } from '../target.ts';
import { endOfLog, readLog } from './audit-log.ts';
import { startBystander } from './bystander.ts';
import { type Kubectl, prepareKubectl } from './kubectl.ts';
import { latencyOf } from './latency.ts';
import { runOrion } from './orion.ts';
import { type BenchOverlay, type OverlaySize, writeOverlay } from './overlay.ts';
import { countRequests } from './requests.ts';
import type { KubectlFigures, OrionFigures, Round } from './round.ts';
import { deploymentLine, targetsOf } from './targets.ts';

const stateDirectory = join(import.meta.dirname, '../../.cluster/bench');
const workspace = join(stateDirectory, 'workspace');
const hollowNodes = 5;
const size: OverlaySize = { workloads: 100, withServices: true };

/** Milliseconds. The update has a wait to get wrong; the first install has none, so that nothing hides the latency. */
const settle = { install: 0, update: 2000 } as const;
export type Work = keyof typeof settle;

/** `bundle` is a folder of dist/; a copy of it is measured, so that a build meanwhile changes nothing. */
export async function benchScale(bundle: string, rounds = 5): Promise<readonly Target[]> {
  const machine = describeMachine();
  const cluster = await startCluster({ stateDirectory, node: 'hollow', hollowNodes, log: console.log });
  try {
    await rm(workspace, { recursive: true, force: true });
    const copy = await copyBundle(bundle, join(stateDirectory, 'bundle'));
    await mkdir(join(stateDirectory, 'home'), { recursive: true });
    const kubectl = await prepareKubectl(cluster.kubeconfig, join(stateDirectory, 'home'));
    const measured: Round[] = [];
    while (measured.length < rounds) {
      measured.push(await round({ bundle: copy, cluster, kubectl, number: measured.length + 1 }));
    }
    const targets = targetsOf(measured);
    const versions = { kubectl: kubectl.version };
    const path = await keepResults({ benchmark: 'scale', machine, versions, rounds: measured, targets });
    console.log(`figures of all rounds: ${path}`);
    return targets;
  } finally {
    await cluster.stop();
  }
}

interface Place {
  /** The copied bundle's folder. */
  readonly bundle: string;
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly number: number;
}

/** Each has a namespace of its own, empty at first; who goes first changes from round to round. */
async function round(place: Place): Promise<Round> {
  const kubectlFirst = place.number % 2 === 0;
  const early = kubectlFirst ? await withNamespace(place, 'kubectl', viaKubectl) : undefined;
  const orion = await withNamespace(place, 'orion', viaOrion);
  const kubectl = early ?? (await withNamespace(place, 'kubectl', viaKubectl));
  return { number: place.number, first: kubectlFirst ? 'kubectl' : 'orion', orion, kubectl };
}

async function withNamespace<Figures extends OrionFigures | KubectlFigures>(
  place: Place,
  who: string,
  deploy: (place: Place, overlay: BenchOverlay, work: Work) => Promise<Figures>,
): Promise<Readonly<Record<Work, Figures>>> {
  const namespace = `bench-${place.number}-${who}`;
  const folder = join(workspace, namespace);
  await place.kubectl.run('create', 'namespace', namespace);
  try {
    const install = await deploy(
      place,
      await writeOverlay(folder, namespace, { ...size, tag: '1' }),
      'install',
    );
    console.log(deploymentLine(`round ${place.number}, ${who}, install`, install));
    const update = await deploy(
      place,
      await writeOverlay(folder, namespace, { ...size, tag: '2' }),
      'update',
    );
    console.log(deploymentLine(`round ${place.number}, ${who}, update`, update));
    return { install, update };
  } finally {
    // Until nothing of it is left: what the controllers still have to do must not weigh on who comes next.
    await place.kubectl.run('delete', 'namespace', namespace, '--timeout=5m');
  }
}

async function viaKubectl({ cluster, kubectl }: Place, overlay: BenchOverlay): Promise<KubectlFigures> {
  const offset = await endOfLog(cluster.auditLog);
  const bystander = await startBystander(cluster.kubeconfig, overlay);
  try {
    const run = await kubectl.deploy(overlay);
    await bystander.completion;
    const requests = await readLog(cluster.auditLog, offset);
    const own = requests.filter(({ userAgent }) => userAgent.startsWith('kubectl'));
    return { who: 'kubectl', ...run, requests: own.length };
  } finally {
    bystander.stop();
  }
}

async function viaOrion(
  { bundle, cluster, kubectl }: Place,
  overlay: BenchOverlay,
  work: Work,
): Promise<OrionFigures> {
  const render = await kubectl.render(overlay);
  const offset = await endOfLog(cluster.auditLog);
  const bystander = await startBystander(cluster.kubeconfig, overlay);
  try {
    const { kubeconfig } = cluster;
    const run = await runOrion(
      { bundle: join(bundle, 'index.js'), kubeconfig, workspace, overlay },
      settle[work],
    );
    const bare = await bystander.completion;
    const requests = await readLog(cluster.auditLog, offset);
    const { apply, rollout } = run.phases;
    if (apply === undefined || rollout === undefined) throw new Error('the result names no apply phase');
    const own = requests.filter(({ userAgent }) => userAgent.startsWith('orion-deploy/'));
    const { verdictAt } = run;
    return {
      who: 'orion',
      render,
      apply: apply.finishedAt - apply.startedAt,
      startToApplied: run.appliedAt - run.startedAt,
      startToEnd: run.endedAt - run.startedAt,
      latency: latencyOf(requests, overlay.namespace, { bare, verdictAt, settle: settle[work] }),
      phases: Object.fromEntries(
        Object.entries(run.phases).map(([name, phase]) => [name, phase.finishedAt - phase.startedAt]),
      ),
      requests: countRequests(own, rollout),
      peakMemory: run.peakMemory,
      reportedMemory: run.reportedMemory,
    };
  } finally {
    bystander.stop();
  }
}
