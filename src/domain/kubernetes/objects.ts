/** Kubernetes objects as data: what the API server sends and the overlay renders, nothing dropped. */

/** Any value of a JSON document; undefined is none. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** An object of a JSON document. The interface is what lets JsonValue contain itself. */
export interface JsonObject {
  readonly [field: string]: JsonValue;
}

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** One entry of `metadata.managedFields`; `fieldsV1` is the tree of `f:`, `k:`, `v:` and `.` keys. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: JsonObject;
  readonly subresource?: string;
}

/** `metadata` as in the API; times are RFC 3339. What the server sets (UID, resourceVersion, …) is absent in rendered objects. */
export interface ObjectMetadata {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Any object. Beyond metadata nothing is known of its fields: read them with `fields.ts`. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

/** Names one object in one cluster. `namespace` is absent for cluster-scoped objects. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** The reference without a namespace for a cluster-scoped object, and for a rendered one that was not placed yet. */
export function referenceOf(object: KubernetesObject): ObjectReference {
  const { apiVersion, kind, metadata } = object;
  return metadata.namespace === undefined
    ? { apiVersion, kind, name: metadata.name }
    : { apiVersion, kind, namespace: metadata.namespace, name: metadata.name };
}

/** The API group: `apps` of `apps/v1`, the empty string for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `Deployment.apps`, `Service`: how dispatch tables are keyed (versions of one kind share an entry). */
export function groupKindOf(object: { readonly apiVersion: string; readonly kind: string }): string {
  const group = groupOf(object.apiVersion);
  return group === '' ? object.kind : `${object.kind}.${group}`;
}

/** Identity within one cluster, independent of the API version: `Deployment.apps/orion-staging/auth`. */
export function keyOf(reference: ObjectReference): string {
  return `${groupKindOf(reference)}/${reference.namespace ?? ''}/${reference.name}`;
}

/** The UID of the object that controls this one. */
export function controllerUidOf(object: KubernetesObject): string | undefined {
  return object.metadata.ownerReferences?.find((one) => one.controller === true)?.uid;
}

/** For people: `Deployment auth`. The namespace is said once elsewhere. */
export function titleOf(reference: ObjectReference): string {
  return `${reference.kind} ${reference.name}`;
}
