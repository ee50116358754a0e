import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../binaries/binary-cache.ts';

const notes = z.record(z.string(), z.string());

export interface FileDigests {
  /** SHA-256 of a file's content, in hexadecimal. */
  readonly of: (path: string) => Promise<string>;
  readonly save: () => Promise<void>;
}

/**
 * Digests of files, noted in `file` by path, size, inode and time of change, because hashing Node.js and PostgreSQL
 * takes longer than loading them. Losing the notes costs time only.
 */
export async function openFileDigests(file: string): Promise<FileDigests> {
  const known = await readNotes(file);
  const used = new Map<string, Promise<string>>();
  let isNew = false;
  return {
    of: async (path) => {
      const { size, ino, mtimeMs, ctimeMs } = await stat(path);
      const key = [await realpath(path), size, ino, mtimeMs, ctimeMs].join(' ');
      isNew ||= known[key] === undefined;
      const noted = known[key];
      const digest = used.get(key) ?? (noted === undefined ? sha256(path) : Promise.resolve(noted));
      used.set(key, digest);
      return digest;
    },
    save: async () => {
      if (!isNew) return;
      const entries = [...used].map(async ([key, digest]) => [key, await digest] as const);
      const temporary = `${file}.${randomUUID()}`;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(
        temporary,
        JSON.stringify({ ...known, ...Object.fromEntries(await Promise.all(entries)) }),
      );
      await rename(temporary, file);
    },
  };
}

async function readNotes(file: string): Promise<Record<string, string>> {
  try {
    return notes.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
