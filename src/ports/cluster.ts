/** Reads and writes of the cluster, and connections to its pods. */
import type { JsonObject, KubernetesObject, ObjectReference } from '../domain/kubernetes/objects.ts';
import type { ApplyConflict } from '../domain/plan/changes.ts';
import type { ProbeFinding, ProbeRequest } from '../domain/smoke/tests/probe.ts';
import type { Permission } from '../domain/workloads/permissions.ts';

/** What server-side apply came to. A conflict is a result; every other refusal is thrown (`refusalOf` reads it). */
export type ApplyAnswer =
  | {
      readonly type: 'applied';
      readonly object: KubernetesObject;
      readonly warnings: readonly string[];
      /** As reported by the server; false also where a write that had already succeeded was retried. */
      readonly created: boolean;
    }
  | { readonly type: 'conflict'; readonly conflicts: readonly ApplyConflict[] };

/** How an object is sent by server-side apply. */
export interface ApplyOptions {
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Sent in the metadata: the write fails if the object has changed. */
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
  readonly beforeRepeat?: Repeatable['beforeRepeat'];
}

/** A write that is safe to send twice, since a second one changes nothing or fails. */
export interface Repeatable {
  /** Called before a write without a response is retried, up to a minute later; throwing cancels the retry. */
  readonly beforeRepeat?: () => Promise<void>;
}

/** How an object is deleted. It is deleted only while it has the UID that the caller names. */
export interface DeletionOptions extends Repeatable {
  /** What happens to objects that it owns: they are deleted with it (`Background`, the default) or kept. */
  readonly propagation?: 'Background' | 'Orphan';
}

/** What the API server's proxy got from a pod or Service. Statuses of 4xx and 5xx are answers; `status` is absent without any. */
export interface EndpointAnswer {
  readonly status?: number;
  /** The first bytes of the body, untrusted text; or why there was no answer. */
  readonly body: string;
  /** From the request to the end of what was read of the body. */
  readonly milliseconds: number;
}

