/** What all cells of a run share: the cluster with the real node, a hollow one for what would harm others, and a registry. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../../testbed/cluster.ts';
import { ensureImages } from '../../testbed/images/ensure-images.ts';
import { trustRegistry } from '../../testbed/node/registry-trust.ts';
import { type Registry, startRegistry } from '../../testbed/registry/registry.ts';
import type { Scenario } from '../judge/scenario.ts';

const clusters = join(import.meta.dirname, '../../.cluster');

export interface Ground extends AsyncDisposable {
  readonly registry: Registry;
  /** Starts it, or attaches to the one that runs; hollow clusters are stopped in the end. */
  cluster(node: Scenario['node']): Promise<Cluster>;
  /** The next trial on hollow nodes gets a new cluster: this one lost a node, or won one. */
  discardHollow(): Promise<void>;
  /** Serves the testbed's images that a text names, below `prefix` of the registry. */
  serve(prefix: string, text: string): Promise<void>;
}

export async function prepareGround(log: (line: string) => void): Promise<Ground> {
  const registry = await startRegistry();
  const started = new Map<Scenario['node'], Promise<Cluster>>();
  const start = async (node: Scenario['node']): Promise<Cluster> => {
    const stateDirectory = join(clusters, node === 'real' ? 'test-node' : 'bench-verdicts');
    const cluster = await startCluster({ stateDirectory, node, log });
    if (node === 'hollow') return cluster;
    await trustRegistry(stateDirectory, registry.address);
    for (const archive of new Set(Object.values(await ensureImages()))) await cluster.loadImage(archive);
    return cluster;
  };
  const discardHollow = async (): Promise<void> => {
    const hollow = await started.get('hollow');
    started.delete('hollow');
    await hollow?.stop();
  };
  return {
    registry,
    cluster(node) {
      const running = started.get(node) ?? start(node);
      started.set(node, running);
      return running;
    },
    async serve(prefix, text) {
      const named = [...text.matchAll(/registry\.example\/(sh:1|service:1|service:2|curl:1)\b/g)];
      for (const image of new Set(named.map(([, image = '']) => image))) {
        const [repository = '', tag = ''] = image.split(':');
        const reference = `orion.example/${image}` as const;
        const archives = await ensureImages();
        await registry.addImage(`${prefix}/${repository}`, tag, archives[reference] ?? '', reference);
      }
    },
    discardHollow,
    async [Symbol.asyncDispose]() {
      await registry.stop();
      await discardHollow();
    },
  };
}

/** The content of every YAML file of a scenario. */
export async function textOf(files: readonly string[]): Promise<string> {
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
}
