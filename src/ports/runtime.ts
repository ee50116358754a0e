/** Time and log. */
/** Time as a parameter: tests hand in a clock that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Rejects with the signal's reason when it aborts. Keeps the process alive meanwhile. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Where the log goes. Text is already rendered and safe; `group` folds what follows in the Actions log. */
export interface Log {
  group(title: string): void;
  endGroup(): void;
  line(text: string): void;
}
