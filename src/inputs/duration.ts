const milliseconds = { ms: 1, s: 1000, m: 60_000 } as const;

/** The longest duration accepted: GitHub's limit of six hours for a job. */
export const maxDuration = 6 * 60 * 60_000;

/** `300ms`, `5s`, `10m`, `0s` → milliseconds; undefined for anything else (`5`, `1h30`, `-1s`, `1.5s`). */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m)$/.exec(text);
  const unit = match?.[2];
  if (unit !== 'ms' && unit !== 's' && unit !== 'm') return undefined;
  return Number(match?.[1]) * milliseconds[unit];
}

/** Milliseconds → the shortest exact form that `parseDuration` reads back: 300000 → `5m`. Zero is `0s`. */
export function formatDuration(duration: number): string {
  if (duration === 0) return '0s';
  if (duration % milliseconds.m === 0) return `${duration / milliseconds.m}m`;
  return duration % milliseconds.s === 0 ? `${duration / milliseconds.s}s` : `${duration}ms`;
}
