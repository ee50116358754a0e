/** What tells one service from another; everything else is the same program. */
export interface Role {
  /** Does the job for the named account. Rejects with a dependency's error. */
  readonly answer: (account: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Rejects, with the reason, while a dependency cannot be reached. */
  readonly checkReady: () => Promise<void>;
  readonly close: () => Promise<void>;
}
