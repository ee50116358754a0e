import type { ResultDocument } from '../../domain/result/document.ts';
import { cleanText, codeFence, markdownText, shorten } from '../text/escape.ts';
import { count } from '../text/format.ts';
import { sourceLink } from '../text/source-link.ts';
import type { SummaryLimits } from './limits.ts';
import { objectCode } from './object-code.ts';

/** Notices: they failed nothing. */
export function renderNotices(result: ResultDocument, limits: SummaryLimits): string {
  if (result.notices.length === 0) return '';
  const shown = result.notices.slice(0, limits.entries).map((notice) => {
    const object = notice.object ? `${objectCode(notice.object)}: ` : '';
    const place = notice.location ? `<br>**Edit:** ${sourceLink(notice.location, result)}` : '';
    const remedy = notice.remedy === '' ? '' : ` ${markdownText(shorten(notice.remedy, limits.sentence))}`;
    return `- ${object}${markdownText(shorten(notice.message, limits.sentence))}${remedy}${place}`;
  });
  const more = result.notices.length - shown.length;
  const rest = more > 0 ? [`- … and ${count(more, 'more notice')}`] : [];
  return ['### Notices', '', ...shown, ...rest].join('\n');
}

/** One step; a command after a line break gets its own block, so that GitHub offers to copy it. */
function renderStep(step: string, limits: SummaryLimits): string {
  const [sentence = '', ...command] = cleanText(step).trim().split('\n');
  const line = `1. ${markdownText(shorten(sentence, limits.sentence))}`;
  if (command.length === 0) return line;
  const block = codeFence(shorten(command.join('\n'), limits.sentence * 4), '');
  return `${line}\n\n${block.replace(/^(?=.)/gm, '   ')}\n`;
}

/** Remedies that are already printed beside their cause. */
function shownRemedies(result: ResultDocument): Set<string> {
  const findings = result.checks.flatMap((check) => check.findings);
  return new Set([...result.failures, ...findings].map(({ remedy }) => remedy));
}

/** What to do next, most useful first, without remedies that are already printed with a cause. */
export function renderNextSteps(result: ResultDocument, limits: SummaryLimits): string {
  const shown = shownRemedies(result);
  const steps = result.nextSteps.filter((step) => !shown.has(step)).slice(0, limits.entries);
  if (steps.length === 0) return '';
  return ['### What to do next', '', ...steps.map((step) => renderStep(step, limits))].join('\n');
}
