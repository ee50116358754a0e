import { access, constants, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheRoot, familyFolder, isIntact, putIntoCache } from './binary-cache.ts';
import { withFileLock } from './file-lock.ts';
import { goBuild } from './go-build.ts';
import { ChecksumMismatch, downloadRelease, kubernetesReleases } from './official-release.ts';
import { type Tool, type ToolName, tools } from './tools.ts';

/** Where binaries may come from. */
export interface BinarySources {
  readonly tools: Readonly<Record<string, Tool>>;
  /** Folders with ready binaries, searched first. */
  readonly folders: readonly string[];
  readonly cacheRoot: string;
  /** Base address of official releases; undefined asks none. */
  readonly releases: string | undefined;
  /** The folder with one Go module folder per family. */
  readonly modules: string;
}

export const goModules = join(import.meta.dirname, 'go');

export function defaultSources(environment: NodeJS.ProcessEnv = process.env): BinarySources {
  const named = [environment['ORION_TESTBED_BINARIES'], environment['KUBEBUILDER_ASSETS']];
  return {
    tools,
    folders: named.filter((folder): folder is string => Boolean(folder)),
    cacheRoot: defaultCacheRoot(environment),
    releases: kubernetesReleases,
    modules: goModules,
  };
}

/**
 * Makes sure that binaries are there and returns their absolute paths: from a folder named in
 * `ORION_TESTBED_BINARIES` or `KUBEBUILDER_ASSETS`, from the cache, as an official release, or built from Go modules.
 *
 * `progress` gets a line for each binary that is downloaded or built. Throws a TestbedError if one cannot be had.
 */
export function ensureBinaries<Name extends ToolName>(
  names: readonly Name[],
  progress: (line: string) => void,
): Promise<Record<Name, string>> {
  return ensureFrom(defaultSources(), names, progress);
}

/** As ensureBinaries, from sources of the caller's own. */
export async function ensureFrom<Name extends string>(
  sources: BinarySources,
  names: readonly Name[],
  progress: (line: string) => void,
): Promise<Record<Name, string>> {
  const places = new Map<Name, string>();
  const missing: Name[] = [];
  await Promise.all(
    names.map(async (name) => {
      const given = await inFolders(sources, name);
      if (given) progress(`${name}: ${given}`);
      const path = given ?? (await inCache(sources, name));
      if (path) places.set(name, path);
      else missing.push(name);
    }),
  );
  missing.sort((one, other) => names.indexOf(one) - names.indexOf(other));
  for (const [index, name] of missing.entries()) {
    places.set(name, await obtain(sources, name, missing.length - index - 1, progress));
  }
  return Object.fromEntries(places) as Record<Name, string>;
}

async function inFolders(sources: BinarySources, name: string): Promise<string | undefined> {
  for (const folder of sources.folders) {
    const path = join(folder, name);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}

async function inCache(sources: BinarySources, name: string): Promise<string | undefined> {
  const path = await cachePath(sources, name);
  return (await isIntact(path)) ? path : undefined;
}

async function cachePath(sources: BinarySources, name: string): Promise<string> {
  const { family } = toolOf(sources, name);
  const familyTools = Object.entries(sources.tools).filter(([, tool]) => tool.family === family);
  const folder = await familyFolder(sources.cacheRoot, join(sources.modules, family), family, familyTools);
  return join(folder, name);
}

function toolOf(sources: BinarySources, name: string): Tool {
  const tool = sources.tools[name];
  if (!tool) throw new Error(`The table of tools has no ${name}.`);
  return tool;
}

/** Downloads or builds one binary into the cache, unless another process has done so by the time it has the lock. */
async function obtain(
  sources: BinarySources,
  name: string,
  left: number,
  progress: (line: string) => void,
): Promise<string> {
  const path = await cachePath(sources, name);
  const started = performance.now();
  const done = (how: string) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    progress(`${name} ${toolOf(sources, name).version}: ${how} in ${seconds} s, ${left} left`);
  };
  await withFileLock(
    join(path, '..', 'lock'),
    async () => {
      if (await isIntact(path)) return done('made by another process');
      let how = '';
      await putIntoCache(path, async (temporary) => {
        how = await make(sources, name, left, temporary, progress);
      });
      done(how);
    },
    () => progress(`${name}: waiting for another process that makes it`),
  );
  return path;
}

/** Downloads or builds one binary into `output` and says which. A download with a wrong checksum is never used. */
async function make(
  sources: BinarySources,
  name: string,
  left: number,
  output: string,
  progress: (line: string) => void,
): Promise<string> {
  const tool = toolOf(sources, name);
  try {
    if (sources.releases && (await downloadRelease(sources.releases, name, tool, output)))
      return 'downloaded';
  } catch (error) {
    if (!(error instanceof ChecksumMismatch)) throw error;
    progress(error.message);
  }
  // The linker refuses to write over what a refused or broken download left.
  await rm(output, { force: true });
  progress(`${name} ${tool.version}: building from Go modules, ${left} left after it`);
  await goBuild(name, tool, join(sources.modules, tool.family), output, progress);
  return 'built';
}
