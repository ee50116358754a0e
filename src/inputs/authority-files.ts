/** CA files that `orion.yaml` refers to: read once, when the configuration is read. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { Fault } from '../domain/failure/fault.ts';
import type { SmokeSection } from './smoke-configuration.ts';

/**
 * The section with the content of each file in place of its path. Throws a Fault `bad-config` for one that cannot be
 * read.
 */
export async function withAuthorityFiles(
  smoke: SmokeSection,
  workspace: string,
  file: string,
): Promise<SmokeSection> {
  const read = async <Authority>(given: Authority, field: string): Promise<Authority | string> =>
    typeof given === 'string' ? readAuthorityFile(given, field, workspace, file) : given;
  const databases = await Promise.all(
    Object.entries(smoke.databases ?? {}).map(async ([name, one]) => {
      const ca = await read(one.ca, `smoke.databases.${name}.ca`);
      return [name, ca === undefined ? one : { ...one, ca }] as const;
    }),
  );
  const ca = await read(smoke.ca, 'smoke.ca');
  return {
    ...smoke,
    ...(smoke.databases === undefined ? {} : { databases: Object.fromEntries(databases) }),
    ...(ca === undefined ? {} : { ca }),
  };
}

async function readAuthorityFile(
  path: string,
  field: string,
  workspace: string,
  file: string,
): Promise<string> {
  if (path.startsWith('-----BEGIN')) return path;
  const place = resolve(workspace, path);
  const inside = relative(workspace, place);
  const fault = (why: string, cause?: unknown): Fault =>
    new Fault(
      'bad-config',
      `${file}: ${field} names the file ${path}, which ${why}.`,
      `Correct ${field}: a PEM file of the repository.`,
      { cause },
    );
  if (inside.startsWith('..') || isAbsolute(inside)) throw fault('is outside of the workspace');
  try {
    return await readFile(place, 'utf8');
  } catch (error) {
    throw fault('cannot be read', error);
  }
}
