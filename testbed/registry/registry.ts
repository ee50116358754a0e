import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type StoredBlob, unpackArchive } from './archived-image.ts';
import {
  blobUnknown,
  type FailureOptions,
  FailurePlan,
  type FailureStatus,
  manifestUnknown,
  type RegistryError,
} from './failures.ts';

export type { FailureOptions, FailureStatus } from './failures.ts';

/** A request for a part of an image and how it was answered. */
export interface RegistryRequest {
  readonly method: string;
  readonly repository: string;
  readonly kind: 'manifests' | 'blobs';
  /** A tag or a digest. */
  readonly reference: string;
  readonly status: number;
}

/** A registry that serves real images to real nodes, read-only and over plain HTTP, and fails on demand. */
export interface Registry extends AsyncDisposable {
  /** `host:port`, the first part of its images' names; a node must be told to trust it (`trustRegistry`). */
  readonly address: string;
  /** What it was asked for, oldest first. */
  readonly requests: readonly RegistryRequest[];
  /**
   * Serves an image of an OCI archive as `<address>/<repository>:<tag>`.
   * @param name the image's name in the archive, where that holds several
   */
  addImage(repository: string, tag: string, archive: string, name?: string): Promise<void>;
  /** From now on answers requests for this repository with an error; the repository need not exist. */
  fail(repository: string, status: FailureStatus, options?: FailureOptions): void;
  heal(repository: string): void;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Gets a line for each request. */
  readonly log?: (line: string) => void;
}

/** What a registry can serve: manifests by repository and tag or digest, blobs by digest. */
interface Store {
  readonly manifests: Map<string, StoredBlob>;
  readonly blobs: Map<string, StoredBlob>;
}

type Wanted = Pick<RegistryRequest, 'repository' | 'kind' | 'reference'>;

/** Starts a registry on a free port of the loopback address. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'orion-registry-'));
  const store: Store = { manifests: new Map(), blobs: new Map() };
  const failures = new FailurePlan();
  const requests: RegistryRequest[] = [];
  const log = options.log ?? (() => {});
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    response.once('close', () => log(`${method} ${url}: ${response.statusCode}`));
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    const wanted = parsePath(url);
    if (wanted === undefined) return answerOther(url, response);
    const found = failures.take(wanted.repository) ?? find(store, wanted);
    requests.push({ method, ...wanted, status: 'file' in found ? 200 : found.status });
    if ('file' in found) sendBlob(response, found, method === 'HEAD').catch(() => response.destroy());
    else sendError(response, found);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async addImage(repository, tag, archive, name) {
      const { manifest, blobs } = await unpackArchive(archive, await mkdtemp(join(folder, 'image-')), name);
      for (const blob of blobs) store.blobs.set(blob.digest, blob);
      for (const reference of [tag, manifest.digest])
        store.manifests.set(`${repository}/${reference}`, manifest);
    },
    fail: (repository, status, failure) => failures.plan(repository, status, failure),
    heal: (repository) => failures.heal(repository),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function parsePath(url: string): Wanted | undefined {
  const path = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)(?:\?.*)?$/.exec(url);
  if (path === null) return undefined;
  const [, repository = '', kind, reference = ''] = path;
  return { repository, kind: kind === 'blobs' ? 'blobs' : 'manifests', reference };
}

function find(store: Store, { repository, kind, reference }: Wanted): StoredBlob | RegistryError {
  if (kind === 'blobs') return store.blobs.get(reference) ?? blobUnknown;
  return store.manifests.get(`${repository}/${reference}`) ?? manifestUnknown;
}

/** `/v2/` is the specification's way to ask whether this is a registry at all. */
function answerOther(url: string, response: ServerResponse): void {
  if (url === '/v2/') response.end('{}');
  else sendError(response, manifestUnknown);
}

function sendError(response: ServerResponse, { status, headers, body }: RegistryError): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function sendBlob(response: ServerResponse, blob: StoredBlob, headersOnly: boolean): Promise<void> {
  response.writeHead(200, {
    'content-type': blob.mediaType,
    'content-length': blob.size,
    'docker-content-digest': blob.digest,
  });
  if (headersOnly) response.end();
  else await pipeline(createReadStream(blob.file), response);
}
