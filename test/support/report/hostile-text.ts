/** Text that wants out of where it is put, and a parser of GitHub's Markdown to see whether it got out. */
import fc from 'fast-check';
import type { Nodes, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { closedWords } from '../../../src/report/redaction/contract-values.ts';

export const nasty = [
  '# heading',
  '\n# heading\n',
  '\n---\n',
  '\n===\n',
  '- item',
  '1. item',
  '+',
  '>',
  '> quote',
  '[text](https://evil.example)',
  '![image](https://evil.example/x.png)',
  '<img src=x onerror=alert(1)>',
  '<script>',
  '</details>',
  '</summary>',
  '<!--',
  '-->',
  '`',
  '``',
  '```',
  '````',
  '~~~',
  '\n```\n',
  '\n~~~\n',
  '|',
  '\\|',
  '\\',
  '\\\\',
  '| a | b |\n| - | - |',
  '@octocat',
  '@org/team',
  '#12',
  'GH-12',
  'owner/repo#1',
  'https://evil.example/x',
  'http://evil.example',
  'www.evil.example',
  'a@b.example',
  ':+1:',
  '$a$',
  '$`a`$',
  '**',
  '*bold*',
  '_x_',
  '~~gone~~',
  '[^1]',
  '[^1]: note',
  '[x]: https://evil.example',
  '&lt;',
  '&#60;',
  '&',
  '<',
  '<br>',
  '\u001b[31m',
  '\u001b]0;title\u0007',
  '\u202e',
  '\u200b',
  '\u0000',
  '\r',
  '\r\n',
  '\u2028',
  '\ud800',
  '\t',
  '    ',
  '::error::x',
  '\n::set-output name=a::b',
  '##[error]x',
  '\n  ::warning::y',
  '%0A',
  'name',
  'auth',
  ' ',
  'Ünïcödé',
  '日本語',
  '🚀',
  '\n',
  '\n\n',
  ':---',
  '`code`',
  '("`x`")',
  "'",
  '"',
  '(',
  ')',
  '.',
  ':',
  '%%{init: {}}%%',
  ';',
  'click a href "x"',
  'mailto:a@b.example',
  '\u00a0',
] as const;

/** Fragments glued together, and now and then anything. */
export const hostileText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...nasty) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    ),
    {
      minLength: 1,
      maxLength: 10,
    },
  )
  .chain((parts) => fc.constantFrom('', ' ').map((glue) => parts.join(glue)));

export function parseMarkdown(markdown: string): Root {
  return fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}

/** Every node of the tree, the root included. */
export function allNodes(node: Nodes): Nodes[] {
  return 'children' in node ? [node, ...node.children.flatMap(allNodes)] : [node];
}

/** What GitHub makes of text after parsing: mentions, references, URLs, e-mail, emoji. */
export const linkedByGithub = /(^|\W)@\w|(^|\W)#\d|\bGH-\d|:\/\/|\bwww\.|\w@\w|:[\w+-]+:/i;

/** The value with every free string replaced; words of closed sets and times stay. */
export function withHostileStrings<T>(value: T, next: () => string, field = ''): T {
  const replaced = (): unknown => {
    if (typeof value === 'string') return closedWords[field]?.has(value) ? value : next();
    if (Array.isArray(value)) return value.map((item: unknown) => withHostileStrings(item, next, field));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]: [string, unknown]) => [
        name,
        withHostileStrings(item, next, name),
      ]),
    );
  };
  return replaced() as T;
}
