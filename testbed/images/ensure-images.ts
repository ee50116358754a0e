import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ensureSystemPackages } from '../binaries/system-packages.ts';
import { type ImageDescription, writeImageArchive } from './archive.ts';
import { type Archive, archives, type ImageName, imageNames, type Progress } from './catalogue.ts';
import { type FileDigests, openFileDigests } from './file-digests.ts';
import type { LayerEntry } from './layer.ts';

/** `$XDG_CACHE_HOME/orion/images`, or the same under `~/.cache`. */
export function imageCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'orion', 'images');
}

/**
 * Makes the archives of the named images, by default of all, or finds them in the cache, where a digest of
 * everything in them is part of their name. Safe to call from several processes at once. Images may share an
 * archive: load each path once.
 * @returns the path of the archive that holds each image
 * @throws TestbedError if a Debian package is missing and cannot be installed
 */
export async function ensureImages(
  names: readonly ImageName[] = imageNames,
  progress: Progress = () => {},
  cacheFolder = imageCacheFolder(),
): Promise<Readonly<Record<string, string>>> {
  const wanted = archives.filter(({ images }) => images.some((image) => names.includes(image)));
  await ensureSystemPackages([...new Set(wanted.flatMap((archive) => archive.systemPackages))], progress);
  const digests = await openFileDigests(join(cacheFolder, 'file-digests.json'));
  const paths = await Promise.all(
    wanted.map((archive) => ensureArchive(archive, cacheFolder, digests, progress)),
  );
  await digests.save();
  const entries = wanted.flatMap((archive, index) => archive.images.map((image) => [image, paths[index]]));
  return Object.fromEntries(entries.filter(([image]) => names.some((name) => name === image)));
}

async function ensureArchive(
  archive: Archive,
  folder: string,
  digests: FileDigests,
  progress: Progress,
): Promise<string> {
  const images = await archive.describe(folder, progress);
  const path = join(folder, `${archive.file}-${await digestOf(images, digests)}.tar`);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  progress(`making image archive ${archive.file}`);
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(folder, '.archive-'));
  try {
    await writeImageArchive(images, join(scratch, 'archive.tar'));
    await rename(join(scratch, 'archive.tar'), path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  await removeOldArchives(folder, archive.file);
  return path;
}

/** Descriptions with every file's content in place of its path on this machine. */
async function digestOf(images: readonly ImageDescription[], digests: FileDigests): Promise<string> {
  const hash = createHash('sha256').update(process.arch);
  for (const { layers, ...rest } of images) {
    hash.update(JSON.stringify(rest));
    for (const entry of layers.flat()) hash.update(JSON.stringify(await contentOf(entry, digests)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function contentOf(entry: LayerEntry, digests: FileDigests): Promise<object> {
  if (!('from' in entry)) return entry;
  const { from, ...rest } = entry;
  return { ...rest, digest: await digests.of(from) };
}

const keptArchives = 3;

/** Each is up to 130 MB, and every change of the service makes a new one. */
async function removeOldArchives(folder: string, file: string): Promise<void> {
  const pattern = new RegExp(`^${file}-[0-9a-f]{16}\\.tar$`);
  const paths = (await readdir(folder))
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
  const aged = await Promise.all(
    paths.map(async (path) => ({ path, time: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const old = aged.sort((a, b) => b.time - a.time).slice(keptArchives);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}
