import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { buildArguments } from './go-build.ts';
import type { Tool } from './tools.ts';

const temporaryMark = '.partial-';

/** `$XDG_CACHE_HOME/orion/testbed`, or the same under `~/.cache`. */
export function defaultCacheRoot(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'orion', 'testbed');
}

/**
 * The cache folder of one family: its name holds a digest of everything that decides what the binaries are: go.mod,
 * go.sum, every tool's build arguments and the platform.
 */
export async function familyFolder(
  cacheRoot: string,
  moduleFolder: string,
  family: string,
  familyTools: readonly (readonly [string, Tool])[],
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(await readFile(join(moduleFolder, file)));
  for (const [name, tool] of familyTools)
    hash.update(`\n${name} ${tool.cgo === true} ${buildArguments(tool).join(' ')}`);
  hash.update(`\n${process.platform}-${process.arch}`);
  return join(cacheRoot, `${family}-${hash.digest('hex').slice(0, 16)}`);
}

// A binary of this process' cache is hashed at its first use only.
const verified = new Set<string>();

/** True if `path` is there and has the SHA-256 that was noted when it was written. */
export async function isIntact(path: string): Promise<boolean> {
  if (verified.has(path)) return true;
  try {
    const noted = await readFile(`${path}.sha256`, 'utf8');
    if (noted.split(' ')[0] !== (await sha256(path))) return false;
  } catch {
    return false;
  }
  verified.add(path);
  return true;
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/**
 * Lets `write` make a file under a temporary name, then puts it in place together with its SHA-256 in one rename
 * each; what an interrupted run left behind is removed first. The caller holds the folder's lock.
 */
export async function putIntoCache(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const folder = join(path, '..');
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.includes(temporaryMark)) await rm(join(folder, name), { force: true });
  }
  const temporary = `${path}${temporaryMark}${process.pid}`;
  try {
    await write(temporary);
    await chmod(temporary, 0o755);
    await writeFile(`${path}.sha256`, `${await sha256(temporary)}  ${path.slice(folder.length + 1)}\n`);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  verified.add(path);
}
