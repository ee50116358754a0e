import type { JsonValue, KubernetesObject, ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { ReleaseBody } from '../../domain/release/record.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import type { Target } from '../plan/desired.ts';
import type { Run } from '../run/context.ts';
import type { Hold } from './lock.ts';

/** A release whose record is open: what is held while the cluster is changed. */
export interface OpenRelease {
  readonly run: Run;
  readonly ready: { readonly cluster: ClusterPort; readonly target: Target };
  readonly hold: Hold;
  readonly release: StoredRelease;
  /** As it is on record; a phase that records more of the previous state replaces it (src/flow/phases/write.ts). */
  body: ReleaseBody;
  /** What the preview showed as to be deleted: finish deletes no more. */
  readonly prunes: readonly ObjectReference[];
  /** What the server answered to each write, by key; filled as they return. */
  readonly written: Map<string, KubernetesObject>;
  /** UIDs of what it created, by key: the server said so. */
  readonly made: Map<string, string>;
  /** Databases that did not work before, by name; filled as they are found. */
  readonly down: Set<string>;
  /** What phases leave for a later process, by phase; handed over with the record. */
  readonly notes: Map<string, JsonValue>;
}
