/** How severe a finding of a pre-check is. */
export type CheckLevel = 'pass' | 'warn' | 'fail';

const severity: Readonly<Record<CheckLevel, number>> = { pass: 0, warn: 1, fail: 2 };

/** The worst level; `pass` for none. */
export function worstLevel(levels: readonly CheckLevel[]): CheckLevel {
  return levels.reduce<CheckLevel>(
    (worst, level) => (severity[level] > severity[worst] ? level : worst),
    'pass',
  );
}
