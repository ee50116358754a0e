/** Changes of the cluster as they happen. */
import type { KubernetesObject } from '../domain/kubernetes/objects.ts';

/**
 * One change with the time at which it reached us, `at`: milliseconds since the epoch. `listed` replaces all that was known of
 * that kind in that namespace (absent: in all of them).
 */
export type WatchChange =
  | {
      readonly type: 'listed';
      readonly groupKind: string;
      readonly namespace: string | undefined;
      readonly objects: readonly KubernetesObject[];
      readonly at: number;
    }
  | { readonly type: 'applied'; readonly object: KubernetesObject; readonly at: number }
  | { readonly type: 'deleted'; readonly object: KubernetesObject; readonly at: number };

/** What one watch is about: a kind, in one namespace. */
export interface WatchedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
  /** Whether objects keep `metadata.managedFields`, a third of their size. */
  readonly managedFields?: boolean;
}

/** Watches the cluster for one rollout. */
export interface WatchPort {
  /**
   * Resolves when every initial list was delivered. `onLost` receives why one of the kinds is not (or no longer)
   * watched: from then on the absence of events proves nothing.
   */
  open(
    kinds: readonly WatchedKind[],
    onChange: (change: WatchChange) => void,
    onLost?: (error: unknown) => void,
  ): Promise<{ stop(): void }>;
}
