/** Maps kinds to resources by discovery: cached, and refreshed where the result may have changed. */
import { Fault } from '../../domain/failure/fault.ts';
import { isCustomResource } from '../../domain/kubernetes/custom-resource.ts';
import { groupOf } from '../../domain/kubernetes/objects.ts';
import { ApiError } from '../transport/api-error.ts';
import type { Transport } from '../transport/transport.ts';
import {
  groupVersionPath,
  type Resource,
  readServedGroups,
  resourcesOf,
  type ServedGroup,
  versionsOfGroup,
} from './served-groups.ts';

/** Which resource (path, plural, scope) a kind is, as the API server's discovery says. */
export interface ResourceCatalog {
  /** `unknown` if the server does not serve this kind: its CRD may not exist yet, so the result is not cached. */
  find(apiVersion: string, kind: string): Promise<Resource | 'unknown'>;
  /** The same, or if that version is not served, the kind in another version of its group. */
  findInGroup(apiVersion: string, kind: string): Promise<Resource | 'unknown'>;
  /** Which of these kinds (`Certificate.cert-manager.io`) the server serves, each in its preferred version. */
  servedKinds(groupKinds: readonly string[]): Promise<readonly Resource[]>;
}

interface Catalog {
  readonly transport: Transport;
  /** The groups as they were when the first kind was resolved. */
  groups: Promise<readonly ServedGroup[]> | undefined;
  /** Kinds added later, or whose group and version is not in `groups`. */
  readonly later: Map<string, Resource>;
}

/** A catalog that asks nothing before the first kind is looked for. */
export function createResourceCatalog(transport: Transport): ResourceCatalog {
  const catalog: Catalog = { transport, groups: undefined, later: new Map() };
  return {
    find: (apiVersion, kind) => find(catalog, apiVersion, kind),
    findInGroup: (apiVersion, kind) => findInGroup(catalog, apiVersion, kind),
    servedKinds: (groupKinds) => servedKinds(catalog, groupKinds),
  };
}

function groupsOf(catalog: Catalog): Promise<readonly ServedGroup[]> {
  catalog.groups ??= readServedGroups(catalog.transport).catch((error: unknown) => {
    // If the whole document is not available, each group and version is requested.
    if (error instanceof ApiError && [403, 404, 406].includes(error.status)) return [];
    catalog.groups = undefined;
    throw error;
  });
  return catalog.groups;
}

async function find(catalog: Catalog, apiVersion: string, kind: string): Promise<Resource | 'unknown'> {
  const groups = await groupsOf(catalog);
  const group = groups.find(({ name }) => name === groupOf(apiVersion));
  const version = group?.versions.find((one) => one.apiVersion === apiVersion);
  const first = version?.resources?.find((one) => one.kind === kind);
  return first ?? catalog.later.get(`${apiVersion} ${kind}`) ?? ask(catalog, apiVersion, kind);
}

async function ask(catalog: Catalog, apiVersion: string, kind: string): Promise<Resource | 'unknown'> {
  const resources = await resourcesOf(catalog.transport, apiVersion);
  const found = resources.find((one) => one.kind === kind);
  if (found !== undefined) catalog.later.set(`${apiVersion} ${kind}`, found);
  return found ?? 'unknown';
}

async function findInGroup(
  catalog: Catalog,
  apiVersion: string,
  kind: string,
): Promise<Resource | 'unknown'> {
  // A CRD may have dropped the version since the last request; built-in kinds have not.
  const isBuiltIn = !isCustomResource({ apiVersion });
  const named = await (isBuiltIn ? find : ask)(catalog, apiVersion, kind);
  const group = groupOf(apiVersion);
  if (named !== 'unknown' || group === '') return named;
  for (const version of await versionsOfGroup(catalog.transport, group)) {
    const found = await ask(catalog, version, kind);
    if (found !== 'unknown') return found;
  }
  return 'unknown';
}

async function servedKinds(catalog: Catalog, groupKinds: readonly string[]): Promise<readonly Resource[]> {
  // A kind that was added later means that groups may have been added too.
  if (catalog.later.size > 0) catalog.groups = undefined;
  const groups = await groupsOf(catalog);
  const found = await Promise.all(
    groupKinds.map(async (groupKind) => {
      const [kind = '', ...group] = groupKind.split('.');
      const [preferred] = groups.find(({ name }) => name === group.join('.'))?.versions ?? [];
      return preferred === undefined ? 'unknown' : find(catalog, preferred.apiVersion, kind);
    }),
  );
  return found.filter((one) => one !== 'unknown');
}

/** @throws Fault `object-invalid` when the server does not serve the kind */
export async function requireResource(
  resources: ResourceCatalog,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): Promise<Resource> {
  const resource = await resources.find(apiVersion, kind);
  if (resource !== 'unknown') return resource;
  throw new Fault(
    'object-invalid',
    `The cluster does not serve the kind ${kind} in ${apiVersion}.`,
    'Install its CustomResourceDefinition first, or correct apiVersion and kind.',
  );
}

/** Encoded path of a collection, or of one object in it. */
export function resourcePath(resource: Resource, namespace: string | undefined, name?: string): string {
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${groupVersionPath(resource.apiVersion)}${scope}/${resource.plural}${object}`;
}
