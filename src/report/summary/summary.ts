/** The job summary. The outcome first, then the cause, then what to do. */
import type { ResultDocument } from '../../domain/result/document.ts';
import { renderCauses } from './causes.ts';
import { renderChanges } from './changes.ts';
import { renderOpenChecks, renderPassedChecks } from './checks.ts';
import { renderFacts } from './facts.ts';
import { renderHeadline } from './headline.ts';
import { renderHistory } from './history.ts';
import { renderLatency } from './latency.ts';
import { limitSteps, type SummaryLimits, summaryBytes } from './limits.ts';
import { renderNextSteps, renderNotices } from './notices.ts';
import { renderPruned } from './pruned.ts';
import { renderFailedTests, renderPassedTests } from './smoke.ts';
import { renderTimeline } from './timeline.ts';
import { renderWorkloads } from './workloads.ts';

function cutNote(limits: SummaryLimits): string {
  if (limits.cut === '') return '';
  return `_Left out to stay within GitHub's size limit: ${limits.cut}. The log and the \`result\` document have everything._`;
}

/** Details, folded. */
function renderDetails(result: ResultDocument, limits: SummaryLimits): string {
  const parts = [
    renderChanges(result, limits),
    renderPruned(result, limits),
    renderLatency(result, limits),
    renderPassedTests(result, limits),
    renderPassedChecks(result, limits),
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ['### Details', ...parts].join('\n\n');
}

function renderWithin(result: ResultDocument, limits: SummaryLimits): string {
  const failed = result.exitCode !== 0;
  const steps = renderNextSteps(result, limits);
  const sections = [
    renderHeadline(result, limits),
    failed ? renderCauses(result, limits) : '',
    result.exitCode === 1 ? renderOpenChecks(result, limits) : '',
    failed ? steps : '',
    renderHistory(result, limits),
    renderWorkloads(result, limits),
    renderFailedTests(result, limits),
    result.exitCode === 1 ? '' : renderOpenChecks(result, limits),
    renderNotices(result, limits),
    failed ? '' : steps,
    renderDetails(result, limits),
    renderTimeline(result),
    renderFacts(result),
    cutNote(limits),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/**
 * Renders the result as GitHub-flavoured Markdown, at most 900 KiB of UTF-8 (GitHub drops a summary over 1 MiB). The diff is
 * cut first, then logs, then rows; headline and cause always stay. The result must be redacted before (`redactResult`).
 */
export function renderSummary(result: ResultDocument): string {
  let summary = '';
  for (const limits of limitSteps) {
    summary = renderWithin(result, limits);
    if (Buffer.byteLength(summary) <= summaryBytes) break;
  }
  return summary;
}
