/** What the history of an app is told as; made by `history.ts`. */

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
  /** Releases that were begun and are no longer pending. */
  readonly releases: number;
  readonly deployed: number;
  /** Days from the first of them to now. */
  readonly days: number;
  /** Deployed releases per week; absent for a period shorter than one. */
  readonly perWeek?: number;
  /** Failed or taken back, 0 to 1; a return to an earlier release counts against the one that it left. */
  readonly failureRate?: number;
  /** Median of the times from a failed release's begin to the end of what brought a good state back, milliseconds. */
  readonly timeToRestore?: number;
  /** Failures that nothing has mended yet. */
  readonly unrestored: number;
}

/** What `phase: history` shows of an app. */
export interface History {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  readonly figures: DeliveryFigures;
}
