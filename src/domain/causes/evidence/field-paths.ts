import { fieldAt, listAt, type Path, textAt } from '../../kubernetes/fields.ts';
import type { KubernetesObject } from '../../kubernetes/objects.ts';
import { templatePathOf } from '../../workloads/workloads.ts';

/** The path of the pod's spec in the manifest. */
function templatePath(desired: KubernetesObject): Path {
  return [...(templatePathOf(desired) ?? []), 'spec'];
}

/** The deepest existing part of a path: an annotation needs a source line, and defaulted fields have none. */
export function existing(desired: KubernetesObject, path: Path): Path {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    if (fieldAt(desired, ...part) !== undefined) return part;
  }
  return [];
}

/** A field of the pod's spec, or its nearest parent in the manifest. */
export function podField(desired: KubernetesObject, ...rest: Path): Path {
  return existing(desired, [...templatePath(desired), ...rest]);
}

/** A field of a container by its name; an injected container falls back to the template. */
export function containerField(desired: KubernetesObject, container: string, ...rest: Path): Path {
  for (const list of ['containers', 'initContainers']) {
    const base = [...templatePath(desired), list];
    const index = listAt(desired, ...base).findIndex((one) => textAt(one, 'name') === container);
    if (index >= 0) return existing(desired, [...base, index, ...rest]);
  }
  return podField(desired);
}

/** The `env` or `envFrom` entry of a container that refers to this ConfigMap or Secret (and key, if given). */
export function referenceField(
  desired: KubernetesObject,
  container: string,
  source: { readonly name: string; readonly key?: string },
): Path {
  const base = containerField(desired, container);
  const variables = listAt(desired, ...base, 'env');
  const variable = variables.findIndex((entry) =>
    ['configMapKeyRef', 'secretKeyRef'].some(
      (kind) =>
        textAt(entry, 'valueFrom', kind, 'name') === source.name &&
        (source.key === undefined || textAt(entry, 'valueFrom', kind, 'key') === source.key),
    ),
  );
  if (variable >= 0) return [...base, 'env', variable];
  const whole = listAt(desired, ...base, 'envFrom').findIndex((entry) =>
    ['configMapRef', 'secretRef'].some((kind) => textAt(entry, kind, 'name') === source.name),
  );
  return whole >= 0 ? [...base, 'envFrom', whole] : base;
}

/** The volume by its name in the template. */
export function volumeField(desired: KubernetesObject, volume: string | undefined): Path {
  const base = [...templatePath(desired), 'volumes'];
  const index = listAt(desired, ...base).findIndex((one) => textAt(one, 'name') === volume);
  return index >= 0 ? [...base, index] : existing(desired, base);
}
