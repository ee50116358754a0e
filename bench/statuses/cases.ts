/** A folder of objects with the health that others expect of them: `index.yaml` and one file per object. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KubernetesObject } from '../../src/domain/kubernetes/objects.ts';

/** Argo CD's words for health. */
export const expectedWords = [
  'Healthy',
  'Progressing',
  'Degraded',
  'Suspended',
  'Missing',
  'Unknown',
] as const;
export type ExpectedWord = (typeof expectedWords)[number];

export interface HealthCase {
  readonly file: string;
  readonly expected: ExpectedWord;
  /** What the maintainers of the kind say about it. */
  readonly said: string;
  readonly object: KubernetesObject;
}

const index = z.array(
  z.object({ file: z.string(), status: z.enum(expectedWords), message: z.unknown().optional() }),
);
const fragment = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  metadata: z.looseObject({ name: z.string().default('') }).nullish(),
});

/** @throws with the name of the file that cannot be read. */
export async function readCases(folder: string): Promise<readonly HealthCase[]> {
  const entries = index.parse(parse(await readFile(join(folder, 'index.yaml'), 'utf8')));
  return Promise.all(
    entries.map(async ({ file, status, message }) => ({
      file,
      expected: status,
      said: typeof message === 'string' ? message : '',
      object: await readObject(folder, file),
    })),
  );
}

/**
 * The first document of the file. A fragment without metadata is an object without a name; one without a kind has that of its
 * file's name, `group--Kind--case.yaml`.
 */
async function readObject(folder: string, file: string): Promise<KubernetesObject> {
  const [group = '', kind = ''] = file.split('--');
  const [first] = parseAllDocuments(await readFile(join(folder, file), 'utf8'));
  const read = fragment.safeParse(first?.toJS() ?? {});
  if (!read.success) throw new Error(`${file} holds no object: ${z.prettifyError(read.error)}`);
  return {
    ...read.data,
    apiVersion: read.data.apiVersion ?? `${group}/v1`,
    kind: read.data.kind ?? kind,
    metadata: read.data.metadata ?? { name: '' },
  } as KubernetesObject;
}
