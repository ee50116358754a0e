import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderTable } from '../../../../src/report/summary/markdown-table.ts';
import {
  cleanText,
  codeFence,
  htmlText,
  inlineCode,
  logText,
  logTextLines,
  markdownText,
  mermaidLabel,
  oneLine,
  shorten,
} from '../../../../src/report/text/escape.ts';
import {
  allNodes,
  hostileText,
  linkedByGithub,
  parseMarkdown,
} from '../../../support/report/hostile-text.ts';

const visible = (markdown: string): string =>
  allNodes(parseMarkdown(markdown))
    .map((node) => (node.type === 'text' || node.type === 'inlineCode' ? node.value : ''))
    .join('');
const types = (markdown: string): string[] => [
  ...new Set(allNodes(parseMarkdown(markdown)).map(({ type }) => type)),
];
const bare = (text: string): string => text.replace(/[`\s]/gu, '');

describe('cleanText', () => {
  it.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a window title', '\u001b]0;owned\u0007x', 'x'],
    ['bidi overrides', 'a\u202eb\u2066c', 'abc'],
    ['zero-width characters', 'a\u200bb\ufeffc', 'abc'],
    ['NUL and bells', 'a\u0000b\u0007c', 'abc'],
    ['carriage returns', 'a\r\nb\rc', 'a\nb\nc'],
    ['other line ends', 'a\u2028b\u0085c', 'a\nb\nc'],
    ['lone surrogates', 'a\ud800b', 'ab'],
    ['nothing else', 'tab\tÜ 日本 🚀', 'tab\tÜ 日本 🚀'],
  ])('removes %s', (_what, text, expected) => {
    expect(cleanText(text)).toBe(expected);
  });

  it('leaves no control or format character', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(cleanText(text)).not.toMatch(/[^\P{Cc}\n\t]|\p{Cf}|\p{Cs}|\p{Zl}|\p{Zp}/u);
      }),
    );
  });
});

describe('markdownText', () => {
  it.each([
    ['Container auth exited with code 3.', 'Container auth exited with code 3.'],
    ['Key SMTP_PASSWORD of x is <none>.', 'Key `SMTP_PASSWORD` of x is `<none>`.'],
    ['See https://x.example/y.', 'See `https://x.example/y`.'],
    ['Run `kubectl get pods`, then wait.', 'Run `kubectl get pods`, then wait.'],
    ['pod x_y(1f)', 'pod `x_y(1f)`'],
    ['thanks to @octocat', 'thanks to `@octocat`'],
    ['- 1. ---', '`-` 1. ---'],
    ['1. x', '`1.` x'],
    ['---', '`---`'],
  ])('%s', (text, expected) => {
    expect(markdownText(text)).toBe(expected);
  });

  it('gives text and code spans, and shows what was there', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const markdown = markdownText(text);
        expect(
          types(markdown).filter((type) => !['root', 'paragraph', 'text', 'inlineCode'].includes(type)),
        ).toEqual([]);
        expect(bare(visible(markdown)).replaceAll("''", '')).toBe(bare(oneLine(text)).replaceAll("''", ''));
      }),
    );
  });

  it('leaves nothing outside code that GitHub would link', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const texts = allNodes(parseMarkdown(markdownText(text))).flatMap((node) =>
          node.type === 'text' ? [node.value] : [],
        );
        for (const one of texts) expect(one).not.toMatch(linkedByGithub);
      }),
    );
  });
});

describe('inlineCode and codeFence', () => {
  it('hold exactly what they are given', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const spans = allNodes(parseMarkdown(`before ${inlineCode(text)} after`)).filter(
          ({ type }) => type === 'inlineCode',
        );
        expect(spans.map((node) => 'value' in node && node.value)).toEqual(
          oneLine(text) === '' ? [] : [oneLine(text)],
        );
        const [block, ...more] = parseMarkdown(codeFence(text, 'text')).children;
        expect(more).toEqual([]);
        expect(block).toMatchObject({
          type: 'code',
          lang: 'text',
          value: cleanText(text).replace(/\n+$/, ''),
        });
      }),
    );
  });
});

describe('renderTable', () => {
  it('keeps rows and cells whatever is in them', () => {
    const columns = [{ title: 'A' }, { title: 'B' }, { title: 'C', align: 'right' }] as const;
    fc.assert(
      fc.property(fc.array(fc.tuple(hostileText, hostileText), { minLength: 1, maxLength: 4 }), (rows) => {
        const table = renderTable(
          columns,
          rows.map(([left, right]) => [inlineCode(left), markdownText(right), 'end']),
        );
        const [block, ...more] = parseMarkdown(table).children;
        expect(more).toEqual([]);
        if (block?.type !== 'table') throw new Error('no table');
        expect(block.children.length).toBe(rows.length + 1);
        for (const row of block.children) expect(row.children.length).toBe(3);
        for (const row of block.children.slice(1)) {
          expect(row.children[2]).toMatchObject({ children: [{ type: 'text', value: 'end' }] });
        }
        const kinds = new Set(allNodes(block).map(({ type }) => type));
        expect(
          [...kinds].filter((type) => !/^(table|tableRow|tableCell|text|inlineCode)$/.test(type)),
        ).toEqual([]);
      }),
    );
  });
});

describe('htmlText and mermaidLabel', () => {
  it('leave no character that means something', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(htmlText(text)).not.toMatch(/[<>"'`\n]|&(?!#\d+;)/);
        expect(mermaidLabel(text)).not.toMatch(/[^\p{L}\p{N} ._-]/u);
      }),
    );
  });
});

describe('log text', () => {
  it.each([
    ['::error::x', ': :error::x'],
    ['  ::error::x', ': :error::x'],
    ['a\r::error::x', 'a ::error::x'],
    ['x ##[group]y', 'x ## [group]y'],
    ['a::b', 'a::b'],
  ])('%j', (text, expected) => {
    expect(logText(text)).toBe(expected);
  });

  it('never starts a workflow command', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const line of [logText(text), ...logTextLines(text)]) {
          expect(line.trimStart().startsWith('::')).toBe(false);
          expect(line).not.toMatch(/##\[|[\r\n]/);
        }
      }),
    );
  });
});

describe('shorten', () => {
  it('keeps the limit and whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, limit) => {
        const short = shorten(text, limit);
        expect(short.length).toBeLessThanOrEqual(limit);
        expect(short.isWellFormed()).toBe(true);
        expect(text.length > limit || short === text).toBe(true);
      }),
    );
  });
});
