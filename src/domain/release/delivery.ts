/** The history of an app as reported; made by `history.ts`. */

/** One release record in the history; `actor`, `commit` and `runUrl` are absent outside of GitHub Actions. */
export interface HistoryEntry {
  readonly release: string;
  /** Of the record, a `ReleaseStatus`. */
  readonly status: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly actor?: string;
  readonly commit?: string;
  readonly runUrl?: string;
  /** The release that it brought back. */
  readonly returnsTo?: string;
  /** Why it did not stay, one sentence. */
  readonly message?: string;
}

/** Figures of the releases in the history, after the DORA metrics; absent where there are too few to say. */
export interface DeliveryFigures {
  /** Releases that are no longer pending. */
  readonly releases: number;
  readonly deployed: number;
  /** Days from the first of them to now. */
  readonly days: number;
  /** Deployed releases per week; absent for a period shorter than one. */
  readonly perWeek?: number;
  /**
   * Share of failed or rolled-back releases, 0 to 1; a return to an earlier release counts against the one that it
   * replaced.
   */
  readonly failureRate?: number;
  /**
   * Median of the times from the start of a failed release to the end of the rollback or release that fixed it,
   * milliseconds.
   */
  readonly timeToRestore?: number;
  /** Failures that are not fixed yet. */
  readonly unrestored: number;
}

/** What `phase: history` shows of an app. */
export interface History {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  readonly figures: DeliveryFigures;
}
