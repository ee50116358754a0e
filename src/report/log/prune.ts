import { titleOf } from '../../domain/kubernetes/objects.ts';
import type { PruneReport } from '../../domain/prune/plan.ts';
import { logText, shorten } from '../text/escape.ts';
import { type Colour, type LogClock, logLine, paint } from './line.ts';

const words: Readonly<Record<PruneReport['state'], { readonly words: string; readonly colour: Colour }>> = {
  'to-prune': { words: 'will be pruned: the overlay no longer has it', colour: 'red' },
  pruned: { words: 'pruned', colour: 'red' },
  spared: { words: 'is no longer in the overlay, and is kept', colour: 'grey' },
  'not-pruned': { words: 'was not pruned', colour: 'yellow' },
};

/** `ConfigMap old will be pruned: the overlay no longer has it`. */
export function pruneLine({ reference, state, message }: PruneReport, clock: LogClock): string {
  const { words: said, colour } = words[state];
  const why = message === '' ? '' : `: ${logText(shorten(message, 500))}`;
  return logLine(clock, `  ${logText(shorten(titleOf(reference), 200))} ${paint(said, colour, clock)}${why}`);
}
