import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Header, type Pack, pack } from 'tar-stream';

/**
 * One thing in an image, at the absolute path `to`: a copy of the machine's file `from` (symlinks are followed), a file
 * with `content`, an empty folder, or a symlink to `target`.
 */
export type LayerEntry = { readonly to: string; readonly mode?: number } & (
  | { readonly from: string }
  | { readonly content: string }
  | { readonly folder: true }
  | { readonly target: string }
);

/** A file as containers and registries name it. `digest` is SHA-256 in hexadecimal, without a prefix. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes a layer as an uncompressed tar: sorted, owned by root, all times zero, so that the same entries give the same
 * bytes. Parent folders are made where no entry does.
 */
export async function writeLayer(entries: readonly LayerEntry[], output: string): Promise<Blob> {
  const archive = pack();
  const blob = writeHashed(archive, output);
  await Promise.all([blob, packEntries(archive, entries)]);
  return await blob;
}

async function packEntries(archive: Pack, entries: readonly LayerEntry[]): Promise<void> {
  for (const entry of withParents(entries)) await packEntry(archive, entry);
  archive.finalize();
}

/** A later entry for the same path replaces an earlier one: closures of several programs share libraries. */
export function withParents(entries: readonly LayerEntry[]): readonly LayerEntry[] {
  const byPath = new Map<string, LayerEntry>();
  for (const entry of entries) {
    for (let path = dirname(entry.to); path !== '/'; path = dirname(path)) {
      if (!byPath.has(path)) byPath.set(path, { to: path, folder: true });
    }
    byPath.set(entry.to, entry);
  }
  return [...byPath.values()].sort((a, b) => (a.to < b.to ? -1 : 1));
}

async function packEntry(archive: Pack, entry: LayerEntry): Promise<void> {
  const header = { name: entry.to.slice(1), mtime: new Date(0), uid: 0, gid: 0 };
  if ('folder' in entry) return add(archive, { ...header, type: 'directory', mode: entry.mode ?? 0o755 });
  if ('target' in entry) return add(archive, { ...header, type: 'symlink', linkname: entry.target });
  if ('content' in entry) return add(archive, { ...header, mode: entry.mode ?? 0o644 }, entry.content);
  const { size, mode } = await stat(entry.from);
  const file = archive.entry({ ...header, size, mode: entry.mode ?? (mode & 0o111 ? 0o755 : 0o644) });
  await pipeline(createReadStream(entry.from, { highWaterMark: 1 << 20 }), file);
}

function add(archive: Pack, header: Partial<Header> & Pick<Header, 'name'>, content = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header, content, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes a stream to a file and says what it wrote. */
export async function writeHashed(source: Pack, output: string): Promise<Blob> {
  const hash = createHash('sha256');
  let size = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(source, tap, createWriteStream(output));
  return { digest: hash.digest('hex'), size };
}