/** A refusal or failure of the API server; `status` 0 when there was no answer. */
export interface RefusedRequest {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

/** Narrows a list: selectors in the syntax of the API, such as `type=kubernetes.io/tls`. */
export interface ListSelection {
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** Reduces each object, where thousands may be read; requested page by page. */
  readonly keep?: (object: KubernetesObject) => KubernetesObject;
}

/** A kind that the server serves, in the version that it prefers. */
export interface ServedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/**
 * All that the flow asks of the API server. Calls without a note throw where it refuses (`refusalOf`) or cannot be reached
 * (Fault).
 */
export interface ClusterPort {
  /** What the kubeconfig calls the cluster's context. */
  readonly contextName: string;
  /** `v1.36.3`; empty where the server does not tell. */
  serverVersion(): Promise<string>;
  identity(): Promise<string>;
  /** Of these, the ones that this identity lacks, in the order given. */
  missingPermissions(permissions: readonly Permission[]): Promise<readonly Permission[]>;
  /** Undefined while the server does not serve the kind (its CRD does not exist). */
  resourceOf(kind: {
    readonly apiVersion: string;
    readonly kind: string;
  }): Promise<{ readonly group: string; readonly plural: string; readonly namespaced: boolean } | undefined>;
  /**
   * The API version in which the server serves this kind: the given one, else another of its group; undefined while
   * it serves none. An object exists in each of them, so "not served in this version" does not mean "absent".
   */
  servedVersionOf(kind: { readonly apiVersion: string; readonly kind: string }): Promise<string | undefined>;
  /** Which of these kinds (`Certificate.cert-manager.io`) the server serves, each in the version that it prefers. */
  servedKinds(groupKinds: readonly string[]): Promise<readonly ServedKind[]>;
  /** Undefined where there is no such object. */
  get(reference: ObjectReference): Promise<KubernetesObject | undefined>;
  /** Without `namespace`: in all of them. */
  list(
    apiVersion: string,
    kind: string,
    namespace?: string,
    selection?: ListSelection,
  ): Promise<readonly KubernetesObject[]>;
  /** Every object of a namespace, of every kind; throws when one kind may not be listed. */
  contents(namespace: string): Promise<readonly KubernetesObject[]>;
  apply(object: KubernetesObject, options: ApplyOptions): Promise<ApplyAnswer>;
  create(
    object: KubernetesObject,
    options: {
      readonly dryRun: boolean;
      readonly fieldManager: string;
      /** Impersonates this user; a refusal with status 403 if this identity may not. */
      readonly asUser?: string;
    },
  ): Promise<KubernetesObject>;
  /** What a merge patch (RFC 7396) would make of the object; nothing is changed. */
  tryMerge(reference: ObjectReference, patch: JsonObject): Promise<KubernetesObject>;
  /** Replaces the ownership entries alone; `object` carries the resourceVersion that they were read at. */
  patchManagedFields(
    object: KubernetesObject,
    managedFields: readonly unknown[],
    options?: Repeatable,
  ): Promise<KubernetesObject>;
  /**
   * Writes `wanted` as it is, by a JSON patch of what differs from `live`: for what server-side apply rejects, such
   * as a list with a duplicate key. Rejected with 422 if the object has changed since `live` was read.
   */
  rewrite(live: KubernetesObject, wanted: KubernetesObject, options?: Repeatable): Promise<KubernetesObject>;
  /** Deletes the object only if it still has this UID; one that is gone already is no error. */
  delete(reference: ObjectReference, uid: string, options?: DeletionOptions): Promise<void>;
  /** The newest lines, oldest first, untrusted text; empty where the container has no log. */
  podLog(
    namespace: string,
    pod: string,
    container: string,
    options: { readonly previous: boolean; readonly tailLines: number; readonly signal?: AbortSignal },
  ): Promise<readonly string[]>;
  /** A log from a given time on, each line with its time (RFC 3339, nanoseconds); `full`: there is more. */
  logPage(
    namespace: string,
    pod: string,
    container: string,
    options: {
      readonly previous?: boolean;
      readonly since?: string;
      readonly bytes: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<{
    readonly lines: readonly { readonly at: string; readonly text: string }[];
    readonly full: boolean;
  }>;
  /** An HTTP GET to a pod by the API server's proxy; `deadline` in milliseconds. */
  callPod(call: {
    readonly namespace: string;
    readonly pod: string;
    readonly port: number;
    readonly scheme: 'http' | 'https';
    readonly path: string;
    readonly deadline: number;
  }): Promise<EndpointAnswer>;
  /** The same for a Service. */
  callService?(call: {
    readonly namespace: string;
    readonly service: string;
    readonly port: number;
    readonly path: string;
    readonly deadline: number;
  }): Promise<EndpointAnswer>;
  /** True where this process is a pod of this cluster. */
  readonly isInside?: boolean;
  /** A local listener that forwards to one port of one pod; a connection that breaks there breaks here. */
  openPortForward?(target: {
    readonly namespace: string;
    readonly pod: string;
    readonly port: number;
    readonly signal: AbortSignal;
  }): Promise<PortForward>;
  /** Sends all requests from one pod in the cluster; throws if the API server refuses the objects that this needs. */
  probeFromWithin?(
    requests: readonly ProbeRequest[],
    options: {
      readonly namespace: string;
      readonly image: string;
      /** Milliseconds that its pod may take to start. */
      readonly startLimit: number;
      readonly signal: AbortSignal;
    },
  ): Promise<
    | { readonly type: 'answered'; readonly findings: readonly ProbeFinding[] }
    | { readonly type: 'unavailable'; readonly message: string }
  >;
  /** The refusal inside an error thrown by one of these calls; undefined if it is something else. */
  refusalOf(error: unknown): RefusedRequest | undefined;
}

/** An open listener on this machine that leads to one port of one pod; it stays open until `close`. */
export interface PortForward {
  readonly host: string;
  readonly port: number;
  /** The node's last error about a connection that it could not open: untrusted text. */
  lastError?(): string | undefined;
  /** Resolves when everything is closed. */
  close(): Promise<void>;
}
