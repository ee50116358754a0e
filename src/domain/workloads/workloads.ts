/** What a workload is made of: its pod template, containers and images, whatever its kind. */
import { workloadKindOf } from '../kinds/table.ts';
import { isObject } from '../kubernetes/managed-fields.ts';
import type { JsonObject, KubernetesObject } from '../kubernetes/objects.ts';
import type { FieldPath } from '../kubernetes/source-location.ts';

/** A workload, as the documentation calls it: its rollout is watched and judged by its pods. */
export function isRolloutKind(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return workloadKindOf(object)?.waitsFor === 'rollout';
}

/** A workload whose pods serve until somebody deletes them. */
export function isServingKind(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  const kind = workloadKindOf(object);
  return kind?.waitsFor === 'rollout' && kind.runs === 'until-deleted';
}

/** Where the pod template stands in the object; undefined for kinds without one. */
export function templatePathOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): FieldPath | undefined {
  return workloadKindOf(object)?.templatePath;
}

/** The pod template; undefined for kinds without one, or where it is missing. */
export function podTemplateOf(object: KubernetesObject): JsonObject | undefined {
  const path = templatePathOf(object);
  if (path === undefined) return undefined;
  const template = path.reduce<unknown>((node, name) => (isObject(node) ? node[name] : undefined), object);
  return isObject(template) ? template : undefined;
}

interface ContainerImage {
  readonly container: string;
  readonly image: string;
  readonly path: FieldPath;
}

/** Every container's image, init containers first, with its place in the object. */
export function imagesOf(object: KubernetesObject): readonly ContainerImage[] {
  const base = templatePathOf(object);
  const spec = podTemplateOf(object)?.['spec'];
  if (base === undefined || !isObject(spec)) return [];
  return ['initContainers', 'containers'].flatMap((list) => {
    const containers = spec[list];
    return (Array.isArray(containers) ? containers : []).filter(isObject).map((container, index) => ({
      container: String(container['name']),
      image: String(container['image'] ?? ''),
      path: [...base, 'spec', list, index, 'image'],
    }));
  });
}
