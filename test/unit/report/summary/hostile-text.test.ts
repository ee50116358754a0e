import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { describe, expect, it, vi } from 'vitest';
import type { ResultDocument } from '../../../../src/domain/result/document.ts';
import { renderSummary } from '../../../../src/report/summary/summary.ts';
import { base } from '../../../support/report/example-release.ts';
import { crashLoop, endpointDown, refused } from '../../../support/report/failed-results.ts';
import {
  allNodes,
  hostileText,
  linkedByGithub,
  parseMarkdown,
  withHostileStrings,
} from '../../../support/report/hostile-text.ts';
import { cancelled, planned, unchanged } from '../../../support/report/quiet-results.ts';
import { success } from '../../../support/report/succeeded-result.ts';

const ourHeadings =
  /^(Workloads|Cause|\d+ causes|What to do next|Failed smoke tests|Inconclusive smoke tests|Pre-checks|Notices|Details|Timeline)$/;
const ourHtml =
  /^(<br>|<details>\n<summary>(?:[\w ,:.()…-]|<code>(?:[^<>]*)<\/code>)*<\/summary>|<\/details>)$/;

/** The example with hostile strings in every free place; run and commit stay real half of the time, so that links appear. */
const hostileResult = fc
  .record({
    example: fc.constantFrom<ResultDocument>(
      success,
      crashLoop,
      refused,
      endpointDown,
      unchanged,
      planned,
      cancelled,
    ),
    texts: fc.array(hostileText, { minLength: 5, maxLength: 30 }),
    linked: fc.boolean(),
  })
  .map(({ example, texts, linked }) => {
    let index = 0;
    const hostile = withHostileStrings(example, () => texts[index++ % texts.length] ?? '');
    return linked ? { ...hostile, runUrl: base.runUrl ?? '', commit: base.commit ?? '' } : hostile;
  });

function textOf(node: Nodes): string {
  return allNodes(node)
    .map((one) => (one.type === 'text' || one.type === 'inlineCode' ? one.value : ''))
    .join('');
}

function expectOurs(node: Nodes): void {
  if (node.type === 'heading' && node.depth === 3) expect(textOf(node)).toMatch(ourHeadings);
  if (node.type === 'html') expect(node.value).toMatch(ourHtml);
  if (node.type === 'text') expect(node.value).not.toMatch(linkedByGithub);
  if (node.type === 'link')
    expect(node.url).toMatch(
      /^https:\/\/github\.com\/example\/orion\/(blob\/[0-9a-f]{40}|actions\/runs)\/[\w/.%#-]+$/,
    );
}

const known = new Set(
  'root heading paragraph text inlineCode strong list listItem link code html break table tableRow tableCell thematicBreak emphasis'.split(
    ' ',
  ),
);

// Parsing a hundred whole summaries takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

describe('a summary of hostile text', () => {
  it('has our headings, links and HTML and no others', () => {
    fc.assert(
      fc.property(hostileResult, (result) => {
        const nodes = allNodes(parseMarkdown(renderSummary(result)));
        expect(nodes.filter(({ type }) => !known.has(type))).toEqual([]);
        expect(nodes.filter((node) => node.type === 'heading' && node.depth !== 3).length).toBe(1);
        expect(nodes.filter(({ type }) => type === 'thematicBreak').length).toBe(1);
        for (const node of nodes) expectOurs(node);
      }),
    );
  });

  it('has the same tables and folds as the friendly one', () => {
    const blocks = (result: ResultDocument): string[] =>
      parseMarkdown(renderSummary(result))
        .children.map(({ type }) => type)
        .filter((type) => type === 'table' || type === 'html');
    const friendly = [success, endpointDown, planned].map((result) => ({ result, blocks: blocks(result) }));
    fc.assert(
      fc.property(fc.constantFrom(...friendly), fc.array(hostileText, { minLength: 3 }), (example, texts) => {
        let index = 0;
        const hostile = withHostileStrings(example.result, () => `x ${texts[index++ % texts.length]}`);
        expect(blocks(hostile)).toEqual(example.blocks);
      }),
    );
  });

  it('keeps foreign text out of the chart', () => {
    fc.assert(
      fc.property(hostileResult, (result) => {
        const charts = allNodes(parseMarkdown(renderSummary(result))).flatMap((node) =>
          node.type === 'code' && node.lang === 'mermaid' ? [node.value] : [],
        );
        for (const line of charts.flatMap((chart) => chart.split('\n').slice(4))) {
          expect(line).toMatch(/^ {2}[a-z]+ [a-z0-9. ]+ :(done|crit), p\d+, \d+, \d+$/);
        }
      }),
    );
  });
});
