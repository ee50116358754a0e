/** A Pod made from a workload's template, to ask admission about what a controller will create later. */
import { canonicalJson, isObject } from './managed-fields.ts';
import type { JsonObject, JsonValue, KubernetesObject } from './objects.ts';
import { podTemplateOf } from './workloads.ts';

export function podTemplateChanged(live: KubernetesObject | undefined, predicted: KubernetesObject): boolean {
  if (live === undefined) return true;
  return canonicalJson(podTemplateOf(live)) !== canonicalJson(podTemplateOf(predicted));
}

/** Undefined for kinds without a pod template, and for workloads that are scaled to nothing. */
export function podOfTemplate(workload: KubernetesObject): KubernetesObject | undefined {
  const template = podTemplateOf(workload);
  const spec = template?.['spec'];
  const owner = workload['spec'];
  if (template === undefined || !isObject(spec) || workload.kind === 'Pod') return undefined;
  if (isObject(owner) && owner['replicas'] === 0) return undefined;
  const metadata = isObject(template['metadata']) ? template['metadata'] : {};
  const { namespace } = workload.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${workload.metadata.name.slice(0, 200).replace(/[^a-z0-9]+$/, '')}-orion-dry-run`,
      ...(namespace === undefined ? {} : { namespace }),
      ...labelled(metadata, 'labels'),
      ...labelled(metadata, 'annotations'),
    },
    spec: { ...spec, volumes: volumesOf(spec, workload) },
  };
}

function labelled(
  metadata: JsonObject,
  field: 'labels' | 'annotations',
): Record<string, Record<string, string>> {
  const value = metadata[field];
  return isObject(value) ? { [field]: value as Record<string, string> } : {};
}

/** A claim takes the place of a volume with its name, as in the controller. */
function volumesOf(spec: JsonObject, workload: KubernetesObject): readonly JsonValue[] {
  const claims = claimVolumes(workload);
  const claimed = new Set(claims.map(({ name }) => name));
  const others = listOf(spec['volumes']).filter(
    (volume) => !isObject(volume) || !claimed.has(volume['name']),
  );
  return [...others, ...claims];
}

/** A StatefulSet's claims become volumes of its pods; without them the mounts would look dangling. */
function claimVolumes(workload: KubernetesObject): readonly JsonObject[] {
  const spec = workload['spec'];
  const claims = isObject(spec) ? listOf(spec['volumeClaimTemplates']) : [];
  return claims.filter(isObject).map((claim) => {
    const name = isObject(claim['metadata']) ? String(claim['metadata']['name']) : '';
    return { name, persistentVolumeClaim: { claimName: `${name}-${workload.metadata.name}-0` } };
  });
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
