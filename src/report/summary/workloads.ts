import type { ResultDocument } from '../../domain/result/document.ts';
import type { WorkloadReport } from '../../domain/verdict/workload-report.ts';
import { inlineCode, markdownText, shorten } from '../text/escape.ts';
import { stateCounts, worstFirst } from '../text/workload-order.ts';
import type { SummaryLimits } from './limits.ts';
import { renderTable } from './markdown-table.ts';
import { objectCode } from './object-code.ts';

/** Repository and tag of an image; the tag or digest keeps its separator. */
function splitImage(image: string): { repository: string; version: string } {
  const match = /^(.*?)((?::[^:/@]+)?(?:@.+)?)$/s.exec(image);
  return { repository: match?.[1] ?? image, version: match?.[2] ?? '' };
}

/** `auth:1.4.0 → 1.5.0` if only the version changes; otherwise both images. */
function imageChange(image: string, before: string | undefined): string {
  const now = shorten(image, 200);
  if (before === undefined || before === image) return inlineCode(now);
  const old = shorten(before, 200);
  const [left, right] = [splitImage(old), splitImage(now)];
  if (left.repository !== right.repository || !right.version.startsWith(':')) {
    return `${inlineCode(old)} → ${inlineCode(now)}`;
  }
  return `${inlineCode(old)} → ${inlineCode(right.version.slice(1))}`;
}

function stateWords(workload: WorkloadReport): string {
  if (workload.restored === true && workload.state === 'current') return 'restored, current';
  if (workload.state === 'current') return workload.changed ? 'current' : 'current, not changed';
  const state = workload.state === 'failed' ? '**failed**' : workload.state.replace('-', ' ');
  const message = markdownText(shorten(workload.message, 200));
  return message === '' ? state : `${state}: ${message}`;
}

function row(workload: WorkloadReport): string[] {
  const images = workload.images.slice(0, 8).map(({ image, before }) => imageChange(image, before));
  return [
    objectCode(workload.reference),
    stateWords(workload),
    `${workload.updated}/${workload.desired}`,
    `${workload.ready}/${workload.desired}`,
    String(workload.restarts),
    images.join(', '),
  ];
}

function plannedRow(workload: WorkloadReport): string[] {
  const [name = '', , , , , images = ''] = row(workload);
  return [
    name,
    workload.changed ? '**would change**' : 'stays',
    `${workload.ready}/${workload.desired}`,
    images,
  ];
}

const columns = [
  { title: 'Workload' },
  { title: 'State' },
  { title: 'Updated', align: 'right' },
  { title: 'Ready', align: 'right' },
  { title: 'Restarts', align: 'right' },
  { title: 'Image' },
] as const;
const plannedColumns = [
  { title: 'Workload' },
  { title: 'Plan' },
  { title: 'Ready now', align: 'right' },
  { title: 'Image' },
] as const;

/** The table of workloads, unhealthy ones first. Left out for `unchanged` while all are current. */
export function renderWorkloads(result: ResultDocument, limits: SummaryLimits): string {
  const calm = result.workloads.every(({ state }) => state === 'current');
  if (result.workloads.length === 0 || (result.outcome === 'unchanged' && calm)) return '';
  const sorted = worstFirst(result.workloads);
  const shown = sorted.slice(0, limits.workloadRows);
  const rest = sorted.slice(limits.workloadRows);
  const table =
    result.outcome === 'planned'
      ? renderTable(plannedColumns, shown.map(plannedRow))
      : renderTable(columns, shown.map(row));
  const more = rest.length > 0 ? [`… and ${rest.length} more, ${stateCounts(rest)}.`] : [];
  return ['### Workloads', table, ...more].join('\n\n');
}
