import { Fault } from '../domain/fault.ts';
import type { KubernetesObject } from '../domain/objects.ts';
import { type ReleaseBody, type ReleaseHead, releaseName } from '../domain/release.ts';
import type { KubernetesApi } from './api.ts';
import { isApiError } from './api-error.ts';
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
} from './release-secrets.ts';

/** A head as it is in the cluster. */
export interface StoredRelease {
  /** `orion-shop-12` */
  readonly name: string;
  readonly head: ReleaseHead;
  readonly resourceVersion: string;
}

export interface ReleaseList {
  /** Newest first. */
  readonly releases: readonly StoredRelease[];
  /** Names of heads that are damaged or of a newer version. */
  readonly unreadable: readonly string[];
  /** The next free number, unreadable heads counted in. */
  readonly nextNumber: number;
}

/** `conflict`: somebody else wrote the record first; read it again before deciding anything. */
export type StoreResult =
  | { readonly type: 'stored'; readonly release: StoredRelease }
  | { readonly type: 'conflict' };

export type HeadPatch = Partial<Omit<ReleaseHead, 'version' | 'app' | 'number' | 'body'>>;

/**
 * Release records as Secrets of one namespace. A head is written after the body it points to and names it by digest, so
 * a process that dies anywhere leaves a complete record or none.
 */
export interface ReleaseStore {
  list(app: string): Promise<ReleaseList>;
  /** @throws Fault `record-unreadable` when chunks are missing or damaged */
  readBody(release: StoredRelease): Promise<ReleaseBody>;
  create(head: Omit<ReleaseHead, 'body'>, body: ReleaseBody): Promise<StoreResult>;
  /** Optimistic: conflicts with every write since `release` was read. */
  update(release: StoredRelease, patch: HeadPatch): Promise<StoreResult>;
  /** New chunks first, then the head that points to them, then the old chunks go. */
  replaceBody(release: StoredRelease, body: ReleaseBody, patch?: HeadPatch): Promise<StoreResult>;
  /** The head goes first, so that no head is ever without its body. */
  remove(release: StoredRelease): Promise<void>;
}

type StoreApi = Pick<KubernetesApi, 'list' | 'create' | 'replace' | 'delete'>;

export function createReleaseStore(api: StoreApi, namespace: string): ReleaseStore {
  const chunks = async (
    release: Pick<ReleaseHead, 'app' | 'number'>,
    labels: Record<string, string> = {},
  ) => {
    const labelSelector = selector({ ...releaseLabels(release), ...labels });
    const { objects } = await api.list('v1', 'Secret', {
      namespace,
      labelSelector,
      fieldSelector: `type=${bodyType}`,
    });
    return objects.toSorted((one, other) => chunkIndex(one) - chunkIndex(other));
  };

  const removeAll = (secrets: readonly KubernetesObject[]) =>
    Promise.all(
      secrets.map(({ apiVersion, kind, metadata }) =>
        api.delete({ apiVersion, kind, namespace, name: metadata.name }),
      ),
    );

  /** Chunk names only have to be free: a head finds its chunks by the digest in their label. */
  const writeBody = async (
    release: Pick<ReleaseHead, 'app' | 'number'>,
    body: ReleaseBody,
    firstIndex: number,
  ) => {
    const { chunks: pieces, sha256 } = packBody(body);
    const secrets = pieces.map((piece, index) =>
      bodySecret(namespace, release, sha256, firstIndex + index, piece),
    );
    await Promise.all(secrets.map((secret) => api.create(secret)));
    return { facts: { chunks: pieces.length, sha256 }, secrets };
  };

  const writeFirstBody = async (release: Pick<ReleaseHead, 'app' | 'number'>, body: ReleaseBody) => {
    try {
      return { ...(await writeBody(release, body, 0)), leftovers: [] };
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
    }
    // Chunks of a process that died before it wrote its head, or of somebody who writes the same number now.
    const leftovers = await chunks(release);
    return { ...(await writeBody(release, body, nextIndex(leftovers))), leftovers };
  };

  /** Once the head is written, what it no longer points to goes; if it is not, what we wrote for it goes. */
  const commit = async (
    write: () => Promise<StoreResult>,
    written: readonly KubernetesObject[],
    superseded: readonly KubernetesObject[],
  ) => {
    const result = await write();
    await removeAll(result.type === 'stored' ? superseded : written);
    return result;
  };

  const putHead = (head: ReleaseHead, resourceVersion: string) =>
    store(() => api.replace(headSecret(namespace, head, resourceVersion)), head);

  return {
    async list(app) {
      const labelSelector = selector(releaseLabels({ app }));
      const { objects } = await api.list('v1', 'Secret', {
        namespace,
        labelSelector,
        fieldSelector: `type=${headType}`,
      });
      return toReleaseList(objects);
    },

    async readBody({ name, head }) {
      const stored = await chunks(head, { 'orion.dev/body': bodyLabel(head.body.sha256) });
      // More than the head counts: a writer died while it removed an equal body's chunks; the last ones are whole.
      const body = unpackBody(stored.slice(-head.body.chunks).map(readChunk), head.body);
      if (body !== undefined) return body;
      throw new Fault(
        'record-unreadable',
        `The body of the release record ${name} is incomplete or damaged.`,
        `Deploy again to start from a new record; nothing can be undone by ${name}.`,
      );
    },

    async create(head, body) {
      const { facts, secrets, leftovers } = await writeFirstBody(head, body);
      const whole = { ...head, body: facts };
      return commit(() => store(() => api.create(headSecret(namespace, whole)), whole), secrets, leftovers);
    },

    update: ({ head, resourceVersion }, patch) => putHead({ ...head, ...patch }, resourceVersion),

    async replaceBody({ head, resourceVersion }, body, patch = {}) {
      if (packBody(body).sha256 === head.body.sha256) return putHead({ ...head, ...patch }, resourceVersion);
      const superseded = await chunks(head);
      const { facts, secrets } = await writeBody(head, body, nextIndex(superseded));
      return commit(() => putHead({ ...head, ...patch, body: facts }, resourceVersion), secrets, superseded);
    },

    async remove({ name, head }) {
      await api.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name });
      await removeAll(await chunks(head));
    },
  };
}

async function store(
  write: () => Promise<{ readonly object: KubernetesObject }>,
  head: ReleaseHead,
): Promise<StoreResult> {
  try {
    const { object } = await write();
    const resourceVersion = object.metadata.resourceVersion ?? '';
    return { type: 'stored', release: { name: releaseName(head.app, head.number), head, resourceVersion } };
  } catch (error) {
    if (isApiError(error, 409)) return { type: 'conflict' };
    throw error;
  }
}

function nextIndex(secrets: readonly KubernetesObject[]): number {
  return Math.max(-1, ...secrets.map(chunkIndex)) + 1;
}

function toReleaseList(secrets: readonly KubernetesObject[]): ReleaseList {
  const releases: StoredRelease[] = [];
  const unreadable: string[] = [];
  for (const secret of secrets) {
    const head = readHead(secret);
    const { name, resourceVersion = '' } = secret.metadata;
    if (head === undefined || releaseName(head.app, head.number) !== name) unreadable.push(name);
    else releases.push({ name, head, resourceVersion });
  }
  releases.sort((one, other) => other.head.number - one.head.number);
  const numbers = secrets.map(({ metadata }) => Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? 0));
  return { releases, unreadable, nextNumber: Math.max(0, ...numbers) + 1 };
}

function selector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}
