/** The PersistentVolumeClaims that the pods of a workload use, by name. */
import { workloadKindOf } from '../kinds/table.ts';
import { listAt, textAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { podTemplateOf } from '../workloads/workloads.ts';

/** Those in the pod template, and those created from claim templates, if their names are known in advance. */
export function claimNamesOfPods(workload: KubernetesObject): readonly string[] {
  const named = listAt(podTemplateOf(workload), 'spec', 'volumes').flatMap(
    (volume) => textAt(volume, 'persistentVolumeClaim', 'claimName') ?? [],
  );
  const claimNames = workloadKindOf(workload)?.claimNames;
  if (claimNames === undefined) return named;
  const made = listAt(workload, 'spec', 'volumeClaimTemplates').flatMap((template) =>
    claimNames(workload, textAt(template, 'metadata', 'name') ?? ''),
  );
  return [...named, ...made];
}
