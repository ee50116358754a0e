import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { ApiError } from '../transport/api-error.ts';
import type { Transport } from '../transport/transport.ts';
import { resourcePath } from './discovery.ts';
import type { Resource } from './served-groups.ts';

/** Filters for reading a collection; without `namespace`, objects of all namespaces. */
export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Reduces each object, page by page, so that the full objects of a large cluster are never in memory at once. */
  readonly keep?: ((object: KubernetesObject) => KubernetesObject) | undefined;
}

/** A whole collection, and the version at which it was read. */
export interface ListResult {
  readonly objects: readonly KubernetesObject[];
  /** The resourceVersion from which a watch continues. */
  readonly resourceVersion: string;
}

/** Reads a collection page by page. An expired continue token restarts the list, at most twice. */
export async function listAll(
  transport: Transport,
  resource: Resource,
  options: ListOptions,
): Promise<ListResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listPages(transport, resource, options);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 410 || attempt === 3) throw error;
    }
  }
}

async function listPages(
  transport: Transport,
  resource: Resource,
  options: ListOptions,
): Promise<ListResult> {
  const { apiVersion, kind } = resource;
  const path = resourcePath(resource, options.namespace);
  const objects: KubernetesObject[] = [];
  let page: string | undefined;
  for (;;) {
    const { labelSelector, fieldSelector, signal } = options;
    const query = { limit: 500, labelSelector, fieldSelector, continue: page };
    const body = (await transport.request({ method: 'GET', path, query, signal })).body as ListBody;
    // Items of a list have neither apiVersion nor kind.
    for (const item of body.items ?? []) {
      const object = { ...item, apiVersion, kind };
      objects.push(options.keep === undefined ? object : options.keep(object));
    }
    page = body.metadata?.continue || undefined;
    if (page === undefined) return { objects, resourceVersion: body.metadata?.resourceVersion ?? '' };
  }
}

interface ListBody {
  readonly items?: readonly KubernetesObject[] | null;
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
}
