/** Which kinds the API server brings along. */
import { groupOf } from '../../kubernetes/objects.ts';

/** Groups that the API server brings along. Not all of `*.k8s.io`: gateway.networking.k8s.io and others are custom resources. */
const builtInGroups: ReadonlySet<string> = new Set([
  '',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
]);

/** An object of a kind that the API server does not bring along. */
export function isCustomResource(object: { readonly apiVersion: string }): boolean {
  return !builtInGroups.has(groupOf(object.apiVersion));
}
