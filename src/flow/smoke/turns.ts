/** A semaphore, first come, first served. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Runs at most `most` pieces of work at a time; a piece that throws frees its place too. */
export function turnsOf(most: number): InTurn {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
