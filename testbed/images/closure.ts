import { realpath } from 'node:fs/promises';
import { runCommand } from '../binaries/run-command.ts';
import type { LayerEntry } from './layer.ts';

/**
 * The machine's program at `path` and every shared library it loads, the dynamic loader included, each at the path
 * under which the loader looks for it.
 * @param to where the program is in the image; by default where it is on the machine
 */
export async function closureOf(path: string, to = path): Promise<readonly LayerEntry[]> {
  return [{ from: await realpath(path), to, mode: 0o755 }, ...(await librariesOf(path))];
}

/** What `path`, a program or a library, loads. Empty for a static program. */
export async function librariesOf(path: string): Promise<readonly LayerEntry[]> {
  const listed = await runCommand('ldd', [path]).catch((error: Error) => {
    // ldd ends with 1 for a static program.
    if (error.message.includes('not a dynamic executable')) return '';
    throw error;
  });
  const libraries = parseLibraries(listed);
  return Promise.all(libraries.map(async (to) => ({ from: await realpath(to), to, mode: 0o755 })));
}

/**
 * The absolute paths in ldd's answer: `libc.so.6 => /lib/…/libc.so.6 (0x…)`, and the loader, `/lib64/ld-… (0x…)`.
 * @throws Error if a library is missing
 */
export function parseLibraries(listed: string): readonly string[] {
  const missing = /^\s*(\S+) => not found/m.exec(listed);
  if (missing) throw new Error(`The library ${missing[1]} is missing on this machine.`);
  return [...listed.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].flatMap(([, path]) => path ?? []);
}
