/** What a benchmark must show, and what it showed. */
export interface Target {
  readonly name: string;
  readonly figure: number;
  /** The figure must not be above it. */
  readonly limit: number;
  readonly unit: string;
  /** How the figure came about: "median 0.6 s against 6.1 s". */
  readonly detail: string;
}

export function isMet({ figure, limit }: Target): boolean {
  return figure <= limit;
}

/** `met     0.11 × of kubectl's time (at most 0.3)  time to apply, first install: …` */
export function targetLine(target: Target): string {
  const { name, limit, unit, detail } = target;
  return `${isMet(target) ? 'met   ' : 'MISSED'}  ${name}: ${shown(target.figure)}${unit} (at most ${limit}${unit}); ${detail}`;
}

/** Three digits that count. */
export function shown(figure: number): string {
  return Number.isFinite(figure) ? String(Number(figure.toPrecision(3))) : 'no figure';
}
