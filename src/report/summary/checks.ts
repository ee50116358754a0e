import type { CheckResult, Finding } from '../../domain/checks/finding.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { cleanText, codeFence, markdownText, shorten } from '../text/escape.ts';
import { count, formatDuration } from '../text/format.ts';
import { sourceLink } from '../text/source-link.ts';
import type { SummaryLimits } from './limits.ts';
import { folded, renderTable } from './markdown-table.ts';

/** The first line is a sentence; what follows is YAML to paste. */
function remedyParts(remedy: string): { sentence: string; paste: string } {
  const text = cleanText(remedy);
  const end = text.indexOf('\n');
  return end < 0
    ? { sentence: text, paste: '' }
    : { sentence: text.slice(0, end), paste: text.slice(end + 1).replace(/^\n+/, '') };
}

function indented(markdown: string): string {
  return markdown.replace(/^(?=.)/gm, '  ');
}

function renderFinding(
  finding: Finding,
  check: CheckResult,
  result: ResultDocument,
  limits: SummaryLimits,
): string {
  const { sentence, paste } = remedyParts(finding.remedy);
  const level = finding.level === 'fail' ? '**failed**' : 'warned';
  const place = finding.location ? `<br>**Edit:** ${sourceLink(finding.location, result)}` : '';
  const fix = sentence === '' ? '' : `<br>**Fix:** ${markdownText(shorten(sentence, limits.sentence))}`;
  const line = `- **${check.check}** ${level}: ${markdownText(shorten(finding.message, limits.sentence))}${fix}${place}`;
  if (paste === '') return line;
  return `${line}\n\n${indented(codeFence(shorten(paste, limits.sentence * 4), 'yaml'))}\n`;
}

function renderOpen(result: ResultDocument, limits: SummaryLimits): string {
  const open = (['fail', 'warn'] as const).flatMap((level) =>
    result.checks.flatMap((check) =>
      check.findings.filter((finding) => finding.level === level).map((finding) => ({ check, finding })),
    ),
  );
  const shown = open.slice(0, limits.entries);
  const more = open.length - shown.length;
  return [
    ...shown.map(({ check, finding }) => renderFinding(finding, check, result, limits)),
    ...(more > 0 ? [`- … and ${count(more, 'more finding')}`] : []),
  ].join('\n');
}

/** Checks that passed, folded. */
export function renderPassedChecks(result: ResultDocument, limits: SummaryLimits): string {
  const checks = result.checks.filter(({ level }) => level === 'pass');
  if (checks.length === 0) return '';
  const rows = checks.map(({ check, findings, milliseconds }) => [
    check,
    markdownText(shorten(findings.map(({ message }) => message).join(' '), Math.min(400, limits.sentence))),
    formatDuration(milliseconds),
  ]);
  const columns = [{ title: 'Check' }, { title: 'Seen' }, { title: 'Took', align: 'right' }] as const;
  const all = checks.length === result.checks.length ? 'All ' : '';
  return folded(`${all}${count(checks.length, 'pre-check')} passed`, renderTable(columns, rows));
}

/** Checks that failed or warned, with how to fix them. */
export function renderOpenChecks(result: ResultDocument, limits: SummaryLimits): string {
  const open = renderOpen(result, limits);
  return open === '' ? '' : `### Pre-checks\n\n${open}`;
}
