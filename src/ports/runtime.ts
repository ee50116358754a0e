/** Time and log. */
/** Time as a parameter: milliseconds since the epoch, and a pause that an abort ends early (by rejecting). */
export interface Clock {
  now(): number;
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Where the log goes. Text is already rendered and safe; `group` folds what follows in the Actions log. */
export interface Log {
  group(title: string): void;
  endGroup(): void;
  line(text: string): void;
}
