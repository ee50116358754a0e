/** Time and log. */
/** The clock as a parameter: tests pass one that they advance themselves. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects with the signal's reason when it aborts. Keeps the process alive meanwhile. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The log output. Text is already rendered and escaped; `group` folds what follows in the Actions log. */
export interface Log {
  group(title: string): void;
  endGroup(): void;
  line(text: string): void;
}
