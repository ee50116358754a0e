/**
 * The release record (docs/ARCHITECTURE.md, "Lock and record"): a head that says what state the release is in and who holds it, and
 * a body with what was applied and what was there before.
 */
import type { Approval } from '../approval/approval.ts';
import type { Reason } from '../failure/reasons.ts';
import type {
  JsonObject,
  JsonValue,
  KubernetesObject,
  ManagedFieldsEntry,
  ObjectReference,
} from '../kubernetes/objects.ts';
import type { RolloutTarget } from '../rollout/state.ts';
import type { PhaseName, PhaseTiming } from '../settings/phases.ts';

/** The state of a record; the table in docs/ARCHITECTURE.md says who may bring it from which to which. */
export const releaseStatuses = [
  'pending',
  'deployed',
  'failed',
  'rolled-back',
  'restore-unverified',
  'abandoned',
] as const;

export type ReleaseStatus = (typeof releaseStatuses)[number];

/** The job that made a record. `holder` is what the Lease carries; it is unique per process. */
export interface RunIdentity {
  readonly holder: string;
  readonly repository?: string;
  readonly runId?: string;
  readonly attempt?: number;
  readonly job?: string;
  readonly checkRunId?: string;
  readonly runUrl?: string;
  readonly actor?: string;
  readonly commit?: string;
  readonly server?: string;
}

/** The previous state of one object, recorded before its first write. */
export interface StateBefore {
  readonly reference: ObjectReference;
  /** `absent`: the release creates it, undo deletes it (UID precondition). */
  readonly presence: 'absent' | 'present';
  /**
   * The fields that undo sends, with their values before: those we owned, those of entries adopted from other managers, and
   * what the write replaces (fields taken by `adopt`, fields that nobody owned, values that the server allocated).
   */
  readonly restore?: JsonObject;
  /** The names of those fields, as in `managedFields`. */
  readonly fields?: JsonObject;
  /** List items of others that `restore` holds too, only to keep the order; sent where they are still what they were. */
  readonly neighbours?: JsonObject;
  /** Fields that the server adds to what the release writes and that nobody owns: undo takes them away again. */
  readonly brought?: JsonObject;
  /** The ownership entries before: ours, and of each manager from which fields are adopted or taken; restored last. */
  readonly ownership?: readonly ManagedFieldsEntry[];
  readonly uid?: string;
  /** The autoscalers of the release, by `keyOf`, that target it since this release: they change its replicas, not the release. */
  readonly scaledBy?: readonly string[];
  /** Written before undo deletes the object in order to recreate it: from then on this is the state to restore. */
  readonly remake?: Remake;
  /** Of an absent one: when a record first said so, by the API server's clock (RFC 3339); this record's own time where it is missing. */
  readonly absentAt?: string;
  /** Of an absent one: the UID under which an earlier release, whose state before this is, created it. */
  readonly made?: string;
}

/** An object that can only be restored by deleting and recreating it. */
export interface Remake {
  /** With name and namespace, without what the server sets by itself. */
  readonly object: JsonObject;
  /** Who owns what of it. */
  readonly ownership: readonly ManagedFieldsEntry[];
}

/** An object of a release, in the inventory of its record. */
export interface InventoryEntry {
  readonly reference: ObjectReference;
  /** Absent where the server's answer to the write never came. */
  readonly uid?: string;
  /** The API server answered our write with 201 Created. */
  readonly made?: boolean;
}

/** Milliseconds; a quantile that had no good answer is left out. */
export interface RecordedLatency {
  /** Of the test, the same in each release: `auth/latency/GET http:8080/ready`. */
  readonly id: string;
  readonly requests: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
}

