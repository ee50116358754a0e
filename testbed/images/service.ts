import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageDescription } from './archive.ts';
import { baseEntries, nonRootUser } from './base.ts';
import { closureOf } from './closure.ts';
import { repositoryFolder } from './service-bundle.ts';

/**
 * The example's service twice: version 2 is the same program with another version in environment and label, so
 * that going from one to the other is a change of image that is not a change of behaviour.
 */
export async function serviceImages(bundleFolder: string): Promise<readonly ImageDescription[]> {
  const runtime = [...baseEntries, ...(await closureOf(await nodeProgram(), '/usr/local/bin/node'))];
  const names = await readdir(bundleFolder);
  const program = names.map((name) => ({ from: join(bundleFolder, name), to: `/app/${name}` }));
  return ['1', '2'].map((version) => ({
    reference: `orion.example/service:${version}`,
    entrypoint: ['/usr/local/bin/node', '/app/index.js'],
    env: { NODE_ENV: 'production', SERVICE_VERSION: version },
    labels: { 'org.opencontainers.image.version': version },
    user: nonRootUser,
    workingDirectory: '/app',
    exposedPorts: ['8080/tcp'],
    layers: [runtime, program],
  }));
}

/** The Node.js of devDependencies; where its platform package is not installed, the one that runs this. */
async function nodeProgram(): Promise<string> {
  const packaged = join(
    repositoryFolder,
    'node_modules',
    `node-${process.platform}-${process.arch}`,
    'bin',
    'node',
  );
  return access(packaged).then(
    () => packaged,
    () => process.execPath,
  );
}
