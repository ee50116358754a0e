import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { type Blob, type LayerEntry, writeHashed, writeLayer } from './layer.ts';

export interface ImageDescription {
  /** With host and tag, such as `orion.example/service:1`. */
  readonly reference: string;
  readonly entrypoint: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Numeric, so that `runAsNonRoot` can be checked: `65532:65532`. */
  readonly user?: string;
  readonly workingDirectory?: string;
  /** Such as `8080/tcp`. */
  readonly exposedPorts?: readonly string[];
  readonly stopSignal?: string;
  /** From the lowest up. Images of one archive that name the same array share its layer. */
  readonly layers: readonly (readonly LayerEntry[])[];
}

interface JsonBlob extends Blob {
  readonly text: string;
}

const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

const defaultPath = '/usr/local/bin:/usr/bin:/bin';

/**
 * Writes images as one OCI layout in a tar, which `ctr images import --local` and most tools read. The same
 * descriptions and files give the same bytes. Layers are not compressed: they are made and loaded on one machine.
 * @param output path of the tar; written in place, so give a temporary name and rename
 * @returns digest and size of the tar
 */
export async function writeImageArchive(
  images: ImageDescription | readonly ImageDescription[],
  output: string,
): Promise<Blob> {
  const list = 'reference' in images ? [images] : images;
  const scratch = await mkdtemp(join(dirname(output), '.layers-'));
  try {
    const layers = await writeLayers(list, scratch);
    const archive = pack();
    const blob = writeHashed(archive, output);
    await Promise.all([blob, packLayout(archive, list, layers, scratch)]);
    return await blob;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Layers = ReadonlyMap<readonly LayerEntry[], Blob & { readonly file: string }>;

async function writeLayers(images: readonly ImageDescription[], folder: string): Promise<Layers> {
  const layers = new Map<readonly LayerEntry[], Blob & { file: string }>();
  for (const layer of new Set(images.flatMap((image) => image.layers))) {
    const file = `${layers.size}.tar`;
    layers.set(layer, { ...(await writeLayer(layer, join(folder, file))), file });
  }
  return layers;
}

async function packLayout(
  archive: Pack,
  images: readonly ImageDescription[],
  layers: Layers,
  folder: string,
): Promise<void> {
  packText(archive, 'oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const written = new Set<string>();
  for (const { file, digest, size } of layers.values()) {
    if (written.has(digest)) continue;
    written.add(digest);
    const entry = archive.entry({ ...fixedHeader(blobPath(digest)), size });
    await pipeline(createReadStream(join(folder, file), { highWaterMark: 1 << 20 }), entry);
  }
  const manifests = images.map((image) => packManifest(archive, image, layers, written));
  packText(
    archive,
    'index.json',
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }),
  );
  archive.finalize();
}

/** Adds configuration and manifest of one image and returns the index's descriptor of it. */
function packManifest(archive: Pack, image: ImageDescription, layers: Layers, written: Set<string>) {
  const blobs = image.layers.map((layer) => {
    const blob = layers.get(layer);
    if (blob === undefined) throw new Error(`a layer of ${image.reference} was not written`);
    return blob;
  });
  const config = jsonBlob(configurationOf(image, blobs));
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor(mediaTypes.config, config),
    layers: blobs.map((blob) => descriptor(mediaTypes.layer, blob)),
  });
  for (const { digest, text } of [config, manifest]) {
    if (!written.has(digest)) packText(archive, blobPath(digest), text);
    written.add(digest);
  }
  const annotations = {
    // containerd takes the image's whole name from here; ref.name is the tag alone.
    'io.containerd.image.name': image.reference,
    'org.opencontainers.image.ref.name': image.reference.split(':').at(-1),
  };
  return { ...descriptor(mediaTypes.manifest, manifest), annotations };
}

function configurationOf(image: ImageDescription, layers: readonly Blob[]): object {
  const environment = { PATH: defaultPath, ...image.env };
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      ...(image.user !== undefined && { User: image.user }),
      ...(image.stopSignal !== undefined && { StopSignal: image.stopSignal }),
      ...(image.labels !== undefined && { Labels: image.labels }),
      ExposedPorts: Object.fromEntries((image.exposedPorts ?? []).map((port) => [port, {}])),
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: image.entrypoint,
      WorkingDir: image.workingDirectory ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
  };
}

function jsonBlob(value: object): JsonBlob {
  const text = JSON.stringify(value);
  return { text, size: Buffer.byteLength(text), digest: createHash('sha256').update(text).digest('hex') };
}

function descriptor(mediaType: string, { digest, size }: Blob) {
  return { mediaType, digest: `sha256:${digest}`, size };
}

const blobPath = (digest: string): string => `blobs/sha256/${digest}`;

const fixedHeader = (name: string) => ({ name, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0 });

function packText(archive: Pack, name: string, text: string): void {
  archive.entry(fixedHeader(name), text);
}
