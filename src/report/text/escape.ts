/**
 * Escapes untrusted text (names, messages, logs, diffs) for its destination. All text from the cluster, the
 * repository or a container passes through one of these functions; nothing else in `report` handles it.
 */
import { stripVTControlCharacters } from 'node:util';

/**
 * Plain text: no terminal escapes, no control or format characters (bidi overrides, zero-width, tags), no lone surrogates.
 * Every line end that any reader knows (`\r`, U+2028) becomes `\n`; tabs stay.
 */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?|[\u2028\u2029\u0085]/gu, '\n')
    .replace(/[^\P{Cc}\n\t]|\p{Cf}|\p{Cs}/gu, '');
}

/** Clean text on one line: every run of white space is one space. */
export function oneLine(text: string): string {
  return cleanText(text).replace(/\s+/gu, ' ').trim();
}

/** The first `limit` characters and an ellipsis; shorter text as it is. Never splits a surrogate pair. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function longestRunOfBackticks(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}

/** An inline code span, whatever the text contains; empty for empty text. */
export function inlineCode(text: string): string {
  const content = oneLine(text);
  if (content === '') return '';
  const fence = '`'.repeat(longestRunOfBackticks(content) + 1);
  const padding = content.startsWith('`') || content.endsWith('`') ? ' ' : '';
  return `${fence}${padding}${content}${padding}${fence}`;
}

/** A fenced block, the fence longer than any run of backticks inside. `language` is ours, never untrusted. */
export function codeFence(text: string, language: string): string {
  const content = cleanText(text).replace(/\n+$/, '');
  const fence = '`'.repeat(Math.max(3, longestRunOfBackticks(content) + 1));
  return `${fence}${language}\n${content}\n${fence}`;
}

// What could be markup, an autolink, a mention, an issue or commit reference, an emoji or a formula on GitHub.
const risky = /[`*_~$@#\\[\]<>|&]|:\/\/|www\.|:[\w+-]+:|\bGH-\d|\b[0-9a-f]{7,}\b/iu;
// What opens a list, an underlined heading or a table when it comes first on a line.
const opensBlock = /^(?:[-+=:.)]+|\d+[.)])$/u;

function word(text: string): string {
  if (!risky.test(text)) return text;
  const parts = /^([("']*)(.*?)([)"'.,;:!?]*)$/su.exec(text);
  const [, before = '', middle = text, after = ''] = parts ?? [];
  // `f(x)` keeps its bracket.
  if (after.startsWith(')') && middle.includes('('))
    return `${before}${inlineCode(`${middle})`)}${after.slice(1)}`;
  return middle === '' ? inlineCode(text) : `${before}${inlineCode(middle)}${after}`;
}

function words(text: string): string {
  return text
    .split(' ')
    .map((one, index) => (index === 0 && opensBlock.test(one) ? inlineCode(one) : word(one)))
    .join(' ');
}

// A code span of ours between white space, with the brackets and punctuation around it.
const codeSpan = /(?<!\S)([("']*)`([^`]+)`([)"'.,;:!?]*)(?!\S)/gu;

/**
 * A sentence as Markdown text on one line. Words that GitHub could interpret as markup, link or mention become code
 * spans; a balanced `code span` of ours is kept.
 */
export function markdownText(text: string): string {
  const line = oneLine(text);
  let result = '';
  let end = 0;
  for (const match of line.matchAll(codeSpan)) {
    const [whole, before = '', code = '', after = ''] = match;
    result += `${words(line.slice(end, match.index))}${before}${inlineCode(code) || "''"}${after}`;
    end = match.index + whole.length;
  }
  return result + words(line.slice(end));
}

/**
 * Markdown that goes into a table cell: a pipe would end the cell, also inside a code span. A backslash before it would undo
 * the escape, so the two are parted.
 */
export function tableCell(markdown: string): string {
  return markdown
    .replace(/\n/g, ' ')
    .replace(/\\+(?=\|)/g, '$& ')
    .replace(/\|/g, '\\|');
}

/** Text and attribute values in HTML. */
export function htmlText(text: string): string {
  return oneLine(text).replace(/[&<>"'`]/gu, (character) => `&#${character.charCodeAt(0)};`);
}

/** A name inside HTML; GitHub looks for no mentions and references within `<code>`. */
export function htmlCode(text: string): string {
  return `<code>${htmlText(text)}</code>`;
}

/** A label in a mermaid chart, where nearly every punctuation mark means something. */
export function mermaidLabel(text: string): string {
  return oneLine(text)
    .replace(/[^\p{L}\p{N} ._-]+/gu, ' ')
    .trim();
}

/**
 * One line for the job log. The runner obeys `::command::` at the start of a line (white space before it does not help) and
 * `##[command]` anywhere in it.
 */
export function logText(text: string): string {
  return oneLine(text)
    .replace(/^::/, ': :')
    .replace(/##(?=\[)/g, '## ');
}

/** Several lines for the job log, each defused, indentation kept. */
export function logTextLines(text: string): string[] {
  return cleanText(text)
    .split('\n')
    .map((line) =>
      line
        .trimEnd()
        .replace(/^(\s*)::/, '$1: :')
        .replace(/##(?=\[)/g, '## '),
    );
}
