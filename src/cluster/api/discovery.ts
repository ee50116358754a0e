import { Fault } from '../../domain/failure/fault.ts';
import { groupOf } from '../../domain/kubernetes/objects.ts';
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

export interface ResourceCatalog {
  /** `unknown` where the server does not serve this kind: its CRD may not be there yet, so the answer is not kept. */
  find(apiVersion: string, kind: string): Promise<Resource | 'unknown'>;
  /** The same, or where that version is not served, the kind in another version of its group. */
  findInGroup(apiVersion: string, kind: string): Promise<Resource | 'unknown'>;
}

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Kinds that nearly every overlay has: no discovery round trip is spent on them. */
const everyday: Readonly<Record<string, { namespaced: readonly string[]; cluster: readonly string[] }>> = {
  v1: {
    namespaced: [
      'ConfigMap configmaps',
      'Endpoints endpoints',
      'Event events',
      'LimitRange limitranges',
      'PersistentVolumeClaim persistentvolumeclaims',
      'Pod pods',
      'PodTemplate podtemplates',
      'ReplicationController replicationcontrollers',
      'ResourceQuota resourcequotas',
      'Secret secrets',
      'Service services',
      'ServiceAccount serviceaccounts',
    ],
    cluster: ['Namespace namespaces', 'Node nodes', 'PersistentVolume persistentvolumes'],
  },
  'apps/v1': {
    namespaced: [
      'ControllerRevision controllerrevisions',
      'DaemonSet daemonsets',
      'Deployment deployments',
      'ReplicaSet replicasets',
      'StatefulSet statefulsets',
    ],
    cluster: [],
  },
  'batch/v1': { namespaced: ['CronJob cronjobs', 'Job jobs'], cluster: [] },
  'autoscaling/v2': { namespaced: ['HorizontalPodAutoscaler horizontalpodautoscalers'], cluster: [] },
  'coordination.k8s.io/v1': { namespaced: ['Lease leases'], cluster: [] },
  'discovery.k8s.io/v1': { namespaced: ['EndpointSlice endpointslices'], cluster: [] },
  'networking.k8s.io/v1': {
    namespaced: ['Ingress ingresses', 'NetworkPolicy networkpolicies'],
    cluster: ['IngressClass ingressclasses'],
  },
  'policy/v1': { namespaced: ['PodDisruptionBudget poddisruptionbudgets'], cluster: [] },
  'rbac.authorization.k8s.io/v1': {
    namespaced: ['Role roles', 'RoleBinding rolebindings'],
    cluster: ['ClusterRole clusterroles', 'ClusterRoleBinding clusterrolebindings'],
  },
  'scheduling.k8s.io/v1': { namespaced: [], cluster: ['PriorityClass priorityclasses'] },
  'storage.k8s.io/v1': { namespaced: [], cluster: ['StorageClass storageclasses'] },
  'apiextensions.k8s.io/v1': {
    namespaced: [],
    cluster: ['CustomResourceDefinition customresourcedefinitions'],
  },
};

/** Discovery, one request per group and version, made when a kind outside the everyday ones is first asked for. */
export function createResourceCatalog(transport: Transport): ResourceCatalog {
  const known = new Map<string, Promise<ReadonlyMap<string, Resource>>>();

  const catalog: ResourceCatalog = {
    async find(apiVersion, kind) {
      const builtIn = everydayResource(apiVersion, kind);
      if (builtIn !== undefined) return builtIn;
      const asked = known.get(apiVersion) ?? discover(transport, apiVersion);
      known.set(apiVersion, asked);
      try {
        const found = (await asked).get(kind);
        if (found === undefined) known.delete(apiVersion);
        return found ?? 'unknown';
      } catch (error) {
        known.delete(apiVersion);
        throw error;
      }
    },

    async findInGroup(apiVersion, kind) {
      // A definition may have lost the version since it was asked for.
      known.delete(apiVersion);
      const named = await catalog.find(apiVersion, kind);
      if (named !== 'unknown') return named;
      for (const version of await groupVersions(transport, groupOf(apiVersion))) {
        const found = await catalog.find(version, kind);
        if (found !== 'unknown') return found;
      }
      return 'unknown';
    },
  };
  return catalog;
}

/** The served versions of a group as `apiVersion`s, the preferred one first; none where the server does not know the group. */
async function groupVersions(transport: Transport, group: string): Promise<readonly string[]> {
  if (group === '') return [];
  try {
    const { body } = await transport.request({ method: 'GET', path: `/apis/${group}` });
    const { versions = [] } = body as { versions?: readonly { readonly groupVersion: string }[] };
    return versions.map(({ groupVersion }) => groupVersion);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

/** Which of these kinds the server serves, each in its group's preferred version. One request, and one for each group among them. */
export async function servedKinds(
  transport: Transport,
  catalog: ResourceCatalog,
  groupKinds: readonly string[],
): Promise<readonly Pick<Resource, 'apiVersion' | 'kind' | 'namespaced'>[]> {
  const { groups = [] } = (await transport.request({ method: 'GET', path: '/apis' })).body as {
    readonly groups?: readonly {
      readonly name: string;
      readonly preferredVersion: { readonly groupVersion: string };
    }[];
  };
  const found = await Promise.all(
    groupKinds.map(async (groupKind) => {
      const [kind = '', ...group] = groupKind.split('.');
      const served = groups.find(({ name }) => name === group.join('.'));
      return served === undefined ? undefined : catalog.find(served.preferredVersion.groupVersion, kind);
    }),
  );
  return found.filter((one) => one !== undefined && one !== 'unknown');
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
    `The cluster does not know the kind ${kind} in ${apiVersion}.`,
    'Install its CustomResourceDefinition first, or correct apiVersion and kind.',
  );
}

/** Path prefix of a group and version: `/api/v1`, `/apis/apps/v1`. */
export function groupVersionPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** Encoded path of a collection, or of one object in it. */
export function resourcePath(resource: Resource, namespace: string | undefined, name?: string): string {
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${groupVersionPath(resource.apiVersion)}${scope}/${resource.plural}${object}`;
}

function everydayResource(apiVersion: string, kind: string): Resource | undefined {
  const entries = everyday[apiVersion];
  for (const scope of ['namespaced', 'cluster'] as const) {
    const entry = entries?.[scope].find((line) => line.startsWith(`${kind} `));
    if (entry === undefined) continue;
    return {
      apiVersion,
      kind,
      plural: entry.slice(kind.length + 1),
      namespaced: scope === 'namespaced',
      verbs: allVerbs,
    };
  }
  return undefined;
}

async function discover(transport: Transport, apiVersion: string): Promise<ReadonlyMap<string, Resource>> {
  try {
    const { body } = await transport.request({ method: 'GET', path: groupVersionPath(apiVersion) });
    const { resources } = body as { resources?: readonly DiscoveredResource[] };
    // Subresources are listed as `deployments/scale`, with kinds of their own.
    const whole = (resources ?? []).filter((entry) => !entry.name.includes('/'));
    return new Map(whole.map((entry) => [entry.kind, toResource(apiVersion, entry)]));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return new Map();
    throw error;
  }
}

interface DiscoveredResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

function toResource(apiVersion: string, { name, kind, namespaced, verbs }: DiscoveredResource): Resource {
  return { apiVersion, kind, plural: name, namespaced, verbs };
}
