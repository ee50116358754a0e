import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { baseEntries } from './base.ts';
import { closureOf } from './closure.ts';
import type { LayerEntry } from './layer.ts';
import { repositoryFolder } from './service-bundle.ts';

/** Where Node.js is in an image. */
export const nodePath = '/usr/local/bin/node';

/** The layer that all images with a Node.js program share: nothing but the program and what it loads. */
export async function nodeRuntime(): Promise<readonly LayerEntry[]> {
  return [...baseEntries, ...(await closureOf(await nodeProgram(), nodePath))];
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
