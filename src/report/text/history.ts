import type { DeliveryFigures } from '../../domain/release/delivery.ts';
import { count, formatDuration } from './format.ts';

/** Fewer releases say little about a team. */
const enough = 5;

/** The four DORA metrics (dora.dev) in sentences, with their sample sizes. */
export function figureWords(figures: DeliveryFigures): readonly string[] {
  const { releases, deployed, days, perWeek, failureRate, timeToRestore, unrestored } = figures;
  const frequency =
    perWeek === undefined
      ? `unknown: the records cover only ${days.toFixed(1)} days`
      : `${perWeek.toFixed(1)} a week, ${deployed} in ${Math.round(days)} days`;
  const few =
    releases < enough ? `, of only ${count(releases, 'release')}` : ` of ${count(releases, 'release')}`;
  const open = unrestored === 0 ? '' : `; ${count(unrestored, 'failure')} not fixed yet`;
  return [
    `Deployment frequency: ${frequency}`,
    'Lead time for changes: unknown, records do not contain the time of a commit',
    `Change failure rate: ${failureRate === undefined ? 'unknown' : `${Math.round(failureRate * 100)} %`}${few}`,
    `Time to restore: ${timeToRestore === undefined ? 'no failure was fixed' : `${formatDuration(timeToRestore)} (median)`}${open}`,
  ];
}
