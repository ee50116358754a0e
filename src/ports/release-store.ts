/** Release records, and the Lease that is the lock. */
import type { ReleaseBody, ReleaseHead } from '../domain/release/record.ts';

/** A record's head as it is in the cluster, with what is needed for optimistic concurrency. */
export interface StoredRelease {
  /** `orion-shop-12` */
  readonly name: string;
  readonly head: ReleaseHead;
  readonly resourceVersion: string;
  /** RFC 3339, by the API server's clock. */
  readonly createdAt?: string;
}

/** A Secret with the labels of a record that is not used. */
export interface UnreadableRecord {
  readonly name: string;
  /** `damaged`: no head of this version, or of another release than its name says; `unsigned`: not signed with this run's key. */
  readonly why: 'damaged' | 'unsigned';
}

/** The records of one app in one namespace. */
export interface ReleaseList {
  /** Newest first. */
  readonly releases: readonly StoredRelease[];
  readonly unreadable: readonly UnreadableRecord[];
  /** The next number; the names of unreadable records stay taken. */
  readonly nextNumber: number;
}

/** The release records of one app. Every write is optimistic: it fails if somebody else has written the record since it was read. */
export interface RecordsPort {
  /** Unreadable records are reported, not thrown. */
  list(): Promise<ReleaseList>;
  readBody(release: StoredRelease): Promise<ReleaseBody>;
  /** The records of other apps in the same namespace, newest first. */
  neighbours(): Promise<readonly StoredRelease[]>;
  /** This and the next two throw a Fault `lock-lost` when another run has written the record first. */
  create(head: Omit<ReleaseHead, 'body'>, body: ReleaseBody): Promise<StoredRelease>;
  update(release: StoredRelease, change: Partial<ReleaseHead>): Promise<StoredRelease>;
  replaceBody(release: StoredRelease, body: ReleaseBody): Promise<StoredRelease>;
  /** Keeps only the head. */
  trim(release: StoredRelease): Promise<void>;
  remove(release: StoredRelease): Promise<void>;
}

/** A Lease that this process holds and renews in the background. */
export interface LeaseHold {
  /** False after 40 s without a successful renewal, or when another holder took it. */
  held(): boolean;
  /** Renews at once, or as soon as the server answers again, for up to a minute; true if the Lease is still, or again, ours. */
  confirm(signal: AbortSignal): Promise<boolean>;
  /** Stops renewing and clears the holder; false when it was no longer ours or could not be written. */
  release(): Promise<boolean>;
}

/** What a Lease contains about its holder. */
export interface LeaseFacts {
  readonly holder: string;
  readonly resourceVersion: string;
}

/** The lock of one app in one namespace, while processes run. */
export interface LeasePort {
  /** Undefined where there is no such Lease. */
  read(): Promise<LeaseFacts | undefined>;
  /** `dead` is a Lease whose holder was found dead: it is taken over if nobody has written it since. */
  acquire(
    dead?: LeaseFacts,
  ): Promise<
    | { readonly type: 'acquired'; readonly lease: LeaseHold }
    | { readonly type: 'held'; readonly by: LeaseFacts }
  >;
  /** Watches for up to a minute: if the Lease is not renewed, the holder is dead. */
  watchSilence(
    signal: AbortSignal,
  ): Promise<{ readonly state: 'alive' | 'dead'; readonly lease: LeaseFacts | undefined }>;
}
