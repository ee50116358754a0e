import { groupKindOf, type KubernetesObject } from '../kubernetes/objects.ts';

/**
 * What keeps a namespace that a release made from being deleted with it (release state row 24): everything but what every
 * namespace has, and this app's records and lock. Events are about things that are gone.
 */
export function leftoversOf(contents: readonly KubernetesObject[], app: string): readonly KubernetesObject[] {
  return contents.filter((object) => !isEverywhere(object) && !isRecord(object, app));
}

const everywhere: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ['kube-root-ca.crt', 'openshift-service-ca.crt'],
  ServiceAccount: ['default', 'builder', 'deployer'],
};

function isEverywhere(object: KubernetesObject): boolean {
  const kind = groupKindOf(object);
  const { name, annotations = {} } = object.metadata;
  if (kind === 'Event' || kind === 'Event.events.k8s.io') return true;
  if (kind === 'RoleBinding.rbac.authorization.k8s.io') return name.startsWith('system:');
  if (kind === 'Secret') {
    const owner = annotations['kubernetes.io/service-account.name'] ?? '';
    return everywhere['ServiceAccount']?.includes(owner) === true;
  }
  return everywhere[kind]?.includes(name) === true;
}

function isRecord(object: KubernetesObject, app: string): boolean {
  const kind = groupKindOf(object);
  if (kind === 'Lease.coordination.k8s.io') return object.metadata.name === `orion-${app}`;
  const type = object['type'];
  return (
    kind === 'Secret' &&
    (type === 'orion.dev/release' || type === 'orion.dev/release-body') &&
    object.metadata.labels?.['orion.dev/app'] === app
  );
}
