/** Response times with a known distribution: 5 ms and an exponential of 10 ms on top. */

export interface Load {
  readonly requests: number;
  /** Per second. */
  readonly rate: number;
  /** Milliseconds after the first request in which nothing is answered. */
  readonly stall?: { readonly from: number; readonly to: number };
}

const base = 5;
const mean = 10;

/** The value below which this share of the delays lies. */
function quantile(share: number): number {
  return base - mean * Math.log(1 - share);
}

/**
 * One delay for each request: the quantiles of a fine grid, shuffled by a seed, so that a sample has the distribution almost exactly
 * and what differs between two measurements is how they measure.
 */
export function delays(requests: number, seed: number): readonly number[] {
  const random = generator(seed);
  const all = Array.from({ length: requests }, (_, index) => quantile((index + 0.5) / requests));
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [all[index], all[other]] = [all[other] ?? 0, all[index] ?? 0];
  }
  return all;
}

/** The p99 that a client sees which asks at the rate, whatever happens: from the intended start to the answer, network aside. */
export function trueP99({ requests, rate, stall }: Load, seed: number): number {
  const seen = delays(requests, seed).map((delay, index) => {
    const sent = (index * 1000) / rate;
    const held = stall !== undefined && sent >= stall.from && sent < stall.to ? stall.to - sent : 0;
    return held + delay;
  });
  return seen.sort((one, other) => one - other)[Math.ceil(requests * 0.99) - 1] ?? Number.NaN;
}

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
