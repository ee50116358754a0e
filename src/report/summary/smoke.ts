import type { ResultDocument } from '../../domain/result/document.ts';
import type { SmokeOutcome, SmokeReport } from '../../domain/smoke/report.ts';
import { inlineCode, markdownText, shorten } from '../text/escape.ts';
import { count, formatDuration } from '../text/format.ts';
import type { SummaryLimits } from './limits.ts';
import { folded, renderTable } from './markdown-table.ts';

const columns = [{ title: 'What' }, { title: 'Found' }, { title: 'Took', align: 'right' }] as const;

const words: Readonly<Record<SmokeOutcome, string>> = {
  passed: '',
  failed: '**failed**: ',
  skipped: 'skipped: ',
  inconclusive: '**inconclusive**: ',
};

function row(report: SmokeReport): string[] {
  const { subject, kind, outcome, message, body = '', remedy, attempts, milliseconds } = report;
  const said = body === '' ? '' : ` It said: ${inlineCode(shorten(body, 200))}`;
  const how =
    outcome === 'inconclusive' && remedy !== undefined ? ` ${markdownText(shorten(remedy, 300))}` : '';
  const tries = attempts > 1 ? ` (attempt ${attempts})` : '';
  return [
    `${inlineCode(shorten(subject, 200))} ${kind}`,
    `${words[outcome]}${markdownText(shorten(message, 400))}${said}${tries}${how}`,
    milliseconds === undefined ? '' : formatDuration(milliseconds),
  ];
}

function renderRows(reports: readonly SmokeReport[], limits: SummaryLimits): string {
  const shown = reports.slice(0, limits.entries);
  const more = reports.length - shown.length;
  const table = renderTable(columns, shown.map(row));
  return more > 0 ? `${table}\n\n… and ${count(more, 'more test')}.` : table;
}

/** Failed tests, then inconclusive ones. */
export function renderFailedTests({ smoke }: ResultDocument, limits: SummaryLimits): string {
  const failed = smoke.filter(({ outcome }) => outcome === 'failed');
  const open = smoke.filter(({ outcome }) => outcome === 'inconclusive');
  return [
    failed.length === 0 ? '' : `### Failed smoke tests\n\n${renderRows(failed, limits)}`,
    open.length === 0 ? '' : `### Inconclusive smoke tests\n\n${renderRows(open, limits)}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Tests that passed or had nothing to test, folded under their count and slowest answer. */
export function renderPassedTests({ smoke }: ResultDocument, limits: SummaryLimits): string {
  const passed = smoke.filter(({ outcome }) => outcome === 'passed');
  const skipped = smoke.filter(({ outcome }) => outcome === 'skipped');
  if (passed.length + skipped.length === 0) return '';
  const slowest = Math.max(0, ...passed.map(({ milliseconds = 0 }) => milliseconds));
  const all = passed.length === smoke.length ? 'All ' : '';
  const also = skipped.length === 0 ? '' : `, ${skipped.length} skipped`;
  const title = `${all}${count(passed.length, 'smoke test')} passed${also}, the slowest in ${formatDuration(slowest)}`;
  return folded(title, renderRows([...passed, ...skipped], limits));
}
