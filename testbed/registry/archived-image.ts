import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../binaries/run-command.ts';
import { TestbedError } from '../testbed-error.ts';

/** A manifest, a configuration or a layer, as a registry serves it. */
export interface StoredBlob {
  /** With its algorithm, `sha256:…`. */
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly file: string;
}

export interface ArchivedImage {
  readonly manifest: StoredBlob;
  /** Configuration and layers. */
  readonly blobs: readonly StoredBlob[];
}

const nameAnnotation = 'io.containerd.image.name';

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string().startsWith('sha256:'),
  size: z.number(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const indexSchema = z.object({ manifests: z.array(descriptorSchema) });
const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });

type Descriptor = z.infer<typeof descriptorSchema>;

/**
 * Unpacks an image archive, an OCI layout in a tar, into a folder and describes one image of it.
 * @param name the image's name in the archive; needed only where the archive holds several
 * @throws TestbedError if the archive is none, or has not exactly one such image
 */
export async function unpackArchive(archive: string, folder: string, name?: string): Promise<ArchivedImage> {
  await mkdir(folder, { recursive: true });
  await runCommand('tar', ['--extract', '--file', archive, '--directory', folder]);
  const locate = ({ digest, mediaType, size }: Descriptor): StoredBlob => {
    return { digest, mediaType, size, file: join(folder, 'blobs', digest.replace(':', '/')) };
  };
  const index = await readFile(join(folder, 'index.json'), 'utf8').catch(() => '{"manifests":[]}');
  const { manifests } = indexSchema.parse(JSON.parse(index));
  const [descriptor, ...others] = manifests.filter(
    ({ annotations }) => name === undefined || annotations?.[nameAnnotation] === name,
  );
  if (descriptor === undefined || others.length > 0) {
    const found = manifests.map(({ annotations }) => annotations?.[nameAnnotation] ?? 'one without a name');
    throw new TestbedError(
      `${archive} does not hold exactly one image ${name ?? ''}, but ${found.join(', ') || 'none'}. Name the one to serve.`,
    );
  }
  const manifest = locate(descriptor);
  const { config, layers } = manifestSchema.parse(JSON.parse(await readFile(manifest.file, 'utf8')));
  return { manifest, blobs: [config, ...layers].map(locate) };
}
