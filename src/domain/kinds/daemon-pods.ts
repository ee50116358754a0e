/** Which pods of a DaemonSet are of its newest template: its status names no revision. */
import { numberAt, textAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';

const templateGeneration = 'deprecated.daemonset.template.generation';

/**
 * The controller's own test is either of two labels (daemon/util, IsPodUpdated): the count of template changes, which the API
 * server keeps in an annotation, or the hash of the template's revision. After an undo only the hash is that of the pods that never
 * changed: their count is an older one. It is known from a pod that was made since, or, where the controller says that every node
 * has an updated pod, from those that it says so of: the oldest of each node, which with maxSurge stands beside a newer one.
 */
export function isOfNewestTemplate(
  daemonSet: KubernetesObject,
  observed: boolean,
  pods: readonly KubernetesObject[],
): (pod: KubernetesObject) => boolean {
  const wanted = daemonSet.metadata.annotations?.[templateGeneration];
  if (wanted === undefined) return () => true;
  const isNew = (pod: KubernetesObject) => pod.metadata.labels?.['pod-template-generation'] === wanted;
  const known = pods.filter(isNew);
  const told = known.length === 0 && observed && isAllUpdated(daemonSet) ? oldestOfEachNode(pods) : known;
  const hashes = new Set(told.flatMap((pod) => hashOf(pod) ?? []));
  return (pod) => isNew(pod) || hashes.has(hashOf(pod) ?? '');
}

function hashOf(pod: KubernetesObject): string | undefined {
  return pod.metadata.labels?.['controller-revision-hash'];
}

function isAllUpdated(daemonSet: KubernetesObject): boolean {
  const desired = numberAt(daemonSet, 'status', 'desiredNumberScheduled') ?? 0;
  return (numberAt(daemonSet, 'status', 'updatedNumberScheduled') ?? 0) >= desired;
}

/** By creation, of equals by name: as the controller sorts them (podByCreationTimestampAndPhase). */
function oldestOfEachNode(pods: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const oldest = new Map<string | undefined, KubernetesObject>();
  const age = ({ metadata }: KubernetesObject) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  for (const pod of pods) {
    const node = textAt(pod, 'spec', 'nodeName');
    const known = oldest.get(node);
    if (known === undefined || age(pod) < age(known)) oldest.set(node, pod);
  }
  return [...oldest.values()];
}
