import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../domain/failure/fault.ts';
import { type KubernetesObject, referenceOf } from '../../domain/kubernetes/objects.ts';
import type { ReleaseBody, ReleaseHead } from '../../domain/release/record.ts';
import type { ReleaseList, StoredRelease } from '../../ports/release-store.ts';
import type { KubernetesApi } from '../api/api.ts';
import { isApiError } from '../transport/api-error.ts';
import { readableOf, storedFrom, toReleaseList } from './release-list.ts';
import {
  bodyLabel,
  bodySecret,
  bodyType,
  chunkIndex,
  headSecret,
  headType,
  packBody,
  readChunk,
  readHead,
  releaseLabels,
  unpackBody,
} from './secrets.ts';

/** `conflict`: another run wrote the record first; read it again before any decision. */
export type StoreResult =
  | { readonly type: 'stored'; readonly release: StoredRelease }
  | { readonly type: 'conflict' };

/** The fields of a head that may change after creation: not its identity, and its body only by `replaceBody` and `trim`. */
export type HeadPatch = Partial<Omit<ReleaseHead, 'version' | 'app' | 'number' | 'body'>>;

/**
 * Release records as Secrets of one namespace. A head is written after the body it points to and identifies it by
 * digest, so a process that is killed at any point leaves a complete record or none.
 */
export interface ReleaseStore {
  list(app: string): Promise<ReleaseList>;
  /** The readable records of other apps in this namespace, newest first. */
  neighbours(app: string): Promise<readonly StoredRelease[]>;
  /** @throws Fault `record-unreadable` when chunks are missing or damaged */
  readBody(release: StoredRelease): Promise<ReleaseBody>;
  create(head: Omit<ReleaseHead, 'body'>, body: ReleaseBody): Promise<StoreResult>;
  /** Optimistic concurrency: conflicts with every write since `release` was read. */
  update(release: StoredRelease, patch: HeadPatch): Promise<StoreResult>;
  /** Writes the new chunks, then the head that points to them, then deletes the old chunks. */
  replaceBody(release: StoredRelease, body: ReleaseBody, patch?: HeadPatch): Promise<StoreResult>;
  /**
   * Removes the body and keeps the head, which says so. The chunks are deleted first: a process that is killed in
   * between leaves a head that is trimmed again, and no orphaned chunk.
   */
  trim(release: StoredRelease): Promise<StoreResult>;
  /** Deletes the head first, so that no head is ever without its body. */
  remove(release: StoredRelease): Promise<void>;
}

/** How often a chunk name may already exist. */
const bodyAttempts = 3;

/** The location of the records. */
interface StoreContext {
  readonly api: Pick<KubernetesApi, 'get' | 'list' | 'create' | 'replace' | 'delete'>;
  readonly namespace: string;
  /** What records are signed with; without it they are neither signed nor checked. */
  readonly key?: string | undefined;
}

/** Identifies a record in labels and in names of Secrets. */
type ReleaseKey = Pick<ReleaseHead, 'app' | 'number'>;

/**
 * The store of one namespace; nothing is read before the first call.
 *
 * @param key signs what is written; a record without its signature is unreadable
 */
export function createReleaseStore(api: StoreContext['api'], namespace: string, key?: string): ReleaseStore {
  const context: StoreContext = { api, namespace, key };
  return {
    list: async (app) => toReleaseList(await readHeads(context, selector(releaseLabels({ app }))), app, key),
    neighbours: async (app) => readableOf(await readHeads(context, selectorOfOthers(app))),
    readBody: (release) => readBody(context, release),
    create: (head, body) => createRecord(context, head, body),
    update: ({ head, resourceVersion }, patch) => writeHead(context, { ...head, ...patch }, resourceVersion),
    replaceBody: (release, body, patch) => replaceBody(context, release, body, patch),
    trim: (release) => trim(context, release),
    remove: (release) => remove(context, release),
  };
}

async function readHeads(
  { api, namespace }: StoreContext,
  labelSelector: string,
): Promise<readonly KubernetesObject[]> {
  const fieldSelector = `type=${headType}`;
  return (await api.list('v1', 'Secret', { namespace, labelSelector, fieldSelector })).objects;
}

/** The chunks of a record, of all bodies or of the labelled one, by index. */
async function readChunks(
  { api, namespace }: StoreContext,
  release: ReleaseKey,
  labels: Readonly<Record<string, string>> = {},
): Promise<readonly KubernetesObject[]> {
  const labelSelector = selector({ ...releaseLabels(release), ...labels });
  const fieldSelector = `type=${bodyType}`;
  const { objects } = await api.list('v1', 'Secret', { namespace, labelSelector, fieldSelector });
  return objects.toSorted((one, other) => chunkIndex(one) - chunkIndex(other));
}

async function readBody(context: StoreContext, { name, head }: StoredRelease): Promise<ReleaseBody> {
  const chunks = await readChunks(context, head, { 'orion.dev/body': bodyLabel(head.body.sha256) });
  // More chunks than the head counts: a writer was killed while deleting the chunks of an equal body; the last ones are complete.
  const body = unpackBody(chunks.slice(-head.body.chunks).map(readChunk), head.body);
  if (body !== undefined) return body;
  throw new Fault(
    'record-unreadable',
    `The body of the release record ${name} is incomplete or damaged.`,
    `Deploy again to start from a new record; ${name} cannot be undone.`,
  );
}

