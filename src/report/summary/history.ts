import type { HistoryEntry } from '../../domain/release/delivery.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { markdownText, shorten } from '../text/escape.ts';
import { formatDuration } from '../text/format.ts';
import { figureWords } from '../text/history.ts';
import type { SummaryLimits } from './limits.ts';
import { renderTable } from './markdown-table.ts';

/** Of `phase: history`: the figures, then a row per release, newest first. */
export function renderHistory({ history }: ResultDocument, limits: SummaryLimits): string {
  if (history === undefined) return '';
  const figures = figureWords(history.figures).map((words) => `- ${markdownText(words)}`);
  const shown = history.entries.slice(0, limits.entries);
  const more = history.entries.length - shown.length;
  const columns = ['release', 'begun', 'by', 'commit', 'verdict', 'took'].map((title) => ({ title }));
  const table = renderTable(
    columns,
    shown.map((entry) => row(entry, limits)),
  );
  return ['### History', figures.join('\n'), table, more > 0 ? `… and ${more} more` : '']
    .filter((part) => part !== '')
    .join('\n\n');
}

function row(entry: HistoryEntry, limits: SummaryLimits): readonly string[] {
  const { release, startedAt, finishedAt, actor = '', commit = '', status, returnsTo, message = '' } = entry;
  const back = returnsTo === undefined ? '' : `, back to ${returnsTo}`;
  const why = status === 'deployed' || message === '' ? '' : `: ${shorten(message, limits.sentence)}`;
  return [
    markdownText(release),
    markdownText(startedAt.replace(/\.\d+Z$/, 'Z')),
    markdownText(shorten(actor, 40)),
    markdownText(commit.slice(0, 12)),
    markdownText(`${status}${back}${why}`),
    finishedAt === undefined ? '' : formatDuration(Date.parse(finishedAt) - Date.parse(startedAt)),
  ];
}
