/**
 * The order of apply: dependencies first. Inside a wave everything is applied in parallel. Custom resources go with
 * the workloads: their CRD may come in the first wave, and their operators are workloads. Those that make Secrets and
 * ConfigMaps for pods go before them, and what they read from before those (ADR 0016).
 */
import { groupKindOf, type KubernetesObject, keyOf, referenceOf } from '../kubernetes/objects.ts';
import { isProducerKind, isSource } from '../producers/table.ts';

export const waves = [
  'foundations',
  'configuration',
  'bindings',
  'producers',
  'workloads',
  'policies',
] as const;
/** The name of a wave; `waves` has them in their order. */
export type Wave = (typeof waves)[number];

const waveByGroupKind: Readonly<Record<string, Wave>> = {
  Namespace: 'foundations',
  'CustomResourceDefinition.apiextensions.k8s.io': 'foundations',
  ConfigMap: 'configuration',
  Secret: 'configuration',
  ServiceAccount: 'configuration',
  'Role.rbac.authorization.k8s.io': 'configuration',
  // The server refuses a binding to a role that is not there, unless one may bind anything.
  'RoleBinding.rbac.authorization.k8s.io': 'bindings',
  'ClusterRole.rbac.authorization.k8s.io': 'configuration',
  'ClusterRoleBinding.rbac.authorization.k8s.io': 'bindings',
  PersistentVolumeClaim: 'configuration',
  PersistentVolume: 'configuration',
  'StorageClass.storage.k8s.io': 'configuration',
  'PriorityClass.scheduling.k8s.io': 'configuration',
  'RuntimeClass.node.k8s.io': 'configuration',
  'NetworkPolicy.networking.k8s.io': 'configuration',
  ResourceQuota: 'configuration',
  LimitRange: 'configuration',
  Service: 'configuration',
  // They call pods of the workloads: before those are up, they would refuse the objects that are applied in the same wave.
  'MutatingWebhookConfiguration.admissionregistration.k8s.io': 'policies',
  'ValidatingWebhookConfiguration.admissionregistration.k8s.io': 'policies',
  // Their webhooks look up the scale target.
  'ScaledObject.keda.sh': 'policies',
  'VerticalPodAutoscaler.autoscaling.k8s.io': 'policies',
  'HorizontalPodAutoscaler.autoscaling': 'policies',
  'PodDisruptionBudget.policy': 'policies',
  'Ingress.networking.k8s.io': 'policies',
};

/** The wave of an object by its kind. Custom resources of unknown kinds count as workloads. */
export function waveOf(object: { readonly apiVersion: string; readonly kind: string }): Wave {
  const known = waveByGroupKind[groupKindOf(object)];
  if (known !== undefined) return known;
  if (isSource(object)) return 'bindings';
  return isProducerKind(object) ? 'producers' : 'workloads';
}

const nothing: ReadonlySet<string> = new Set();

/** The objects wave by wave, empty waves left out. `producers`: those that make what pods need, of whatever kind, by `keyOf`. */
export function inWaves<T extends { readonly desired: KubernetesObject }>(
  changes: readonly T[],
  producers: ReadonlySet<string> = nothing,
): readonly { readonly wave: Wave; readonly changes: readonly T[] }[] {
  const waveOfChange = ({ desired }: T): Wave => {
    const wave = waveOf(desired);
    return wave === 'workloads' && producers.has(keyOf(referenceOf(desired))) ? 'producers' : wave;
  };
  const placed = changes.map((change) => ({ change, wave: waveOfChange(change) }));
  return waves
    .map((wave) => ({ wave, changes: placed.filter((one) => one.wave === wave).map(({ change }) => change) }))
    .filter(({ changes: members }) => members.length > 0);
}

/** Kinds that a wave is for by name, sorted; whatever has no wave goes with the workloads. */
export function kindsOfWave(wave: Wave): readonly string[] {
  const kinds = Object.entries(waveByGroupKind).filter(([, its]) => its === wave);
  return kinds.map(([groupKind]) => groupKind.split('.')[0] ?? groupKind).sort();
}