async function createRecord(
  context: StoreContext,
  head: Omit<ReleaseHead, 'body'>,
  body: ReleaseBody,
): Promise<StoreResult> {
  const written = await writeBody(context, head, body, []);
  return commit(context, written, () => writeHead(context, { ...head, body: written.facts }));
}

/** A body with the same digest is not written again. */
async function replaceBody(
  context: StoreContext,
  { head, resourceVersion }: StoredRelease,
  body: ReleaseBody,
  patch: HeadPatch = {},
): Promise<StoreResult> {
  if (packBody(body).sha256 === head.body.sha256)
    return writeHead(context, { ...head, ...patch }, resourceVersion);
  const written = await writeBody(context, head, body, await readChunks(context, head));
  return commit(context, written, () =>
    writeHead(context, { ...head, ...patch, body: written.facts }, resourceVersion),
  );
}

async function trim(context: StoreContext, { head, resourceVersion }: StoredRelease): Promise<StoreResult> {
  await removeAll(context, await readChunks(context, head));
  const trimmed: ReleaseHead = { ...head, trimmed: true, body: { ...head.body, chunks: 0 } };
  return writeHead(context, trimmed, resourceVersion);
}

async function remove(context: StoreContext, { name, head }: StoredRelease): Promise<void> {
  const { api, namespace } = context;
  await api.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name }, { repeatable: true });
  await removeAll(context, await readChunks(context, head));
}

/** A body in the cluster that no head points to yet. */
interface WrittenBody {
  readonly facts: ReleaseHead['body'];
  readonly secrets: readonly KubernetesObject[];
  /** The record's other chunks, which are deleted once the head is written. */
  readonly superseded: readonly KubernetesObject[];
}

/**
 * Chunk names only have to be unused: a head finds its chunks by the digest in their label. Names are in use if a
 * process was killed before it wrote its head, if another run writes the same number now, or if our own response was
 * lost.
 */
async function writeBody(
  context: StoreContext,
  release: ReleaseKey,
  body: ReleaseBody,
  existing: readonly KubernetesObject[],
): Promise<WrittenBody> {
  const { api, namespace } = context;
  const { chunks, sha256 } = packBody(body);
  for (let attempt = 1, superseded = existing; ; attempt += 1) {
    const first = nextIndex(superseded);
    const secrets = chunks.map((chunk, index) =>
      bodySecret(namespace, release, sha256, first + index, chunk),
    );
    try {
      await Promise.all(secrets.map((secret) => api.create(secret, { repeatable: true })));
      return { facts: { chunks: chunks.length, sha256 }, secrets, superseded };
    } catch (error) {
      if (!isApiError(error, 409) || attempt === bodyAttempts) throw error;
    }
    superseded = await readChunks(context, release);
  }
}

/** Once the head is written, chunks that it no longer points to are deleted; if the write fails, the new chunks are. */
async function commit(
  context: StoreContext,
  { secrets, superseded }: WrittenBody,
  write: () => Promise<StoreResult>,
): Promise<StoreResult> {
  const result = await write();
  // Remaining chunks are deleted with the next body or the record; that is no reason to fail a release.
  await removeAll(context, result.type === 'stored' ? superseded : secrets).catch(() => undefined);
  return result;
}

async function removeAll(
  { api, namespace }: StoreContext,
  secrets: readonly KubernetesObject[],
): Promise<void> {
  await Promise.all(
    secrets.map(({ apiVersion, kind, metadata }) =>
      api.delete({ apiVersion, kind, namespace, name: metadata.name }, { repeatable: true }),
    ),
  );
}

/** Creates the head if there is no resource version, else replaces that version. */
async function writeHead(
  { api, namespace, key }: StoreContext,
  head: ReleaseHead,
  resourceVersion?: string,
): Promise<StoreResult> {
  const secret = headSecret(head, { namespace, resourceVersion, key });
  const result = (object: KubernetesObject): StoreResult => {
    return { type: 'stored', release: storedFrom(object, head) };
  };
  try {
    const write = resourceVersion === undefined ? api.create : api.replace;
    return result((await write(secret, { repeatable: true })).object);
  } catch (error) {
    if (!isApiError(error, 409)) throw error;
  }
  // Our own earlier write may have succeeded although its response was lost: the head contains its holder.
  const current = await api.get(referenceOf(secret));
  return current !== undefined && isDeepStrictEqual(readHead(current), readHead(secret))
    ? result(current)
    : { type: 'conflict' };
}

function nextIndex(secrets: readonly KubernetesObject[]): number {
  return Math.max(-1, ...secrets.map(chunkIndex)) + 1;
}

function selectorOfOthers(app: string): string {
  return `app.kubernetes.io/managed-by=orion,orion.dev/app!=${app}`;
}

function selector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}
