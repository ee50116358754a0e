import type { ResultDocument } from '../../domain/result/document.ts';
import { estimateWords } from '../../domain/smoke/latency/latency.ts';
import { failureWords } from '../../domain/smoke/latency/latency-failures.ts';
import type { Estimate, SmokeReport } from '../../domain/smoke/report.ts';
import { htmlCode, inlineCode, mermaidLabel, shorten } from '../text/escape.ts';
import { count, formatDuration } from '../text/format.ts';
import type { SummaryLimits } from './limits.ts';
import { folded, renderTable } from './markdown-table.ts';

type Measured = SmokeReport & { readonly latency: NonNullable<SmokeReport['latency']> };

const columns = [
  { title: 'Endpoint' },
  { title: 'p50', align: 'right' },
  { title: 'p95 (95 % interval)', align: 'right' },
  { title: 'p99', align: 'right' },
  { title: 'Worst', align: 'right' },
  { title: 'Failed requests', align: 'right' },
  { title: 'Limit', align: 'right' },
] as const;

function isMeasured(report: SmokeReport): report is Measured {
  return report.latency !== undefined;
}

function row({ subject, address, latency }: Measured): string[] {
  const { p50, p95, p99, worst = 0, errors, requests, failures = {}, threshold, before, way } = latency;
  const cost = way === undefined ? '' : `, of which ${formatDuration(way)} is the route`;
  const got = errors === 0 ? '' : `: ${failureWords(failures)}`;
  return [
    `${inlineCode(shorten(subject, 100))} ${inlineCode(shorten(pathOf(address), 100))}`,
    value(p50),
    `${p95 === undefined ? 'none' : estimateWords(p95)}${before === undefined ? '' : `, ${formatDuration(before.p95)} before`}${cost}`,
    value(p99),
    formatDuration(worst),
    `${errors} of ${requests}${got}`,
    formatDuration(threshold),
  ];
}

function value(estimate: Estimate | undefined): string {
  return estimate === undefined ? 'none' : formatDuration(estimate.value);
}

function pathOf(address: string): string {
  return address.replace(/^\w+:\/\/[^/]*/, '');
}

/** More bars than this cannot be told apart. */
const maxBars = 20;

/** p95 of each endpoint, slowest first, as bars. */
function chart(measured: readonly Measured[]): string {
  const bars = measured.flatMap(({ subject, address, latency: { p95 } }) =>
    p95 === undefined ? [] : [{ label: mermaidLabel(`${subject} ${pathOf(address)}`), value: p95.value }],
  );
  bars.sort((left, right) => right.value - left.value);
  const shown = bars.slice(0, maxBars);
  if (shown.length === 0) return '';
  return [
    '```mermaid',
    'xychart-beta horizontal',
    `  x-axis [${shown.map(({ label }) => `"${label}"`).join(', ')}]`,
    '  y-axis "p95 in milliseconds"',
    `  bar [${shown.map((bar) => bar.value.toFixed(1)).join(', ')}]`,
    '```',
  ].join('\n');
}

/** Response times, folded; endpoints that are too slow are also listed with the failed tests. */
export function renderLatency({ smoke }: ResultDocument, limits: SummaryLimits): string {
  const measured = smoke.filter(isMeasured);
  if (measured.length === 0) return '';
  const shown = measured.slice(0, limits.entries);
  const more = measured.length - shown.length;
  const rest = more > 0 ? `\n\n… and ${count(more, 'more endpoint')}.` : '';
  const parts = [chart(measured), `${renderTable(columns, shown.map(row))}${rest}`];
  const [first] = measured;
  const baseline = measured.find(({ latency }) => latency.before !== undefined)?.latency.before?.release;
  const before = baseline === undefined ? '' : `, before: in release ${htmlCode(shorten(baseline, 100))}`;
  const how = `${first?.latency.requests} requests each, ${first?.latency.rate} per second, timed from the scheduled start of each${before}`;
  return folded(
    `Response times of ${count(measured.length, 'endpoint')} (${how})`,
    parts.filter((part) => part !== '').join('\n\n'),
  );
}
