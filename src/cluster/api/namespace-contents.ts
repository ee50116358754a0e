import type { KubernetesObject } from '../../domain/kubernetes/objects.ts';
import type { Transport } from '../transport/transport.ts';
import { groupVersionPath } from './discovery.ts';
import { listAll } from './list.ts';

interface Groups {
  readonly groups?: readonly {
    readonly name: string;
    readonly preferredVersion: { readonly groupVersion: string };
  }[];
}

interface Resources {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** Served by metrics-server from what runs; nothing is stored. */
const computed = /^metrics\.k8s\.io$|^custom\.metrics\.k8s\.io$|^external\.metrics\.k8s\.io$/;

/**
 * Every object of a namespace, of every kind that the server serves. Throws when one kind cannot be listed: what cannot be
 * seen must never count as absent.
 */
export async function namespaceContents(
  transport: Transport,
  namespace: string,
): Promise<readonly KubernetesObject[]> {
  const { groups = [] } = (await transport.request({ method: 'GET', path: '/apis' })).body as Groups;
  const versions = groups
    .filter(({ name }) => !computed.test(name))
    .map(({ preferredVersion }) => preferredVersion.groupVersion);
  const lists = await Promise.all(
    ['v1', ...versions].map(async (apiVersion) => {
      const { resources = [] } = (
        await transport.request({ method: 'GET', path: groupVersionPath(apiVersion) })
      ).body as Resources;
      const listed = resources.filter(
        ({ name, namespaced, verbs }) => namespaced && !name.includes('/') && verbs.includes('list'),
      );
      return Promise.all(
        listed.map(({ name, kind, verbs }) =>
          listAll(transport, { apiVersion, kind, plural: name, namespaced: true, verbs }, { namespace }),
        ),
      );
    }),
  );
  return lists.flat().flatMap(({ objects }) => objects);
}
