import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../binaries/run-command.ts';

export const repositoryFolder = fileURLToPath(new URL('../..', import.meta.url));

const sources = join(repositoryFolder, 'examples', 'orion', 'service');
const packages = join(repositoryFolder, 'node_modules');

/**
 * Bundles examples/orion/service by tsc and ncc into a folder with `index.js` and the package.json that marks it as
 * an ES module. Kept in `cacheFolder` by a digest of the sources and of the installed packages.
 * @returns the folder
 */
export async function ensureServiceBundle(
  cacheFolder: string,
  progress: (line: string) => void = () => {},
): Promise<string> {
  const folder = join(cacheFolder, `service-bundle-${await digestOfSources()}`);
  if ((await readdir(folder).catch((): string[] => [])).includes('index.js')) return folder;
  progress("bundling the example's service");
  await mkdir(cacheFolder, { recursive: true });
  const scratch = await mkdtemp(join(cacheFolder, '.bundle-'));
  try {
    await bundle(scratch);
    // Another process may have been faster: then its folder is as good, and rename refuses.
    await rename(join(scratch, 'bundle'), folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return folder;
}

async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(sources)).sort().map((name) => join(sources, name));
  for (const file of [...files, join(repositoryFolder, 'package-lock.json')]) {
    hash.update(`${file.slice(repositoryFolder.length)}\n`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** ncc resolves packages beside its input, hence the link; without the package.json it would emit CommonJS. */
async function bundle(scratch: string): Promise<void> {
  const node = process.execPath;
  await runCommand(node, [
    join(packages, 'typescript', 'bin', 'tsc'),
    '-p',
    sources,
    '--outDir',
    join(scratch, 'js'),
  ]);
  await writeFile(join(scratch, 'package.json'), JSON.stringify({ type: 'module' }));
  await symlink(packages, join(scratch, 'node_modules'));
  const ncc = join(packages, '@vercel', 'ncc', 'dist', 'ncc', 'cli.js');
  const input = join(scratch, 'js', 'main.js');
  await runCommand(node, [ncc, 'build', input, '--minify', '--out', join(scratch, 'bundle')], {
    cwd: repositoryFolder,
  });
}
