import type { Failure, LogTail } from '../../domain/failure/failure.ts';
import { titleOf } from '../../domain/kubernetes/objects.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { codeFence, inlineCode, markdownText, shorten } from '../text/escape.ts';
import { eventWords, tailLines } from '../text/evidence.ts';
import { count } from '../text/format.ts';
import { sourceLink } from '../text/source-link.ts';
import type { SummaryLimits } from './limits.ts';

function renderLog(log: LogTail, limits: SummaryLimits): string {
  if (log.lines.length === 0) return '';
  const where = `${inlineCode(log.pod)}, container ${inlineCode(log.container)}`;
  const run = log.previous ? ', previous run' : '';
  const lines = tailLines(log, limits.logLines, limits.logLineCharacters);
  return `Log of ${where}${run}:\n\n${codeFence(lines.join('\n'), 'text')}`;
}

/** The affected objects besides the first one. */
function alsoHit(failure: Failure, limits: SummaryLimits): string {
  const others = failure.objects.slice(1);
  const shown = others.slice(0, limits.entries).map((object) => inlineCode(shorten(titleOf(object), 200)));
  const more = others.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function renderCause(failure: Failure, result: ResultDocument, limits: SummaryLimits): string {
  const sentence = (text: string): string => markdownText(shorten(text, limits.sentence));
  const where = failure.chain.slice(0, 12).map((link) => inlineCode(shorten(link, 200)));
  const also = alsoHit(failure, limits);
  const facts = [
    failure.remedy === '' ? '' : `- **Fix:** ${sentence(failure.remedy)}`,
    failure.location ? `- **Edit:** ${sourceLink(failure.location, result)}` : '',
    where.length > 0 ? `- **Where:** ${where.join(' → ')}` : '',
    also === '' ? '' : `- **Also hit:** ${also}`,
    failure.event ? `- **Event:** ${sentence(eventWords(failure.event))}` : '',
  ].filter((line) => line !== '');
  const logs = failure.logs.slice(0, limits.entries).map((log) => renderLog(log, limits));
  // Four asterisks with nothing between them would render as a horizontal rule.
  return [`**${sentence(failure.message) || failure.reason}**`, facts.join('\n'), ...logs]
    .filter((part) => part !== '')
    .join('\n\n');
}

/**
 * Failed pre-checks are listed with the checks; if there is neither a failed check nor a failure, only the message
 * remains.
 */
export function renderCauses(result: ResultDocument, limits: SummaryLimits): string {
  const shown = result.failures.slice(0, limits.entries);
  const more = result.failures.length - shown.length;
  const failedChecks = result.checks.some(({ level }) => level === 'fail');
  const message = `**${markdownText(shorten(result.message, limits.sentence)) || result.reason}**`;
  if (shown.length === 0) return failedChecks ? '' : `### Cause\n\n${message}`;
  const heading = shown.length === 1 && more === 0 ? '### Cause' : `### ${result.failures.length} causes`;
  const rest = more > 0 ? [`… and ${count(more, 'more cause')}, see the log.`] : [];
  return [heading, ...shown.map((failure) => renderCause(failure, result, limits)), ...rest].join('\n\n');
}
