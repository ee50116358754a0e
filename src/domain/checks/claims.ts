/** The claims that the pods of a workload use, by name. */
import { listAt, numberAt, textAt } from '../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import { replicasOf } from '../kubernetes/surge.ts';
import { podTemplateOf } from '../kubernetes/workloads.ts';

/** Of the pods of a StatefulSet, by one of its claim templates: `data-search-0`. */
export function claimNamesOfSet(set: KubernetesObject, template: string): readonly string[] {
  const first = numberAt(set, 'spec', 'ordinals', 'start') ?? 0;
  return Array.from(
    { length: replicasOf(set) },
    (_, index) => `${template}-${set.metadata.name}-${first + index}`,
  );
}

/** Those that the pod template names, and those that a StatefulSet makes from its claim templates. */
export function claimNamesOfPods(workload: KubernetesObject): readonly string[] {
  const named = listAt(podTemplateOf(workload), 'spec', 'volumes').flatMap(
    (volume) => textAt(volume, 'persistentVolumeClaim', 'claimName') ?? [],
  );
  if (groupKindOf(workload) !== 'StatefulSet.apps') return named;
  const made = listAt(workload, 'spec', 'volumeClaimTemplates').flatMap((template) =>
    claimNamesOfSet(workload, textAt(template, 'metadata', 'name') ?? ''),
  );
  return [...named, ...made];
}
