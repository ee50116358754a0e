import type { EndpointReport, ResultDocument } from '../domain/result.ts';
import { count, formatDuration } from './duration.ts';
import { inlineCode, markdownText, shorten } from './escape.ts';
import { folded, renderTable } from './markdown-table.ts';
import type { SummaryLimits } from './summary-limits.ts';

const columns = [
  { title: 'Workload' },
  { title: 'Endpoint' },
  { title: 'Answer' },
  { title: 'Took', align: 'right' },
] as const;

function row(endpoint: EndpointReport): string[] {
  const message = markdownText(shorten(endpoint.message, 200));
  return [
    inlineCode(shorten(endpoint.workload, 200)),
    `${inlineCode(shorten(endpoint.address, 200))} ${endpoint.kind}`,
    endpoint.passed ? message : `**failed**: ${message}`,
    formatDuration(endpoint.milliseconds),
  ];
}

function renderRows(endpoints: readonly EndpointReport[], limits: SummaryLimits): string {
  const shown = endpoints.slice(0, limits.entries);
  const more = endpoints.length - shown.length;
  const table = renderTable(columns, shown.map(row));
  return more > 0 ? `${table}\n\n… and ${count(more, 'more endpoint')}.` : table;
}

/** Endpoints that did not answer as they should. */
export function renderFailedEndpoints(result: ResultDocument, limits: SummaryLimits): string {
  const failed = result.endpoints.filter(({ passed }) => !passed);
  return failed.length === 0 ? '' : `### Endpoints that failed\n\n${renderRows(failed, limits)}`;
}

/** Endpoints that passed, folded under their count and slowest answer. */
export function renderPassedEndpoints(result: ResultDocument, limits: SummaryLimits): string {
  const passed = result.endpoints.filter((endpoint) => endpoint.passed);
  if (passed.length === 0) return '';
  const slowest = Math.max(...passed.map(({ milliseconds }) => milliseconds));
  const all = passed.length === result.endpoints.length ? 'All ' : '';
  const title = `${all}${count(passed.length, 'endpoint')} passed, the slowest in ${formatDuration(slowest)}`;
  return folded(title, renderRows(passed, limits));
}
