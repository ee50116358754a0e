/** Changes of the cluster as they happen. */
import type { KubernetesObject } from '../domain/kubernetes/objects.ts';

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

export interface WatchedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
  /** Whether objects keep `metadata.managedFields`, a third of their size. */
  readonly managedFields?: boolean;
}

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
