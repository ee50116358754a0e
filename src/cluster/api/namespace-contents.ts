import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { Transport } from '../transport/transport.ts';
import { listAll } from './list.ts';
import { type Resource, readServedGroups, resourcesOf, type ServedGroup } from './served-groups.ts';

/** Served by metrics-server from what runs; nothing is stored. */
const computed = /^metrics\.k8s\.io$|^custom\.metrics\.k8s\.io$|^external\.metrics\.k8s\.io$/;

/**
 * Every object of a namespace, of every kind that the server serves. Throws if one kind cannot be listed: objects
 * that cannot be read must never count as absent.
 */
export async function namespaceContents(
  transport: Transport,
  namespace: string,
): Promise<readonly KubernetesObject[]> {
  // Read again: a CRD may have been created since the first discovery.
  const groups = await readServedGroups(transport);
  const lists = await Promise.all(
    groups
      .filter(({ name }) => !computed.test(name))
      .map(async (group) => {
        const listed = (await resourcesIn(transport, group)).filter(
          ({ namespaced, verbs }) => namespaced && verbs.includes('list'),
        );
        return Promise.all(listed.map((resource) => listAll(transport, resource, { namespace })));
      }),
  );
  return lists.flat(2).flatMap(({ objects }) => objects);
}

/** Each resource of a group once, in the most preferred version that has it. */
async function resourcesIn(transport: Transport, { versions }: ServedGroup): Promise<readonly Resource[]> {
  const all = await Promise.all(
    versions.map(({ apiVersion, resources }) => resources ?? resourcesOf(transport, apiVersion)),
  );
  const byPlural = new Map<string, Resource>();
  for (const resource of all.flat()) {
    if (!byPlural.has(resource.plural)) byPlural.set(resource.plural, resource);
  }
  return [...byPlural.values()];
}
