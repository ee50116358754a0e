import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../binaries/run-command.ts';

export const repositoryFolder = fileURLToPath(new URL('../..', import.meta.url));

const sources = join(repositoryFolder, 'examples', 'orion', 'service');
const packages = join(repositoryFolder, 'node_modules');

/**
 * Bundles examples/orion/service by tsc and ncc into a folder with `index.js` and the package.json that marks it as
 * an ES module. Kept in `cacheFolder` by a digest of the sources, the installed packages and this file.
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
    await bundle(join(scratch, 'bundle'));
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
  const makers = [join(repositoryFolder, 'package-lock.json'), fileURLToPath(import.meta.url)];
  for (const file of [...files, ...makers]) {
    hash.update(`${file.slice(repositoryFolder.length)}\n`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The compiled sources lie inside node_modules, and ncc runs there: it resolves packages beside its input and puts
 * relative paths into the bundle, which must be the same each time. Without the package.json it would emit CommonJS.
 */
async function bundle(output: string): Promise<void> {
  const temporary = join(packages, '.cache');
  await mkdir(temporary, { recursive: true });
  const compiled = await mkdtemp(join(temporary, 'orion-service-'));
  const tsc = join(packages, 'typescript', 'bin', 'tsc');
  const ncc = join(packages, '@vercel', 'ncc', 'dist', 'ncc', 'cli.js');
  try {
    await writeFile(join(compiled, 'package.json'), JSON.stringify({ type: 'module' }));
    await runCommand(process.execPath, [tsc, '-p', sources, '--outDir', compiled]);
    await runCommand(process.execPath, [ncc, 'build', 'main.js', '--minify', '--out', output], {
      cwd: compiled,
    });
  } finally {
    await rm(compiled, { recursive: true, force: true });
  }
}
