/**
 * `npm run soak -- sound --count 20 --load 4`: the example application, updated again and again under the production profile with
 * its defaults (settle, monitor, comprehensive smoke tests), while other processes keep the processor busy. Each has to be green.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { runCommand } from '../../testbed/binaries/run-command.ts';
import type { Cluster } from '../../testbed/cluster.ts';
import { runStep, type StepResult } from '../../testbed/workflow-step.ts';
import { copyBundle } from '../bundle.ts';
import { describeMachine } from '../machine.ts';
import { prepareGround } from '../trials/ground.ts';

const root = join(import.meta.dirname, '../..');
const results = join(root, 'bench/results/sound.json');
const overlay = 'k8s/overlays/production';

/** What a machine without GitHub and with one node needs; all else is the profile's default. */
const inputs: Readonly<Record<string, string>> = {
  app: 'example',
  overlay,
  'skip-approval': 'true',
  'min-nodes': '1',
};

export interface SoundOptions {
  /** A folder with the bundle of deploy-production. */
  readonly bundle: string;
  /** Deployments in all, after a first installation per lane. */
  readonly count: number;
  /** Applications side by side, each in a namespace of its own. */
  readonly lanes: number;
  /** Threads that do nothing but compute. */
  readonly load: number;
}

interface Deployed {
  readonly outcome: string | undefined;
  readonly exitCode: number | null;
  readonly reason: string | undefined;
  readonly seconds: number;
  /** Where it was not green: what it said. */
  readonly said?: readonly string[];
}

/** True if every deployment is green. */
export async function soakSound({ bundle, count, lanes, load }: SoundOptions): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-sound-'));
  const deployments: Deployed[] = [];
  let left = count;
  try {
    // A build meanwhile changes nothing.
    const copy = await copyBundle(bundle, folder);
    await using ground = await prepareGround(console.log);
    const cluster = await ground.cluster('real');
    const lane = async (_: unknown, number: number): Promise<void> => {
      await using application = await install(cluster, { folder, bundle: copy }, number);
      for (let revision = 1; left > 0; revision += 1) {
        left -= 1;
        const deployed = await application.update(revision);
        deployments.push(deployed);
        const place = `${String(deployments.length).padStart(2)}/${count}`;
        console.log(`${place} ${deployed.outcome} (${deployed.exitCode}) after ${deployed.seconds} s`);
        if (deployed.said !== undefined) console.log(deployed.said.join('\n'));
        await write(deployments, { count, lanes, load });
      }
    };
    using _busy = keepBusy(load);
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return deployments.length === count && deployments.every(({ exitCode }) => exitCode === 0);
}

interface Application extends AsyncDisposable {
  update(revision: number): Promise<Deployed>;
}

/** @throws Error if the first installation is not green */
async function install(
  cluster: Cluster,
  { folder, bundle }: { readonly folder: string; readonly bundle: string },
  lane: number,
): Promise<Application> {
  const namespace = `sound-${lane}-${randomBytes(3).toString('hex')}`;
  const workspace = join(folder, `workspace-${lane}`);
  const kubectl = (...words: string[]) =>
    runCommand('kubectl', ['--kubeconfig', cluster.kubeconfig, ...words]);
  await cp(join(root, 'examples/orion/k8s'), join(workspace, 'k8s'), { recursive: true });
  await fillIn(join(workspace, overlay), namespace);
  await kubectl('create', 'namespace', namespace);
  await kubectl('label', 'namespace', namespace, 'orion.dev/environment=production');
  const deploy = async (more: Readonly<Record<string, string>> = {}): Promise<StepResult> =>
    runStep({
      bundle: join(bundle, 'index.js'),
      workspace,
      inputs: { ...inputs, kubeconfig: cluster.kubeconfig, ...more },
    });
  const first = await deploy({ monitor: '0s', settle: '2s', comprehensive: 'false' });
  if (first.exitCode !== 0) throw new Error(`The first installation failed:\n${lastLines(first).join('\n')}`);
  return {
    async update(revision) {
      await writeFile(join(workspace, 'k8s/base/settings.env'), await settings(revision));
      const step = await deploy();
      const { outcome, reason } = step.outputs;
      const { exitCode } = step;
      const seconds = Math.round(step.milliseconds / 1000);
      return { outcome, exitCode, reason, seconds, ...(exitCode !== 0 && { said: lastLines(step) }) };
    },
    async [Symbol.asyncDispose]() {
      await kubectl('delete', 'namespace', namespace, '--wait=false');
    },
  };
}

/** The overlay's own secrets and namespace, as a team fills them in. */
async function fillIn(folder: string, namespace: string): Promise<void> {
  const template = await readFile(join(folder, 'secrets.env.template'), 'utf8');
  const password = randomBytes(12).toString('hex');
  await writeFile(join(folder, 'secrets.env'), template.replaceAll('changeme', password));
  const kustomization = await readFile(join(folder, 'kustomization.yaml'), 'utf8');
  const own = kustomization
    .replace('namespace: orion-production', `namespace: ${namespace}`)
    .replace('  - namespace.yaml\n', '');
  await writeFile(join(folder, 'kustomization.yaml'), own);
}

/** Another hashed ConfigMap, so that every service rolls. */
async function settings(revision: number): Promise<string> {
  const text = await readFile(join(root, 'examples/orion/k8s/base/settings.env'), 'utf8');
  return `${text.trimEnd()}\nREVISION=${revision}\n`;
}

function lastLines({ output }: StepResult): readonly string[] {
  return output.split('\n').slice(-60);
}

function keepBusy(threads: number): Disposable {
  const workers = Array.from({ length: threads }, () => new Worker('for (;;);', { eval: true }));
  return {
    [Symbol.dispose]() {
      for (const worker of workers) void worker.terminate();
    },
  };
}

async function write(deployments: readonly Deployed[], options: Omit<SoundOptions, 'bundle'>): Promise<void> {
  const green = deployments.filter(({ exitCode }) => exitCode === 0).length;
  const figures = { machine: describeMachine(), ...options, green, deployments };
  await writeFile(results, `${JSON.stringify(figures, undefined, 1)}\n`);
}
