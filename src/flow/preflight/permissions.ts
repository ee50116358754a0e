import { workloadKindOf } from '../../domain/kinds/table.ts';
import { groupKindOf, type KubernetesObject } from '../../domain/kubernetes/objects.ts';
import { awaited } from '../../domain/workloads/awaited.ts';
import {
  type Permission,
  servicePermissions,
  standingPermissions,
} from '../../domain/workloads/permissions.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import { resourceInGroup } from '../plan/live-objects.ts';

/** Server-side apply needs `patch`, and `create` for new objects; the preview needs `list`. */
const verbs = ['get', 'list', 'patch', 'create'];

/** What undo deletes: objects that the release created, and pods that keep a StatefulSet from its previous revision. */
function isDeletedByUndo(kind: string, namespaced: boolean): boolean {
  return namespaced && kind !== 'PersistentVolumeClaim';
}

/** Everything this release must be allowed to do, each permission once. */
export async function neededPermissions(
  cluster: ClusterPort,
  objects: readonly KubernetesObject[],
  namespace: string,
  options: { readonly namespaceExists: boolean; readonly callsPods: boolean; readonly undoes: boolean },
): Promise<readonly Permission[]> {
  const rendered = await Promise.all(
    objects.map(async (object) => {
      const resource = (await cluster.resourceOf(object)) ?? (await resourceInGroup(cluster, object));
      if (resource === undefined) return [];
      const scope = resource.namespaced ? { namespace: object.metadata.namespace ?? namespace } : {};
      const undo = options.undoes && isDeletedByUndo(object.kind, resource.namespaced) ? ['delete'] : [];
      return [...verbs, ...undo, ...(awaited(object) ? ['watch'] : [])].map(
        (verb): Permission => ({ group: resource.group, resource: resource.plural, verb, ...scope }),
      );
    }),
  );
  const all = [
    ...rendered.flat(),
    ...standingPermissions(namespace),
    ...(objects.some((object) => groupKindOf(object) === 'Service') ? servicePermissions(namespace) : []),
    ...(options.callsPods
      ? [{ group: '', resource: 'pods', subresource: 'proxy', verb: 'get', namespace }]
      : []),
    ...(options.undoes && objects.some((object) => workloadKindOf(object)?.orderedFrom !== undefined)
      ? [{ group: '', resource: 'pods', verb: 'delete', namespace }]
      : []),
    ...(options.namespaceExists ? [] : [{ group: '', resource: 'namespaces', verb: 'create' }]),
  ];
  return [...new Map(all.map((permission) => [JSON.stringify(permission), permission])).values()];
}

/** What a preview reads; if the other permissions are missing too, it sends no dry-runs. */
export function readingOf(permissions: readonly Permission[]): readonly Permission[] {
  return permissions.filter(
    ({ resource, subresource, verb }) =>
      ['get', 'list'].includes(verb) && resource !== 'leases' && subresource === undefined,
  );
}
