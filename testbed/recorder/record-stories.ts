/** Records the stories of test/rollouts again, on a cluster with a real node: node testbed/recorder/record-stories.ts */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { attachCluster, defaultStateDirectory } from '../cluster.ts';
import { ensureImages } from '../images/ensure-images.ts';
import { trustRegistry } from '../node/registry-trust.ts';
import { type Registry, startRegistry } from '../registry/registry.ts';
import { recordStory } from './record.ts';
import { recordedRegistry, type StoryPlan, storyPlans } from './stories.ts';
import { storyText } from './story.ts';

const usage = `Usage: node testbed/recorder/record-stories.ts [--state FOLDER] [--at-once 3] [STORY…]
Without names, all. Needs a cluster with a real node: npm run cluster -- up`;

const folder = join(import.meta.dirname, '../../test/rollouts');
const image = 'orion.example/sh:1';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      state: { type: 'string', default: defaultStateDirectory },
      'at-once': { type: 'string', default: '3' },
    },
  });
  const cluster = await attachCluster(values.state);
  const archive = (await ensureImages())[image];
  if (archive === undefined) throw new Error(`${image} was not made`);
  await cluster.loadImage(archive);
  await using registry = await startRegistry();
  await registry.addImage('shop/api', '1', archive, image);
  await trustRegistry(values.state, registry.address);
  const names = positionals.length === 0 ? Object.keys(storyPlans) : positionals;
  const left = names.map((name): [string, StoryPlan] => {
    const plan = storyPlans[name];
    if (plan === undefined) throw new Error(`There is no story ${name}.\n${usage}`);
    return [name, plan];
  });
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      await record(cluster.kubeconfig, registry, ...next);
    }
  };
  await Promise.all(Array.from({ length: Number(values['at-once']) }, worker));
}

async function record(kubeconfig: string, registry: Registry, name: string, plan: StoryPlan): Promise<void> {
  const namespace = `story-${name}`;
  const kubectl = (parameters: readonly string[], input = '') => run(kubeconfig, parameters, input);
  const apply = (objects: StoryPlan['objects']) =>
    kubectl(
      ['apply', '--server-side', '--field-manager=orion', '--namespace', namespace, '--filename=-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }).replaceAll(
        recordedRegistry,
        registry.address,
      ),
    );
  await kubectl(['create', 'namespace', namespace]);
  try {
    if (plan.before !== undefined) {
      await apply(plan.before);
      for (const { kind, metadata } of plan.before as readonly {
        kind: string;
        metadata: { name: string };
      }[]) {
        if (!['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind)) continue;
        await kubectl(['rollout', 'status', `${kind}/${metadata.name}`, '--namespace', namespace]);
      }
    }
    const { outage } = plan;
    if (outage !== undefined) registry.fail(outage.repository, outage.status);
    const story = await recordStory({
      title: plan.title,
      kubeconfig,
      namespace,
      names: { [namespace]: 'shop', [registry.address]: recordedRegistry },
      deploy: async () => {
        const startedAt = performance.now();
        const until = (seconds: number) =>
          delay(Math.max(0, seconds * 1000 - (performance.now() - startedAt)));
        await apply(plan.objects);
        if (outage !== undefined) {
          await until(outage.seconds);
          registry.heal(outage.repository);
        }
        await until(plan.seconds);
      },
      after: 0,
    });
    const text = storyText(story);
    await writeFile(join(folder, `${name}.json`), text);
    console.log(`${name}: ${story.changes.length} changes, ${Math.ceil(text.length / 1024)} KiB`);
  } finally {
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  }
}

async function run(kubeconfig: string, parameters: readonly string[], input: string): Promise<void> {
  const child = spawn('kubectl', [`--kubeconfig=${kubeconfig}`, ...parameters], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`kubectl ${parameters.join(' ')} ended with ${String(code)}`);
}

await main();
