/** The field path that a hunk of a YAML diff changes, derived from the indentation of the lines before it. */

interface Hunk {
  /** First line in each text, starting at 1. */
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly string[];
}

/** A line's key and its depth; the first key of a list item has the depth of the keys below it. */
function keyOf(line: string): { indent: number; key: string } | undefined {
  const match = /^((?: |- )*)("[^"]*"|'[^']*'|[^\s#:][^\s:]*):(?: |$)/.exec(line);
  return match ? { indent: match[1]?.length ?? 0, key: match[2] ?? '' } : undefined;
}

function indentOf(line: string): number {
  return /^(?: |- )*/.exec(line)?.[0].length ?? 0;
}

/** The first changed line: the text that contains it, and its index there. */
function firstChange(hunk: Hunk, before: string, after: string): { lines: string[]; index: number } {
  const offset = Math.max(
    0,
    hunk.lines.findIndex((line) => /^[-+]/.test(line)),
  );
  return hunk.lines[offset]?.startsWith('-')
    ? { lines: before.split('\n'), index: hunk.oldStart - 1 + offset }
    : { lines: after.split('\n'), index: hunk.newStart - 1 + offset };
}

/** `spec.template.spec.containers`: the fields around the first changed line; `object` at the top level. */
export function pathAround(hunk: Hunk, before: string, after: string): string {
  const { lines, index } = firstChange(hunk, before, after);
  let indent = indentOf(lines[index] ?? '');
  const path: string[] = [];
  for (let at = index - 1; at >= 0 && indent > 0; at -= 1) {
    const found = keyOf(lines[at] ?? '');
    if (found === undefined || found.indent >= indent) continue;
    path.unshift(found.key);
    indent = found.indent;
  }
  return path.join('.') || 'object';
}
