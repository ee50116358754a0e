import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageDescription } from './archive.ts';
import { nonRootUser } from './base.ts';
import type { LayerEntry } from './layer.ts';
import { nodePath } from './node-runtime.ts';

/**
 * The example's service twice: version 2 is the same program with another version in environment and label, so
 * that going from one to the other is a change of image that is not a change of behaviour.
 */
export async function serviceImages(
  bundleFolder: string,
  runtime: readonly LayerEntry[],
): Promise<readonly ImageDescription[]> {
  const names = await readdir(bundleFolder);
  const program = names.map((name) => ({ from: join(bundleFolder, name), to: `/app/${name}` }));
  return ['1', '2'].map((version) => ({
    reference: `orion.example/service:${version}`,
    entrypoint: [nodePath, '/app/index.js'],
    env: { NODE_ENV: 'production', SERVICE_VERSION: version },
    labels: { 'org.opencontainers.image.version': version },
    user: nonRootUser,
    workingDirectory: '/app',
    exposedPorts: ['8080/tcp'],
    layers: [runtime, program],
  }));
}
