import type { PruneReport } from '../../domain/prune/plan.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { markdownText, shorten } from '../text/escape.ts';
import { count } from '../text/format.ts';
import type { SummaryLimits } from './limits.ts';
import { folded } from './markdown-table.ts';
import { objectCode } from './object-code.ts';

const words: Readonly<Record<PruneReport['state'], string>> = {
  'to-prune': 'is to be deleted once the release is proven',
  pruned: 'deleted',
  spared: 'stays',
  'not-pruned': 'was not deleted',
};

/** Objects that the overlay no longer has: deleted, to be deleted, or why they are kept. */
export function renderPruned(result: ResultDocument, limits: SummaryLimits): string {
  const { pruned = [] } = result;
  if (pruned.length === 0) return '';
  const shown = pruned.slice(0, limits.entries).map(({ reference, state, message }) => {
    const why = message === '' ? '' : `: ${markdownText(shorten(message, limits.sentence))}`;
    return `- ${objectCode(reference)} ${words[state]}${why}`;
  });
  const more = pruned.length - shown.length;
  const rest = more > 0 ? [`- … and ${count(more, 'more object')}`] : [];
  const gone = pruned.filter(({ state }) => state === 'pruned').length;
  const title = `No longer in the overlay: ${count(pruned.length, 'object')}${gone > 0 ? `, ${gone} deleted` : ''}`;
  return folded(title, [...shown, ...rest].join('\n'));
}
