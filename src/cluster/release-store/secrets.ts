import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { type ReleaseBody, type ReleaseHead, releaseName } from '../../domain/release/record.ts';

/** A Secret holds at most 1 MiB; base64 and JSON of 512 KiB stay far below it, and below etcd's request limit. */
const chunkBytes = 512 * 1024;

export const headType = 'orion.dev/release';
export const bodyType = 'orion.dev/release-body';

/** A body as it is stored: gzipped JSON, cut into chunks. `sha256` is of the gzipped bytes, in hex. */
export interface PackedBody {
  readonly chunks: readonly Buffer[];
  readonly sha256: string;
}

export function packBody(body: ReleaseBody): PackedBody {
  const bytes = gzipSync(JSON.stringify(body));
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += chunkBytes)
    chunks.push(bytes.subarray(start, start + chunkBytes));
  return { chunks, sha256: sha256(bytes) };
}

/** Undefined if the chunks do not match the head: incomplete or damaged. */
export function unpackBody(
  chunks: readonly Buffer[],
  expected: ReleaseHead['body'],
): ReleaseBody | undefined {
  const bytes = Buffer.concat(chunks);
  if (chunks.length !== expected.chunks || sha256(bytes) !== expected.sha256) return undefined;
  return JSON.parse(gunzipSync(bytes).toString('utf8')) as ReleaseBody;
}

export function headSecret(namespace: string, head: ReleaseHead, resourceVersion?: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name: releaseName(head.app, head.number),
      labels: { ...releaseLabels(head), 'orion.dev/status': head.status },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: headType,
    data: { release: gzipSync(JSON.stringify(head)).toString('base64') },
  };
}

/** Undefined if the Secret contains no head of this version. */
export function readHead(secret: KubernetesObject): ReleaseHead | undefined {
  try {
    const head: unknown = JSON.parse(gunzipSync(dataOf(secret, 'release')).toString('utf8'));
    return isHead(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

/** `index` numbers the chunks of one release from 0; a body that replaces another continues the numbering. */
export function bodySecret(
  namespace: string,
  release: Pick<ReleaseHead, 'app' | 'number'>,
  sha256OfBody: string,
  index: number,
  chunk: Buffer,
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name: `${releaseName(release.app, release.number)}.body-${index}`,
      labels: { ...releaseLabels(release), 'orion.dev/body': bodyLabel(sha256OfBody) },
    },
    type: bodyType,
    data: { chunk: chunk.toString('base64') },
  };
}

export function readChunk(secret: KubernetesObject): Buffer {
  return dataOf(secret, 'chunk');
}

/** The number in the name of a body's Secret. */
export function chunkIndex(secret: KubernetesObject): number {
  return Number(/\.body-(\d+)$/.exec(secret.metadata.name)?.[1] ?? -1);
}

/** Label values end at 63 characters; the first 32 of a digest are enough to distinguish the bodies of one release. */
export function bodyLabel(sha256OfBody: string): string {
  return sha256OfBody.slice(0, 32);
}

export function releaseLabels(release: {
  readonly app: string;
  readonly number?: number;
}): Record<string, string> {
  return {
    'app.kubernetes.io/managed-by': 'orion',
    'orion.dev/app': release.app,
    ...(release.number === undefined ? {} : { 'orion.dev/number': String(release.number) }),
  };
}

function dataOf(secret: KubernetesObject, key: string): Buffer {
  const data = (secret['data'] ?? {}) as Readonly<Record<string, string>>;
  return Buffer.from(data[key] ?? '', 'base64');
}

function isHead(value: unknown): value is ReleaseHead {
  const head = value as Partial<ReleaseHead> | null;
  return (
    typeof head === 'object' &&
    head?.version === 1 &&
    typeof head.app === 'string' &&
    typeof head.number === 'number' &&
    typeof head.status === 'string' &&
    typeof head.body?.sha256 === 'string' &&
    typeof head.run === 'object'
  );
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
