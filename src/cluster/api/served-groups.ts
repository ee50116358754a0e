/** Discovery: in one aggregated document if the server supports it, else group by group. */
import { ApiError } from '../transport/api-error.ts';
import type { Transport } from '../transport/transport.ts';

/** How the API server serves one kind. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  /** `deployments` */
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** A group and version that is served. */
interface ServedVersion {
  readonly apiVersion: string;
  /** Undefined if the document does not say, or is stale because an extension server is down: use `resourcesOf`. */
  readonly resources?: readonly Resource[];
}

/** The core group has the name `''`. */
export interface ServedGroup {
  readonly name: string;
  /** The preferred one first. */
  readonly versions: readonly ServedVersion[];
}

/**
 * Aggregated discovery, stable since Kubernetes 1.30 (KEP-3352): two requests for all that is served. A server
 * without it responds with the unaggregated format, names of groups and versions.
 */
const aggregated = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/**
 * Every group that is served.
 * @throws as `Transport.request`
 */
export async function readServedGroups(transport: Transport): Promise<readonly ServedGroup[]> {
  const bodies = await Promise.all(['/api', '/apis'].map((path) => readDocument(transport, path)));
  return bodies.flatMap(groupsOf);
}

async function readDocument(transport: Transport, path: string): Promise<DiscoveryBody> {
  return (await transport.request({ method: 'GET', path, accept: aggregated })).body as DiscoveryBody;
}

/** The resources of one group and version; empty if the server does not serve it. */
export async function resourcesOf(transport: Transport, apiVersion: string): Promise<readonly Resource[]> {
  try {
    const { body } = await transport.request({ method: 'GET', path: groupVersionPath(apiVersion) });
    const { resources = [] } = body as { readonly resources?: readonly ListedResource[] };
    return (
      resources
        // Subresources are listed as `deployments/scale`, with their own kinds.
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced, verbs }) => ({ apiVersion, kind, plural: name, namespaced, verbs }))
    );
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/**
 * The served versions of a group as `apiVersion`s, the preferred one first; none if the server does not serve the
 * group.
 */
export async function versionsOfGroup(transport: Transport, group: string): Promise<readonly string[]> {
  try {
    const { body } = await transport.request({ method: 'GET', path: `/apis/${group}` });
    const { versions = [] } = body as Partial<ListedGroup>;
    return versions.map(({ groupVersion }) => groupVersion);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** Path prefix of a group and version: `/api/v1`, `/apis/apps/v1`. */
export function groupVersionPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

interface ListedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

interface ListedVersion {
  readonly groupVersion: string;
}

interface ListedGroup {
  readonly name: string;
  readonly versions: readonly ListedVersion[];
  readonly preferredVersion?: ListedVersion;
}

interface AggregatedResource {
  readonly resource: string;
  /** Without a kind if only subresources are served. */
  readonly responseKind?: { readonly kind?: string } | null;
  readonly scope: string;
  readonly verbs?: readonly string[];
}

interface AggregatedGroup {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly {
    readonly version: string;
    readonly resources?: readonly AggregatedResource[];
    readonly freshness?: string;
  }[];
}

/** Responses of `/api` and `/apis`, aggregated and unaggregated. */
type DiscoveryBody =
  | { readonly kind: 'APIGroupDiscoveryList'; readonly items?: readonly AggregatedGroup[] }
  | { readonly kind: 'APIVersions'; readonly versions?: readonly string[] }
  | { readonly kind: 'APIGroupList'; readonly groups?: readonly ListedGroup[] };

function groupsOf(body: DiscoveryBody): readonly ServedGroup[] {
  if (body.kind === 'APIGroupDiscoveryList') return (body.items ?? []).map(aggregatedGroup);
  if (body.kind === 'APIVersions')
    return [{ name: '', versions: (body.versions ?? []).map((apiVersion) => ({ apiVersion })) }];
  return (body.groups ?? []).map(({ name, versions, preferredVersion }) => ({
    name,
    versions: versions
      .map(({ groupVersion }) => ({ apiVersion: groupVersion }))
      .toSorted(
        (one, other) =>
          Number(other.apiVersion === preferredVersion?.groupVersion) -
          Number(one.apiVersion === preferredVersion?.groupVersion),
      ),
  }));
}

function aggregatedGroup({ metadata, versions = [] }: AggregatedGroup): ServedGroup {
  const name = metadata?.name ?? '';
  return {
    name,
    versions: versions.map(({ version, resources = [], freshness }) => {
      const apiVersion = name === '' ? version : `${name}/${version}`;
      if (freshness === 'Stale') return { apiVersion };
      return { apiVersion, resources: resources.flatMap((one) => aggregatedResource(apiVersion, one)) };
    }),
  };
}

function aggregatedResource(apiVersion: string, one: AggregatedResource): readonly Resource[] {
  const { resource, responseKind, scope, verbs = [] } = one;
  const kind = responseKind?.kind ?? '';
  return kind === ''
    ? []
    : [{ apiVersion, kind, plural: resource, namespaced: scope === 'Namespaced', verbs }];
}
