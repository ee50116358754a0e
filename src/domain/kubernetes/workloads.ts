/** What a workload is made of: its pod template, containers and images, whatever its kind. */
import { isObject } from './managed-fields.ts';
import { groupKindOf, type JsonObject, type KubernetesObject } from './objects.ts';
import type { FieldPath } from './source-location.ts';

const templatePaths: Readonly<Record<string, FieldPath>> = {
  'Deployment.apps': ['spec', 'template'],
  'ReplicaSet.apps': ['spec', 'template'],
  'StatefulSet.apps': ['spec', 'template'],
  'DaemonSet.apps': ['spec', 'template'],
  'Job.batch': ['spec', 'template'],
  'CronJob.batch': ['spec', 'jobTemplate', 'spec', 'template'],
  Pod: [],
};

/** Kinds whose rollout is watched. */
export const rolloutKinds = [
  'Deployment.apps',
  'StatefulSet.apps',
  'DaemonSet.apps',
  'Job.batch',
  'Pod',
] as const;

export function isRolloutKind(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return (rolloutKinds as readonly string[]).includes(groupKindOf(object));
}

/** Where the pod template stands in the object; undefined for kinds without one. */
export function templatePathOf(object: {
  readonly apiVersion: string;
  readonly kind: string;
}): FieldPath | undefined {
  return templatePaths[groupKindOf(object)];
}

export function podTemplateOf(object: KubernetesObject): JsonObject | undefined {
  const path = templatePathOf(object);
  if (path === undefined) return undefined;
  const template = path.reduce<unknown>((node, name) => (isObject(node) ? node[name] : undefined), object);
  return isObject(template) ? template : undefined;
}

export interface ContainerImage {
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