/** The head of a record, in a Secret of its own: small enough to be listed and rewritten at every change of state. */
export interface ReleaseHead {
  readonly version: 1;
  readonly app: string;
  readonly number: number;
  readonly status: ReleaseStatus;
  readonly overlay: string;
  readonly run: RunIdentity;
  /** Phase in progress while pending, last phase reached afterwards. */
  readonly phase: PhaseName;
  /** True while the steps of one job hand over by this record and nobody renews the Lease. */
  readonly jobInSteps: boolean;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** Digest of the plan that was applied; see src/domain/plan/digest.ts. */
  readonly planDigest: string;
  readonly approval?: Approval;
  readonly reason?: Reason;
  readonly message?: string;
  /** The record whose previous state this one took over (release state rows 15 and 20). */
  readonly takesOver?: string;
  /** The record that took this one over. */
  readonly takenOverBy?: string;
  /** The deployed release whose objects this one brought back (release state row 21). */
  readonly returnsTo?: string;
  /** The job of `phase: rollback` that undoes it, or did (release state rows 16, 18, 25): while pending the record is its lock. */
  readonly undoneBy?: RunIdentity;
  /** True where the namespace was made by this release: undo may delete it. */
  readonly createdNamespace?: boolean;
  /** What to do if it fails; post and later steps read it here, never from inputs. */
  readonly rollback?: 'manual' | 'automatic' | 'never';
  readonly timings?: readonly PhaseTiming[];
  /** Response times that its smoke tests measured. */
  readonly latencies?: readonly RecordedLatency[];
  /** What its finish deleted because the overlay no longer has it. */
  readonly pruned?: readonly ObjectReference[];
  /** Only this head is left, for the history: its body is removed. */
  readonly trimmed?: true;
  /** Number of chunks, and the digest of all of them, by which the body is found and proven whole. */
  readonly body: { readonly chunks: number; readonly sha256: string };
}

/** The body of a record: what was applied, and all that undo needs. */
export interface ReleaseBody {
  /** The objects as they were sent: with a namespace, and without fields that others manage. */
  readonly rendered: readonly KubernetesObject[];
  /** The previous state of each object that the release changes. */
  readonly before: readonly StateBefore[];
  readonly inventory: readonly InventoryEntry[];
  /** What earlier releases made, the overlay no longer has, and was still there when this one began. */
  readonly earlier?: readonly InventoryEntry[];
  /** There once the step `rollout` of a job in steps has passed. */
  readonly handover?: Handover;
}

/** What the step that rolled a release out leaves for the steps after it, which are processes of their own. */
export interface Handover {
  /** What was rolled out, as it was sent and as the server answered. */
  readonly targets: readonly RolloutTarget[];
  /** What the preview showed as to be deleted: finish may delete no more. */
  readonly prunes: readonly ObjectReference[];
  /** Errors in the logs of the pods that the release replaced, by the key of their workload. */
  readonly oldErrors: readonly {
    readonly workload: string;
    readonly errors: number;
    readonly pods: number;
    readonly podMinutes: number;
  }[];
  /** UIDs of those pods. */
  readonly oldPods: readonly string[];
  /** Databases that did not work before the release, by name. */
  readonly databasesDown: readonly string[];
  /** What phases leave for the same phase in a later process, by its name. */
  readonly notes?: Readonly<Record<string, JsonValue>>;
}

/** The job that a pending record waits for. */
export function responsible({ undoneBy, run }: Pick<ReleaseHead, 'undoneBy' | 'run'>): RunIdentity {
  return undoneBy ?? run;
}

/**
 * Whether both are processes of one job of one attempt. Where GitHub gives no id of the job (act, older servers), jobs of a matrix
 * look alike: `likely`, and whoever goes by it must see that nobody holds the Lease.
 */
export function sameJob(one: RunIdentity, other: RunIdentity): 'yes' | 'likely' | 'no' {
  if (one.checkRunId !== other.checkRunId) return 'no';
  if (one.checkRunId !== undefined) return 'yes';
  const known = one.runId !== undefined && one.job !== undefined;
  const alike =
    one.repository === other.repository &&
    one.runId === other.runId &&
    one.attempt === other.attempt &&
    one.job === other.job;
  return known && alike ? 'likely' : 'no';
}

/** The name of the record and of its head's Secret: `orion-shop-12`. */
export function releaseName(app: string, number: number): string {
  return `orion-${app}-${number}`;
}
