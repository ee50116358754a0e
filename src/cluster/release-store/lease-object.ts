import type { KubernetesObject, ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { LeaseFacts as LeaseFactsOfPort } from '../../ports/release-store.ts';

const apiVersion = 'coordination.k8s.io/v1';

/** The contents of a Lease; `holder` is empty if nobody holds it. */
export interface LeaseFacts extends LeaseFactsOfPort {
  readonly namespace: string;
  readonly name: string;
  /** Only compared for changes, never with our own clock. */
  readonly renewTime: string;
  readonly uid: string;
  /** Number of times that the holder changed. */
  readonly transitions: number;
  /** Information for other runs (the URL of the holder's run). */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A Lease as it is to be written. */
export interface LeaseContent {
  readonly namespace: string;
  readonly name: string;
  /** Empty: nobody holds it. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** How often it has changed hands, this time included. */
  readonly transitions: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly acquiredAt: number;
  readonly renewedAt: number;
  /**
   * The version to replace; absent for creation. The UID is needed too: a PUT of a deleted Lease creates it, whatever
   * its resourceVersion.
   */
  readonly replaces?: { readonly uid: string; readonly resourceVersion: string };
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** The reference of a Lease by its name. */
export function leaseReference(namespace: string, name: string): ObjectReference {
  return { apiVersion, kind: 'Lease', namespace, name };
}

/** Reads a Lease; what it does not say becomes an empty string or 0. */
export function leaseFacts(object: KubernetesObject): LeaseFacts {
  const spec = (object['spec'] ?? {}) as LeaseSpec;
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    holder: spec.holderIdentity ?? '',
    renewTime: spec.renewTime ?? '',
    resourceVersion: object.metadata.resourceVersion ?? '',
    uid: object.metadata.uid ?? '',
    transitions: spec.leaseTransitions ?? 0,
    annotations: object.metadata.annotations ?? {},
  };
}

/** The object to send: a creation, or with `replaces` the replacement of exactly the Lease that was read. */
export function leaseObject(content: LeaseContent): KubernetesObject {
  const { namespace, name, annotations, replaces } = content;
  return {
    apiVersion,
    kind: 'Lease',
    metadata: {
      namespace,
      name,
      labels: { 'app.kubernetes.io/managed-by': 'orion' },
      annotations,
      ...(replaces === undefined ? {} : { uid: replaces.uid, resourceVersion: replaces.resourceVersion }),
    },
    spec: {
      holderIdentity: content.holder,
      leaseDurationSeconds: content.durationSeconds,
      leaseTransitions: content.transitions,
      acquireTime: microTime(content.acquiredAt),
      renewTime: microTime(content.renewedAt),
    },
  };
}

/** The API server requires MicroTime with exactly six decimals. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
