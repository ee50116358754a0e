import type { DeliveryFigures } from '../../domain/release/delivery.ts';
import { count, formatDuration } from './format.ts';

/** Fewer say little about a team. */
const enough = 5;

/** The four figures of dora.dev in sentences, with what they are made of. */
export function figureWords(figures: DeliveryFigures): readonly string[] {
  const { releases, deployed, days, perWeek, failureRate, timeToRestore, unrestored } = figures;
  const frequency =
    perWeek === undefined
      ? `not said: the records go back ${days.toFixed(1)} days only`
      : `${perWeek.toFixed(1)} a week, ${deployed} in ${Math.round(days)} days`;
  const few =
    releases < enough ? `, of ${count(releases, 'release')} only` : ` of ${count(releases, 'release')}`;
  const open = unrestored === 0 ? '' : `; ${count(unrestored, 'failure')} not fixed yet`;
  return [
    `Deployment frequency: ${frequency}`,
    'Lead time for changes: unknown, records do not hold when a commit was made',
    `Change failure rate: ${failureRate === undefined ? 'unknown' : `${Math.round(failureRate * 100)} %`}${few}`,
    `Time to restore: ${timeToRestore === undefined ? 'no failure was fixed' : `${formatDuration(timeToRestore)} (median)`}${open}`,
  ];
}
