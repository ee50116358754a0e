/**
 * `npm run demo`: a cluster, the bundles, the example application, and deploy-staging exactly as a workflow step would run
 * it. Everything stays up afterwards, to be looked at.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Cluster, defaultStateDirectory, startCluster } from './cluster.ts';
import { ensureImages } from './images/ensure-images.ts';
import { realNodeSupport } from './node/node.ts';
import { messageOf } from './testbed-error.ts';
import { runStep } from './workflow-step.ts';

const root = join(import.meta.dirname, '..');
const folder = join(defaultStateDirectory, 'demo');
const started = performance.now();

function log(line: string): void {
  console.log(`[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`);
}

async function demo(): Promise<number> {
  const support = realNodeSupport();
  if (!support.supported)
    log(`Hollow nodes only, so nothing answers on its health endpoints: ${support.reason}`);
  const [cluster] = await Promise.all([startWithImages(support.supported), build(), copyExample()]);
  log('deploy-staging, as a workflow step runs it:');
  const result = await runStep({
    bundle: join(root, 'dist/deploy-staging/index.js'),
    workspace: folder,
    inputs: { app: 'example', kubeconfig: cluster.kubeconfig, 'skip-tests': String(!support.supported) },
    onOutput: (text) => process.stdout.write(shownOutput(text)),
  });
  await writeFile(join(folder, 'summary.md'), result.summary);
  console.log(
    `\n----- the job summary, as GitHub would render it -----\n\n${result.summary}\n----- end of the job summary -----\n`,
  );
  log(`deploy-staging ended with outcome ${result.outputs['outcome']}, exit code ${result.exitCode}`);
  console.log(whatNext(cluster));
  return result.exitCode ?? 1;
}

async function startWithImages(real: boolean): Promise<Cluster> {
  const [cluster, images] = await Promise.all([
    startCluster({ node: real ? 'real' : 'hollow', ...(real ? {} : { hollowNodes: 2 }), log }),
    real
      ? ensureImages(
          [
            'orion.example/service:1',
            'orion.example/service:2',
            'orion.example/postgres:15',
            'orion.example/redis:7',
          ],
          log,
        )
      : ({} as Record<string, string>),
  ]);
  await Promise.all([...new Set(Object.values(images))].map((archive) => cluster.loadImage(archive)));
  if (real) log('images of the example application are on the node');
  return cluster;
}

async function build(): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'scripts/build.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  );
  if (code !== 0) throw new Error('The bundles could not be built; `npm run build` shows why.');
  log('bundles are built in dist/');
}

/** The example as a repository of its own, with secrets filled in once: a second demo finds nothing to change. */
async function copyExample(): Promise<void> {
  const overlay = join(folder, 'k8s/overlays/staging');
  const secrets = await readFile(join(overlay, 'secrets.env'), 'utf8').catch(() => undefined);
  await rm(join(folder, 'k8s'), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(join(root, 'examples/orion/k8s'), join(folder, 'k8s'), { recursive: true });
  await writeFile(join(overlay, 'secrets.env'), secrets ?? (await filledTemplate(overlay)));
}

async function filledTemplate(overlay: string): Promise<string> {
  const template = await readFile(join(overlay, 'secrets.env.template'), 'utf8');
  const [database, redis, key] = [0, 1, 2].map(() => randomBytes(12).toString('hex'));
  return template
    .split('\n')
    .map((line) =>
      line.replaceAll(
        'changeme',
        line.startsWith('TOKEN') ? `${key}` : /REDIS/.test(line) ? `${redis}` : `${database}`,
      ),
    )
    .join('\n');
}

/** The runner consumes these commands and shows groups folded. */
function shownOutput(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^::(add-mask|endgroup|save-state|set-output)/.test(line))
    .map((line) => line.replace(/^::group::(.*)$/, '▼ $1'))
    .join('\n');
}

function whatNext(cluster: Cluster): string {
  const here = (path: string): string => relative(process.cwd(), path) || '.';
  return `What to look at next:
  export KUBECONFIG=${here(cluster.kubeconfig)}
  kubectl -n orion-staging get pods               the application
  kubectl -n orion-staging get secrets,lease      the release record and the lock
  npm run demo                                    again: nothing to change, "unchanged"
  ${here(folder)}/summary.md                      the job summary
  examples/orion/README.md                        how to make the application misbehave, and be told why
  npm run cluster -- down                         stop everything`;
}

process.exitCode = await demo().catch((error: unknown) => {
  console.error(messageOf(error));
  return 1;
});
