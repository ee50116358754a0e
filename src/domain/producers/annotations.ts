/** What an object makes or is filled with by what its annotations, labels or type ask of a controller. */
import { textAt } from '../kubernetes/fields.ts';
import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';
import { configMap, type Product, secret } from './product.ts';

/** On any object: what it, or its controller, makes. `Secret/shop-db, ConfigMap/shop-ca:ca.crt+extra.crt`. */
const providesAnnotation = 'orion.dev/provides';

/** Entries by comma or line; a name alone is a Secret's, keys follow a colon. What cannot be read provides nothing. */
function annotatedProducts({ metadata }: KubernetesObject): readonly Product[] {
  const entries = (metadata.annotations?.[providesAnnotation] ?? '')
    .split(/[,;\s]+/)
    .filter((one) => one !== '');
  return entries.flatMap((entry) => {
    const read = /^(?:(secret|configmap)\/)?([a-z0-9.*-]+)(?::([-._a-zA-Z0-9+]+))?$/i.exec(entry);
    const [, kind = 'secret', name, keys] = read ?? [];
    const rest = keys === undefined ? {} : { keys: keys.split('+') };
    return kind.toLowerCase() === 'secret' ? secret(name, rest) : configMap(name, rest);
  });
}

const servingCertificate = /^service\.(?:alpha|beta)\.openshift\.io\/serving-cert-secret-name$/;

/** OpenShift signs a certificate for a Service; the replicators copy a Secret or ConfigMap into other namespaces. */
export function productsByAnnotation(object: KubernetesObject): readonly Product[] {
  const annotations = Object.entries(object.metadata.annotations ?? {});
  const served = annotations.flatMap(([name, value]) =>
    servingCertificate.test(name) ? secret(value, { keys: ['tls.crt', 'tls.key'] }) : [],
  );
  const isCopied = annotations.some(([name]) => copies.has(name));
  const { kind, metadata } = object;
  const copied =
    isCopied && (kind === 'Secret' || kind === 'ConfigMap')
      ? [{ kind, name: metadata.name, everywhere: true } as const]
      : [];
  return [...served, ...copied, ...annotatedProducts(object)];
}

const copies: ReadonlySet<string> = new Set([
  'reflector.v1.k8s.emberstack.com/reflection-auto-enabled',
  'replicator.v1.mittwald.de/replicate-to',
  'replicator.v1.mittwald.de/replicate-to-matching',
  'kubed.appscode.com/sync',
]);

/** Who puts keys into a Secret or ConfigMap that the overlay brings without them. */
interface Filler {
  /** "the token controller": the rest of the sentence "… will put it there". */
  readonly by: string;
  /** Absent: not known before they are there. */
  readonly keys?: readonly string[];
  readonly certainty: 'sure' | 'possible';
}

/** By annotation or label, as `GroupKind name`. */
const injections: readonly (readonly [kind: string, name: RegExp, by: string, keys?: readonly string[]])[] = [
  [
    'ConfigMap',
    /^service\.(?:alpha|beta)\.openshift\.io\/inject-cabundle$/,
    "OpenShift's service CA",
    ['service-ca.crt'],
  ],
  [
    'ConfigMap',
    /^config\.openshift\.io\/inject-trusted-cabundle$/,
    "OpenShift's network operator",
    ['ca-bundle.crt'],
  ],
  ['Secret', /^reflector\.v1\.k8s\.emberstack\.com\/reflects$/, 'the reflector'],
  ['ConfigMap', /^reflector\.v1\.k8s\.emberstack\.com\/reflects$/, 'the reflector'],
  ['Secret', /^replicator\.v1\.mittwald\.de\/replicate-from$/, 'the replicator'],
  ['ConfigMap', /^replicator\.v1\.mittwald\.de\/replicate-from$/, 'the replicator'],
  ['Secret', /^secret-generator\.v1\.mittwald\.de\/(?:autogenerate|type)$/, 'the secret generator'],
];

/** Annotations and labels that people and tools put everywhere: none of them asks a controller for data. */
const everyday =
  /^(?:[^/]*$|(?:app|helm|kustomize|config|meta|internal|argocd|kubectl|checksum)\.|kubernetes\.io\/|(?:[a-z0-9-]+\.)*(?:orion\.dev|helm\.sh|k14s\.io|fluxcd\.io|argoproj\.io)\/)/;

/**
 * The controller that fills this object, by its type, its annotations and labels. One that comes without any data and asks
 * for something in a name that nobody here knows may be filled too: there is no other reason to write such an object.
 */
export function fillerOf(object: KubernetesObject): Filler | undefined {
  const kind = groupKindOf(object);
  const type = kind === 'Secret' ? textAt(object, 'type') : undefined;
  if (type === 'kubernetes.io/service-account-token') {
    return { by: 'the token controller', keys: ['token', 'ca.crt', 'namespace'], certainty: 'sure' };
  }
  const { annotations = {}, labels = {} } = object.metadata;
  const names = [...Object.keys(annotations), ...Object.keys(labels)];
  for (const [ofKind, pattern, by, keys] of injections) {
    if (ofKind !== kind || !names.some((name) => pattern.test(name))) continue;
    return { by, certainty: 'sure', ...(keys === undefined ? {} : { keys }) };
  }
  if ((kind !== 'Secret' && kind !== 'ConfigMap') || hasData(object)) return undefined;
  const unknownName = names.find((name) => !everyday.test(name));
  if (unknownName !== undefined) return { by: `who reads its ${unknownName}`, certainty: 'possible' };
  const isOwnType = type !== undefined && type !== 'Opaque' && !type.startsWith('kubernetes.io/');
  return isOwnType ? { by: `who knows its type ${type}`, certainty: 'possible' } : undefined;
}

function hasData(object: KubernetesObject): boolean {
  return ['data', 'stringData', 'binaryData'].some((field) => {
    const map = object[field];
    return typeof map === 'object' && map !== null && Object.keys(map).length > 0;
  });
}
