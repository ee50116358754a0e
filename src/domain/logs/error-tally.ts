/** Errors counted, with the most frequent ones kept by what they say; its size does not grow with the logs. */

/** All errors are counted in `errors`; `kinds` keeps at most two hundred different ones. */
export interface ErrorTally {
  readonly errors: number;
  /** By normalised text: how often, the first one as it was, and in which pods (the first few). */
  readonly kinds: ReadonlyMap<string, ErrorKind>;
}

interface ErrorKind {
  readonly count: number;
  readonly example: string;
  readonly pods: readonly string[];
}

export const noErrors: ErrorTally = { errors: 0, kinds: new Map() };

const maxKinds = 200;
const maxPods = 5;
const longest = 300;

/** Counts one error; `text` is untrusted, and cut before it is kept. */
export function withError(tally: ErrorTally, text: string, pod: string): ErrorTally {
  const example = text.slice(0, longest);
  const key = normalised(example);
  const known = tally.kinds.get(key);
  const errors = tally.errors + 1;
  // What comes after two hundred different errors counts, but is not listed: the frequent ones came before.
  if (known === undefined && tally.kinds.size >= maxKinds) return { errors, kinds: tally.kinds };
  const pods = known?.pods ?? [];
  const kind = {
    count: (known?.count ?? 0) + 1,
    example: known?.example ?? example,
    pods: pods.includes(pod) || pods.length >= maxPods ? pods : [...pods, pod],
  };
  return { errors, kinds: new Map(tally.kinds).set(key, kind) };
}

/** The same error with other numbers, identifiers or addresses is the same error. */
export function normalised(text: string): string {
  return text
    .replace(/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '#')
    .replace(/\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '#')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The most frequent first. */
export function topErrors(tally: ErrorTally, count: number): readonly ErrorKind[] {
  return [...tally.kinds.values()].sort((one, other) => other.count - one.count).slice(0, count);
}
