import type { JsonValue, KubernetesObject, ObjectReference } from '../../domain/kubernetes/objects.ts';
import type { ReleaseBody } from '../../domain/release/record.ts';
import type { ClusterPort } from '../../ports/cluster.ts';
import type { StoredRelease } from '../../ports/release-store.ts';
import type { Target } from '../plan/desired.ts';
import type { Run } from '../run/context.ts';
import type { Hold } from './lock.ts';

/** A release with an open record: the state held while the cluster is changed. */
export interface OpenRelease {
  readonly run: Run;
  readonly ready: { readonly cluster: ClusterPort; readonly target: Target };
  readonly hold: Hold;
  readonly release: StoredRelease;
  /** The body on record; a phase that records more of the previous state replaces it (src/flow/phases/write.ts). */
  body: ReleaseBody;
  /** What the preview announced for deletion: finish deletes nothing else. */
  readonly prunes: readonly ObjectReference[];
  /** The server's response to each write, by key; filled as the writes return. */
  readonly written: Map<string, KubernetesObject>;
  /** UIDs of the objects that it created, by key, as reported by the server. */
  readonly made: Map<string, string>;
  /** Databases that did not work before the release, by name; filled as they are found. */
  readonly down: Set<string>;
  /** Data of phases for a later process, by phase; handed over with the record. */
  readonly notes: Map<string, JsonValue>;
}
