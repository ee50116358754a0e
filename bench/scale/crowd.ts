/** 1,000 Deployments and 3,000 hollow pods, one of which crash-loops: scenario 39. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startCluster } from '../../testbed/cluster.ts';
import { copyBundle } from '../bundle.ts';
import { describeMachine } from '../machine.ts';
import { median } from '../median.ts';
import { keepResults } from '../results.ts';
import { shown, type Target } from '../target.ts';
import { endOfLog, maxAtOnce, readLog } from './audit-log.ts';
import { type CrowdRun, runCrowd } from './crowd-run.ts';
import { prepareKubectl } from './kubectl.ts';
import { type OverlaySize, replicas, workloadName, writeOverlay } from './overlay.ts';

const stateDirectory = join(import.meta.dirname, '../../.cluster/bench-crowd');
const workspace = join(stateDirectory, 'workspace');
/** Of 500 pods each. */
const hollowNodes = 8;
const size: OverlaySize = { workloads: 1000, withServices: false };
/** The one that crash-loops, somewhere in the middle. */
const victim = workloadName(617);

interface Round extends CrowdRun {
  /** Watches of our process by kind: how many were open at the same time, and how often one was opened. */
  readonly watches: Readonly<Record<string, { readonly atOnce: number; readonly openings: number }>>;
}

/** `bundle` is a folder of dist/; a copy of it is measured, so that a build meanwhile changes nothing. */
export async function benchCrowd(bundle: string, rounds = 1): Promise<readonly Target[]> {
  const machine = describeMachine();
  const cluster = await startCluster({ stateDirectory, node: 'hollow', hollowNodes, log: console.log });
  try {
    await rm(workspace, { recursive: true, force: true });
    const copy = await copyBundle(bundle, join(stateDirectory, 'bundle'));
    const home = join(stateDirectory, 'home');
    await mkdir(home, { recursive: true });
    const { kubeconfig } = cluster;
    const kubectl = await prepareKubectl(kubeconfig, home);
    const measured: Round[] = [];
    while (measured.length < rounds) {
      const namespace = `crowd-${measured.length + 1}`;
      await kubectl.run('create', 'namespace', namespace);
      const overlay = await writeOverlay(join(workspace, namespace), namespace, { ...size, tag: '1' });
      const offset = await endOfLog(cluster.auditLog);
      const run = await runCrowd({
        bundle: join(copy, 'index.js'),
        kubeconfig,
        workspace,
        overlay,
        victim,
        env: { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfig },
      });
      const requests = await readLog(cluster.auditLog, offset);
      const own = requests.filter(
        ({ userAgent, verb }) =>
          verb === 'watch' && userAgent.startsWith('orion-deploy/') && !userAgent.includes('crasher'),
      );
      const watches = Object.fromEntries(
        [...Map.groupBy(own, ({ resource }) => resource)].map(([kind, all]) => [
          kind,
          { atOnce: maxAtOnce(all), openings: all.length },
        ]),
      );
      measured.push({ ...run, watches });
      console.log(JSON.stringify(measured.at(-1)));
      if (measured.length < rounds) await kubectl.run('delete', 'namespace', namespace, '--timeout=10m');
    }
    const targets = targetsOf(measured);
    const versions = { kubectl: kubectl.version };
    const path = await keepResults({ benchmark: 'crowd', machine, versions, rounds: measured, targets });
    console.log(`figures of all rounds: ${path}`);
    return targets;
  } finally {
    await cluster.stop();
  }
}

function targetsOf(rounds: readonly Round[]): readonly Target[] {
  const middle = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const wrong = rounds.filter(
    ({ outcome }) => outcome.reason !== 'crash-loop' || outcome.named.join() !== victim,
  );
  const memory = Math.max(...rounds.map(({ peakMemory }) => peakMemory));
  const own = middle(({ processorTime }) => processorTime.toVerdict);
  const kubectl = middle((round) => round.kubectl.processorTime);
  const [first] = rounds;
  return [
    {
      name: 'verdicts that do not name the right workload, and it alone',
      figure: wrong.length,
      limit: 0,
      unit: '',
      detail: `${size.workloads} Deployments, ${size.workloads * replicas} pods; ${first?.outcome.reason} of ${first?.outcome.named.join(', ')}, ${seconds(middle(({ verdictAt, crash }) => verdictAt - crash.thirdEndAt))} after its third end`,
    },
    {
      name: 'peak memory, the most of any run',
      figure: memory / 1e6,
      limit: 350,
      unit: ' MB',
      detail: `by the kernel's count; kubectl rollout status ${shown(Math.max(...rounds.map((round) => round.kubectl.peakMemory)) / 1e6)} MB`,
    },
    {
      name: 'watches of one kind open at the same time, the most of any',
      figure: Math.max(
        ...rounds.flatMap(({ watches }) => Object.values(watches).map(({ atOnce }) => atOnce)),
      ),
      limit: 1,
      unit: '',
      detail: `${Object.keys(first?.watches ?? {})
        .sort()
        .join(
          ', ',
        )}; a stream is opened again every 11 to 14 s, ${Math.max(...Object.values(first?.watches ?? {}).map(({ openings }) => openings))} times at the most`,
    },
    {
      name: 'user and system time from all applied to verdict',
      figure: own / kubectl,
      limit: 1,
      unit: ' × kubectl rollout status',
      detail: `${seconds(own)} against ${seconds(kubectl)} in the same ${seconds(middle(({ appliedAt, verdictAt }) => verdictAt - appliedAt))}; our whole process, checks and apply included: ${seconds(middle(({ processorTime }) => processorTime.whole))}`,
    },
  ];
}

function seconds(milliseconds: number): string {
  return `${shown(milliseconds / 1000)} s`;
}
