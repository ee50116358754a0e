/** Every Secret and ConfigMap, and every key of them, that the pods of a workload need. */
import { workloadKindOf, workloadKinds } from '../kinds/table.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import type { FieldPath } from '../kubernetes/source-location.ts';

/** One need of a pod: a Secret or ConfigMap, or one key of it. */
export interface ConfigReference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** Absent: the object as a whole. */
  readonly key?: string;
  /** True where pods start without it. */
  readonly optional: boolean;
  readonly use: 'env' | 'envFrom' | 'volume' | 'imagePullSecret';
  /** The container that needs it, for `env` and `envFrom`. */
  readonly container?: string;
  /** The field that names the object or key, from the top of the workload. */
  readonly path: FieldPath;
}

/**
 * The references of a Pod, of a workload with a pod template, or of a CronJob, in the order of the manifest; none for other kinds.
 * The object is taken as it comes: fields of another shape than Kubernetes' are passed over.
 */
export function referencesOf(object: KubernetesObject): readonly ConfigReference[] {
  const path = podSpecPath(object);
  const root = path.reduce<Field>((field, segment) => child(field, segment), { value: object, path: [] });
  const containers = ['initContainers', 'containers'].flatMap((key) => items(child(root, key)));
  return [
    ...items(child(root, 'imagePullSecrets')).flatMap((item) =>
      // The kubelet starts pods without it: whether the pull then works depends on the registry.
      reference('Secret', item, { name: 'name', use: 'imagePullSecret', optional: true }),
    ),
    ...containers.flatMap(containerReferences),
    ...items(child(root, 'volumes')).flatMap(volumeReferences),
  ];
}

function podSpecPath(object: KubernetesObject): FieldPath {
  // A kind of another group that is called as one of the table is taken to look like it.
  const kind = workloadKindOf(object) ?? workloadKinds.find((one) => one.kind === object.kind);
  return [...(kind?.templatePath ?? ['spec', 'template']), 'spec'];
}

/** A value and where it stands. */
interface Field {
  readonly value: unknown;
  readonly path: FieldPath;
}

function child(field: Field, key: string | number): Field {
  const { value } = field;
  const inner = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? value : {};
  return { value: (inner as Readonly<Record<string, unknown>>)[key], path: [...field.path, key] };
}

function items(field: Field): readonly Field[] {
  return Array.isArray(field.value) ? field.value.map((_, index) => child(field, index)) : [];
}

function textOf(field: Field): string | undefined {
  return typeof field.value === 'string' && field.value !== '' ? field.value : undefined;
}

interface Shape {
  /** The field that holds the object's name. */
  readonly name: 'name' | 'secretName';
  readonly use: ConfigReference['use'];
  readonly container?: string | undefined;
  readonly key?: Field;
  readonly optional?: boolean;
}

function reference(kind: ConfigReference['kind'], source: Field, shape: Shape): ConfigReference[] {
  const nameField = child(source, shape.name);
  const name = textOf(nameField);
  if (name === undefined) return [];
  const key = shape.key === undefined ? undefined : textOf(shape.key);
  return [
    {
      kind,
      name,
      ...(key === undefined ? {} : { key }),
      optional: shape.optional ?? (child(source, 'optional').value === true || isPublished(kind, name)),
      use: shape.use,
      ...(shape.container === undefined ? {} : { container: shape.container }),
      path: key === undefined || shape.key === undefined ? nameField.path : shape.key.path,
    },
  ];
}

/** Published in every namespace by Kubernetes, OpenShift and Istio, so a namespace that does not exist yet will have them. */
const published: ReadonlySet<string> = new Set([
  'kube-root-ca.crt',
  'openshift-service-ca.crt',
  'istio-ca-root-cert',
]);

function isPublished(kind: ConfigReference['kind'], name: string): boolean {
  return kind === 'ConfigMap' && published.has(name);
}

function containerReferences(container: Field): ConfigReference[] {
  const name = textOf(child(container, 'name'));
  const fromEnv = items(child(container, 'env')).flatMap((entry) => {
    const valueFrom = child(entry, 'valueFrom');
    return [
      ...keyReference('Secret', child(valueFrom, 'secretKeyRef'), name),
      ...keyReference('ConfigMap', child(valueFrom, 'configMapKeyRef'), name),
    ];
  });
  const fromAll = items(child(container, 'envFrom')).flatMap((entry) => [
    ...reference('Secret', child(entry, 'secretRef'), { name: 'name', use: 'envFrom', container: name }),
    ...reference('ConfigMap', child(entry, 'configMapRef'), {
      name: 'name',
      use: 'envFrom',
      container: name,
    }),
  ]);
  return [...fromEnv, ...fromAll];
}

function keyReference(kind: ConfigReference['kind'], source: Field, container: string | undefined) {
  return reference(kind, source, { name: 'name', use: 'env', container, key: child(source, 'key') });
}

/** Volume types whose secret is named in `secretRef.name`. */
const secretRefVolumes = ['cephfs', 'cinder', 'flexVolume', 'iscsi', 'rbd', 'scaleIO', 'storageos'] as const;

function volumeReferences(volume: Field): ConfigReference[] {
  const use = 'volume';
  return [
    ...withItems('Secret', child(volume, 'secret'), 'secretName'),
    ...withItems('ConfigMap', child(volume, 'configMap'), 'name'),
    ...items(child(child(volume, 'projected'), 'sources')).flatMap((source) => [
      ...withItems('Secret', child(source, 'secret'), 'name'),
      ...withItems('ConfigMap', child(source, 'configMap'), 'name'),
    ]),
    ...reference('Secret', child(volume, 'azureFile'), { name: 'secretName', use }),
    ...reference('Secret', child(child(volume, 'csi'), 'nodePublishSecretRef'), { name: 'name', use }),
    ...secretRefVolumes.flatMap((type) =>
      reference('Secret', child(child(volume, type), 'secretRef'), { name: 'name', use }),
    ),
  ];
}

/** The object, and the keys that `items` lists. */
function withItems(kind: ConfigReference['kind'], source: Field, name: Shape['name']): ConfigReference[] {
  const listed = items(child(source, 'items')).flatMap((item) =>
    reference(kind, source, { name, use: 'volume', key: child(item, 'key') }),
  );
  return listed.length > 0 ? listed : reference(kind, source, { name, use: 'volume' });
}
