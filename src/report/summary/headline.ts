import type { ResultDocument } from '../../domain/result/document.ts';
import { markdownText, shorten } from '../text/escape.ts';
import { formatDuration } from '../text/format.ts';
import { outcomeFacts, outcomeWords } from '../text/outcome.ts';
import { servingSentence } from '../text/serving.ts';
import type { SummaryLimits } from './limits.ts';

/** Headline with outcome, app, environment and duration; below it the counts. */
export function renderHeadline(result: ResultDocument, limits: SummaryLimits): string {
  const app = markdownText(shorten(result.app, 100));
  const took = formatDuration(result.finishedAt - result.startedAt);
  const headline = `## ${outcomeWords(result, app, markdownText(result.environment))} (${took})`;
  const failed = result.exitCode !== 0;
  // A failure prints its message under "cause"; without a failure it goes here.
  const said = failed ? (result.rollback ?? servingSentence(result)) : result.message;
  const sentence = said === '' ? '' : markdownText(shorten(said, limits.sentence));
  const facts = outcomeFacts(result).join(' · ');
  return [headline, sentence, facts].filter((part) => part !== '').join('\n\n');
}
