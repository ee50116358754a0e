/** How long the basic tests of 20 services of 2 real pods each take, and whether our p99 is the true one. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { ensureBinaries } from '../../testbed/binaries/ensure-binaries.ts';
import { startCluster } from '../../testbed/cluster.ts';
import { ensureImages } from '../../testbed/images/ensure-images.ts';
import { startStep } from '../../testbed/workflow-step.ts';
import { describeMachine } from '../machine.ts';
import { median } from '../median.ts';
import { keepResults } from '../results.ts';
import { prepareKubectl } from '../scale/kubectl.ts';
import { shown, type Target } from '../target.ts';
import { type LatencyRound, measureBeside } from './latency.ts';

const services = 20;
const pods = 2;
const namespace = 'bench-smoke';
const stateDirectory = join(import.meta.dirname, '../../.cluster/test-node');

interface BasicRound {
  /** Milliseconds from the start of the process to its end, summary and all. */
  readonly milliseconds: number;
  readonly passed: number;
}

/** `bundle` is a folder of dist/ beside the one of smoke-tests. */
export async function benchSmoke(bundle: string, rounds = 5): Promise<readonly Target[]> {
  const machine = describeMachine();
  const { vegeta } = await ensureBinaries(['vegeta'], console.log);
  const latency: LatencyRound[] = [];
  for (const stall of [false, true]) {
    for (let seed = 1; seed <= rounds; seed += 1) {
      latency.push(await measureBeside(vegeta, seed, stall));
      console.log(JSON.stringify(latency.at(-1)));
    }
  }
  const basic = await measureBasic(join(dirname(bundle), 'smoke-tests', 'index.js'), rounds);
  const targets = [basicTarget(basic), ...[false, true].map((stall) => latencyTarget(latency, stall))];
  const results = {
    benchmark: 'smoke',
    machine,
    versions: { vegeta: 'v12.13.0' },
    rounds: [...basic, ...latency],
    targets,
  };
  console.log(`figures of all rounds: ${await keepResults(results)}`);
  return targets;
}

function basicTarget(basic: readonly BasicRound[]): Target {
  const times = basic.map(({ milliseconds }) => milliseconds / 1000);
  return {
    name: `${services} services of ${pods} pods, from start to summary`,
    figure: median(times),
    limit: 3,
    unit: ' s',
    detail: `${basic[0]?.passed} tests, ${basic.length} runs, slowest ${shown(Math.max(...times))} s`,
  };
}

function latencyTarget(all: readonly LatencyRound[], stall: boolean): Target {
  const rounds = all.filter((round) => round.stall === stall);
  const inside = ({ low, high }: LatencyRound['ours'], value: number): boolean =>
    value >= low && value <= high;
  const missed = (of: (round: LatencyRound) => number): number =>
    rounds.filter((round) => !inside(round.ours, of(round))).length;
  const [truth, vegeta] = [missed(({ truth }) => truth), missed((round) => round.vegeta)];
  const middle = (of: (round: LatencyRound) => number): string => shown(median(rounds.map(of)));
  return {
    name: `p99 ${stall ? 'with a stall of 2 s' : 'without a stall'}: rounds whose 95 % interval misses the true one or vegeta's`,
    figure: Math.max(truth, vegeta),
    limit: 0,
    unit: ` of ${rounds.length}`,
    detail: `medians: true ${middle((round) => round.truth)} ms, ours ${middle(({ ours }) => ours.value)} ms (${middle(({ ours }) => ours.low)} to ${middle(({ ours }) => ours.high)} ms), vegeta ${middle((round) => round.vegeta)} ms; missed: true one ${truth}, vegeta's ${vegeta}`,
  };
}

async function measureBasic(bundle: string, rounds: number): Promise<readonly BasicRound[]> {
  const cluster = await startCluster({ stateDirectory, node: 'real', log: console.log });
  for (const archive of new Set(Object.values(await ensureImages()))) await cluster.loadImage(archive);
  const workspace = await mkdtemp(join(tmpdir(), 'orion-bench-smoke-'));
  const kubectl = await prepareKubectl(cluster.kubeconfig, workspace);
  try {
    await writeOverlay(workspace);
    await kubectl.run('create', 'namespace', namespace);
    await kubectl.run('apply', '-k', join(workspace, 'k8s/overlays/staging'));
    const all = ['deployment', '--all', '-n', namespace];
    await kubectl.run('wait', '--for=condition=Available', '--timeout=300s', ...all);
    const measured: BasicRound[] = [];
    while (measured.length < rounds) {
      const inputs = { kubeconfig: cluster.kubeconfig };
      const { outputs, output, milliseconds } = await (await startStep({ bundle, workspace, inputs })).result;
      if (outputs['exit-code'] !== '0') throw new Error(`a test failed:\n${output}`);
      measured.push({ milliseconds, passed: Number(outputs['passed']) });
      console.log(JSON.stringify(measured.at(-1)));
    }
    return measured;
  } finally {
    await kubectl.run('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false');
    await rm(workspace, { recursive: true, force: true });
  }
}

async function writeOverlay(workspace: string): Promise<void> {
  const folder = join(workspace, 'k8s/overlays/staging');
  await mkdir(folder, { recursive: true });
  const names = Array.from({ length: services }, (_, index) => `service-${index + 1}`);
  const objects = names.flatMap((name) => [deployment(name), service(name)]);
  await writeFile(join(folder, 'services.yaml'), objects.map((object) => stringify(object)).join('---\n'));
  await writeFile(join(folder, 'kustomization.yaml'), stringify({ namespace, resources: ['services.yaml'] }));
}

const script =
  "mkdir -p /tmp/www; echo fine > /tmp/www/health; trap 'exit 0' TERM; busybox httpd -f -p 8080 -h /tmp/www & wait";

function deployment(name: string): object {
  const labels = { app: name };
  const httpGet = { path: '/health', port: 'http' };
  const container = {
    name: 'main',
    image: 'orion.example/sh:1',
    imagePullPolicy: 'Never',
    command: ['/bin/sh', '-c', script],
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { httpGet, periodSeconds: 10 },
    livenessProbe: { httpGet, periodSeconds: 30 },
  };
  const template = {
    metadata: { labels },
    spec: { terminationGracePeriodSeconds: 1, containers: [container] },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: pods, selector: { matchLabels: labels }, template },
  };
}

function service(name: string): object {
  const ports = [{ name: 'http', port: 80, targetPort: 'http' }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports } };
}
