import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TestbedError } from '../testbed-error.ts';
import type { ImageDescription } from './archive.ts';
import { nonRootUser } from './base.ts';
import type { LayerEntry } from './layer.ts';
import { nodePath } from './node-runtime.ts';
import { repositoryFolder } from './service-bundle.ts';

/** The bundle of src/actions/probe/index.ts, built like those of the actions. */
const bundle = join(repositoryFolder, 'dist', 'probe');

/**
 * The image that smoke tests run in the cluster: Node.js and one file, without a shell or anything else.
 * @throws TestbedError if the bundle is not built
 */
export async function probeImages(
  references: readonly string[],
  runtime: readonly LayerEntry[],
): Promise<readonly ImageDescription[]> {
  const names = await readdir(bundle).catch(() => {
    throw new TestbedError('There is no dist/probe, which the probe image is made of: npm run build.');
  });
  const program = names.map((name) => ({ from: join(bundle, name), to: `/probe/${name}` }));
  return references.map((reference) => ({
    reference,
    // V8 would else take the node's memory for its own.
    entrypoint: [nodePath, '--max-old-space-size=160', '/probe/index.js'],
    user: nonRootUser,
    workingDirectory: '/tmp',
    layers: [runtime, program],
  }));
}
