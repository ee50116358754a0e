import type { History } from '../../domain/release/delivery.ts';
import { logText, shorten } from '../text/escape.ts';
import { figureWords } from '../text/history.ts';

/** One line per release, newest first, then the figures. */
export function historyLines({ entries, figures }: History): readonly string[] {
  const lines = entries.map(({ release, status, startedAt, actor = '', commit = '', returnsTo }) => {
    const back = returnsTo === undefined ? '' : ` (back to ${returnsTo})`;
    return logText(
      `${release.padEnd(20)} ${startedAt} ${status}${back} ${commit.slice(0, 12)} ${shorten(actor, 40)}`.trimEnd(),
    );
  });
  return [...lines, ...figureWords(figures)];
}
