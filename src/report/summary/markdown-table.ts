import { tableCell } from '../text/escape.ts';

interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/**
 * A GitHub-flavoured table. Cells are Markdown that is already escaped as text; only characters that would end a cell
 * are escaped here.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(tableCell).join(' | ')} |`;
  return [
    line(columns.map(({ title }) => title)),
    `|${columns.map(({ align }) => (align === 'right' ? ' ---: |' : ' --- |')).join('')}`,
    ...rows.map(line),
  ].join('\n');
}

/** Markdown folded under a line of HTML; GitHub reads Markdown again after the blank line. */
export function folded(summaryHtml: string, markdown: string): string {
  return `<details>\n<summary>${summaryHtml}</summary>\n\n${markdown}\n\n</details>`;
}
