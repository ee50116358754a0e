import type { ChangeReport } from '../../domain/plan/changes.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { codeFence, htmlCode, inlineCode, shorten } from '../text/escape.ts';
import { count } from '../text/format.ts';
import { sourceLink } from '../text/source-link.ts';
import type { SummaryLimits } from './limits.ts';
import { folded } from './markdown-table.ts';
import { objectCode } from './object-code.ts';

function cutLines(diff: string, maxLines: number): string {
  const lines = diff.split('\n').map((line) => shorten(line, 400));
  const more = lines.length - maxLines;
  return more > 0
    ? [...lines.slice(0, maxLines), `… ${count(more, 'more line')}`].join('\n')
    : lines.join('\n');
}

const verbs = {
  created: { done: 'created', planned: 'would be created' },
  configured: { done: 'changed', planned: 'would be changed' },
  unchanged: { done: 'unchanged', planned: 'stays' },
} as const;

function renderChange(change: ChangeReport, result: ResultDocument, diff: string): string {
  const verb = verbs[change.action][result.outcome === 'planned' ? 'planned' : 'done'];
  const place = change.location ? `, ${sourceLink(change.location, result)}` : '';
  const managers = change.takenFrom.slice(0, 5).map((manager) => inlineCode(shorten(manager, 100)));
  const taken = managers.length > 0 ? `, fields taken over from ${managers.join(', ')}` : '';
  const line = `${objectCode(change.reference)} ${verb}${place}${taken}`;
  return diff === '' ? line : `${line}\n\n${codeFence(diff, 'diff')}`;
}

/** Diffs in order until the budget is used up; objects after that are only counted. */
function withinBudget(
  changes: readonly ChangeReport[],
  result: ResultDocument,
  limits: SummaryLimits,
): string[] {
  const rendered: string[] = [];
  let left = limits.diffCharacters;
  for (const change of changes) {
    const text = renderChange(change, result, cutLines(change.diff, limits.diffLines));
    left -= text.length;
    if (left < 0) break;
    rendered.push(text);
  }
  const more = changes.length - rendered.length;
  return more > 0 ? [...rendered, `… and ${count(more, 'more changed object')}.`] : rendered;
}

function namesOf(changes: readonly ChangeReport[]): string {
  const names = changes.slice(0, 3).map(({ reference }) => htmlCode(shorten(reference.name, 60)));
  const more = changes.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** Created and changed objects, folded, with the diff of each. */
export function renderChanges(result: ResultDocument, limits: SummaryLimits): string {
  const changes = result.changes.filter(({ action }) => action !== 'unchanged');
  if (changes.length === 0) return '';
  const planned = result.outcome === 'planned' ? ' would change' : ' changed';
  const title = `Diff: ${count(changes.length, 'object')}${planned} (${namesOf(changes)})`;
  return folded(title, withinBudget(changes, result, limits).join('\n\n'));
}
