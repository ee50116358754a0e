import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../domain/failure/fault.ts';
import { type KubernetesObject, referenceOf } from '../../domain/kubernetes/objects.ts';
import { type ReleaseBody, type ReleaseHead, releaseName } from '../../domain/release/record.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import type { KubernetesApi } from '../api/api.ts';
import { isApiError } from '../transport/api-error.ts';
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
  /** The readable records of other apps in this namespace, newest first. */
  neighbours(app: string): Promise<readonly StoredRelease[]>;
  /** @throws Fault `record-unreadable` when chunks are missing or damaged */
  readBody(release: StoredRelease): Promise<ReleaseBody>;
  create(head: Omit<ReleaseHead, 'body'>, body: ReleaseBody): Promise<StoreResult>;
  /** Optimistic: conflicts with every write since `release` was read. */
  update(release: StoredRelease, patch: HeadPatch): Promise<StoreResult>;
  /** New chunks first, then the head that points to them, then the old chunks go. */
  replaceBody(release: StoredRelease, body: ReleaseBody, patch?: HeadPatch): Promise<StoreResult>;
  /**
   * The body goes, the head says so and stays. The chunks go first: a process that dies in between leaves a head that is
   * trimmed again, and no chunk that nobody knows of.
   */
  trim(release: StoredRelease): Promise<StoreResult>;
  /** The head goes first, so that no head is ever without its body. */
  remove(release: StoredRelease): Promise<void>;
}

/** How often chunk names may turn out to be taken. */
const bodyAttempts = 3;

type StoreApi = Pick<KubernetesApi, 'get' | 'list' | 'create' | 'replace' | 'delete'>;

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
        api.delete({ apiVersion, kind, namespace, name: metadata.name }, { repeatable: true }),
      ),
    );

  /**
   * Chunk names only have to be free: a head finds its chunks by the digest in their label. Taken are those of a process
   * that died before it wrote its head, of somebody who writes the same number now, and ours whose answer was lost.
   */
  const writeBody = async (
    release: Pick<ReleaseHead, 'app' | 'number'>,
    body: ReleaseBody,
    there: readonly KubernetesObject[],
  ) => {
    const { chunks: pieces, sha256 } = packBody(body);
    for (let attempt = 1, superseded = there; ; attempt += 1) {
      const first = nextIndex(superseded);
      const secrets = pieces.map((piece, index) =>
        bodySecret(namespace, release, sha256, first + index, piece),
      );
      try {
        await Promise.all(secrets.map((secret) => api.create(secret, { repeatable: true })));
        return { facts: { chunks: pieces.length, sha256 }, secrets, superseded };
      } catch (error) {
        if (!isApiError(error, 409) || attempt === bodyAttempts) throw error;
      }
      superseded = await chunks(release);
    }
  };

  /** Once the head is written, what it no longer points to goes; if it is not, what we wrote for it goes. */
  const commit = async (
    write: () => Promise<StoreResult>,
    written: readonly KubernetesObject[],
    superseded: readonly KubernetesObject[],
  ) => {
    const result = await write();
    // What stays is found and removed with the next body or the record; it is no reason to fail a release.
    await removeAll(result.type === 'stored' ? superseded : written).catch(() => undefined);
    return result;
  };

  const writeHead = async (head: ReleaseHead, resourceVersion?: string): Promise<StoreResult> => {
    const secret = headSecret(namespace, head, resourceVersion);
    const result = (object: KubernetesObject): StoreResult => {
      return { type: 'stored', release: storedFrom(object, head) };
    };
    try {
      const write = resourceVersion === undefined ? api.create : api.replace;
      return result((await write(secret, { repeatable: true })).object);
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
    }
    // Perhaps our own earlier write came through although its answer did not: the head names its holder.
    const current = await api.get(referenceOf(secret));
    return current !== undefined && isDeepStrictEqual(readHead(current), readHead(secret))
      ? result(current)
      : { type: 'conflict' };
  };

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

    async neighbours(app) {
      const labelSelector = `app.kubernetes.io/managed-by=orion,orion.dev/app!=${app}`;
      const fieldSelector = `type=${headType}`;
      const { objects } = await api.list('v1', 'Secret', { namespace, labelSelector, fieldSelector });
      return toReleaseList(objects).releases;
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
      const { facts, secrets, superseded } = await writeBody(head, body, []);
      return commit(() => writeHead({ ...head, body: facts }), secrets, superseded);
    },

    update: ({ head, resourceVersion }, patch) => writeHead({ ...head, ...patch }, resourceVersion),

    async replaceBody({ head, resourceVersion }, body, patch = {}) {
      if (packBody(body).sha256 === head.body.sha256)
        return writeHead({ ...head, ...patch }, resourceVersion);
      const { facts, secrets, superseded } = await writeBody(head, body, await chunks(head));
      return commit(
        () => writeHead({ ...head, ...patch, body: facts }, resourceVersion),
        secrets,
        superseded,
      );
    },

    async trim({ head, resourceVersion }) {
      await removeAll(await chunks(head));
      return writeHead({ ...head, trimmed: true, body: { ...head.body, chunks: 0 } }, resourceVersion);
    },

    async remove({ name, head }) {
      await api.delete({ apiVersion: 'v1', kind: 'Secret', namespace, name }, { repeatable: true });
      await removeAll(await chunks(head));
    },
  };
}

function nextIndex(secrets: readonly KubernetesObject[]): number {
  return Math.max(-1, ...secrets.map(chunkIndex)) + 1;
}

function toReleaseList(secrets: readonly KubernetesObject[]): ReleaseList {
  const releases: StoredRelease[] = [];
  const unreadable: string[] = [];
  for (const secret of secrets) {
    const head = readHead(secret);
    const { name } = secret.metadata;
    if (head === undefined || releaseName(head.app, head.number) !== name) unreadable.push(name);
    else releases.push(storedFrom(secret, head));
  }
  releases.sort((one, other) => other.head.number - one.head.number);
  const numbers = secrets.map(({ metadata }) => Number(/-(\d+)$/.exec(metadata.name)?.[1] ?? 0));
  return { releases, unreadable, nextNumber: Math.max(0, ...numbers) + 1 };
}

function storedFrom({ metadata }: KubernetesObject, head: ReleaseHead): StoredRelease {
  const { name, resourceVersion = '', creationTimestamp } = metadata;
  const created = creationTimestamp === undefined ? {} : { createdAt: creationTimestamp };
  return { name, head, resourceVersion, ...created };
}

function selector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}
