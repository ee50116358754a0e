/** One real node for the whole layer, with the images of the example application; tests find it by `inject`. */
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startCluster } from '../../testbed/cluster.ts';
import { ensureImages } from '../../testbed/images/ensure-images.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    kubeconfig: string;
    auditLog: string;
    stateDirectory: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = join(import.meta.dirname, '../../.cluster');
  await mkdir(home, { recursive: true });
  // A worktree may link to another tree's cluster: the machine's lock knows it by its real path.
  const cluster = await startCluster({
    stateDirectory: join(await realpath(home), 'test-node'),
    node: 'real',
    log: (line) => console.log(line),
  });
  const images = await ensureImages();
  for (const archive of new Set(Object.values(images))) await cluster.loadImage(archive);
  project.provide('kubeconfig', cluster.kubeconfig);
  project.provide('auditLog', cluster.auditLog);
  project.provide('stateDirectory', cluster.stateDirectory);
  // While tests are written, the cluster outlives a run; `npm run cluster -- down` with this state folder ends it.
  return process.env['ORION_KEEP_CLUSTER'] === '1' ? async () => {} : () => cluster.stop();
}
