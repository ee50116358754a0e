import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Fault } from '../../domain/failure/fault.ts';
import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { type ReleaseBody, type ReleaseHead, releaseName } from '../../domain/release/record.ts';
import { bodyOf, headOf } from './record-schema.ts';
import { isSignedBy, signatureOf } from './signature.ts';

/** A Secret holds at most 1 MiB; base64 and JSON of 512 KiB stay far below it, and below etcd's request limit. */
const chunkBytes = 512 * 1024;

/** Bytes of JSON, unpacked: some gzipped kilobytes unpack to gigabytes. A release of 1,000 Deployments has a body of some 10 MB. */
const maxHeadBytes = 4 * 1024 * 1024;
const maxBodyBytes = 64 * 1024 * 1024;

export const headType = 'orion.dev/release';
export const bodyType = 'orion.dev/release-body';

/** A body as it is stored: gzipped JSON, cut into chunks. `sha256` is of the gzipped bytes, in hex. */
interface PackedBody {
  readonly chunks: readonly Buffer[];
  readonly sha256: string;
}

/**
 * JSON, gzipped, in chunks that each fit a Secret; `unpackBody` reads it.
 *
 * @throws Fault `bad-input` for a body that could not be read again
 */
export function packBody(body: ReleaseBody): PackedBody {
  const unpacked = Buffer.from(JSON.stringify(body));
  if (unpacked.length > maxBodyBytes) {
    throw new Fault(
      'bad-input',
      `The record of this release would have ${Math.ceil(unpacked.length / 2 ** 20)} MiB; it may have ${maxBodyBytes / 2 ** 20}.`,
      'Split the overlay into several apps.',
    );
  }
  const bytes = gzipSync(unpacked);
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += chunkBytes)
    chunks.push(bytes.subarray(start, start + chunkBytes));
  return { chunks, sha256: sha256(bytes) };
}

/** Undefined when the chunks are not what the head says, or are no body: incomplete, damaged or made by somebody else. */
export function unpackBody(
  chunks: readonly Buffer[],
  expected: ReleaseHead['body'],
): ReleaseBody | undefined {
  const bytes = Buffer.concat(chunks);
  if (chunks.length !== expected.chunks || sha256(bytes) !== expected.sha256) return undefined;
  try {
    return bodyOf(unpacked(bytes, maxBodyBytes));
  } catch {
    return undefined;
  }
}

/** @throws Error where it is no gzipped JSON or has more than `limit` bytes */
function unpacked(bytes: Buffer, limit: number): unknown {
  return JSON.parse(gunzipSync(bytes, { maxOutputLength: limit }).toString('utf8'));
}

/** Where a head is stored: its namespace, the version that it replaces, and the key that it is signed with, if there is one. */
export interface HeadPlace {
  readonly namespace: string;
  readonly resourceVersion?: string | undefined;
  readonly key?: string | undefined;
}

/** The Secret of a head. With a `resourceVersion` it replaces that version only; without, it is for creation. */
export function headSecret(
  head: ReleaseHead,
  { namespace, resourceVersion, key }: HeadPlace,
): KubernetesObject {
  const name = releaseName(head.app, head.number);
  const bytes = gzipSync(JSON.stringify(head));
  const signature =
    key === undefined ? {} : { signature: signatureOf({ namespace, name, bytes }, key).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name,
      labels: { ...releaseLabels(head), 'orion.dev/status': head.status },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: headType,
    data: { release: bytes.toString('base64'), ...signature },
  };
}

/** Undefined if the Secret contains no head of this version. */
export function readHead(secret: KubernetesObject): ReleaseHead | undefined {
  try {
    return headOf(unpacked(dataOf(secret, 'release'), maxHeadBytes));
  } catch {
    return undefined;
  }
}

/** Whether the head's Secret is signed with this key. */
export function hasSignature(secret: KubernetesObject, key: string): boolean {
  const { namespace = '', name } = secret.metadata;
  const head = { namespace, name, bytes: dataOf(secret, 'release') };
  return isSignedBy(head, dataOf(secret, 'signature'), key);
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

/** The bytes of one chunk as they were stored; empty where the Secret has none, which the digest then shows. */
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

/** Labels of the Secrets of an app, or with `number` of one release; also what they are selected by. */
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

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
