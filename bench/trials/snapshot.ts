/** The objects of a namespace as they are now, of the kinds that a release has or may lead to. */
import type { KubernetesObject } from '../judge/writes.ts';
import { kubectl } from './steps.ts';
import type { Workspace } from './workspace.ts';

const always = ['deployment.apps', 'service', 'configmap', 'statefulset.apps'];

/** Kinds of which objects are compared, as kubectl names them. @param rendered of the overlay under judgement */
export function comparedKinds(rendered: readonly KubernetesObject[]): readonly string[] {
  const named = rendered.map(({ kind = '', apiVersion }) => {
    const [group = '', version] = String(apiVersion).split('/');
    return version === undefined ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
  });
  const namespaced = named.filter((kind) => !/^(namespace|customresourcedefinition|.*webhook)/.test(kind));
  return [...new Set([...namespaced, ...always])];
}

/** Of a kind that the server does not know there are none: its definition may be part of the release. */
export async function snapshot(
  kubeconfig: string,
  place: Pick<Workspace, 'namespace' | 'scenario' | 'localise'>,
  kinds: readonly string[],
): Promise<readonly KubernetesObject[]> {
  const found: KubernetesObject[] = [];
  for (const kind of kinds) {
    const text = await kubectl(kubeconfig, place, ['get', kind, '-o', 'json']).catch((error: unknown) => {
      if (String(error).includes("the server doesn't have a resource type")) return '{"items":[]}';
      throw error;
    });
    found.push(...(JSON.parse(text) as { items: readonly KubernetesObject[] }).items);
  }
  return found.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt');
}
