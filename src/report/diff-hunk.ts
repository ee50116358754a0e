/** The path of fields that a hunk of a YAML diff is in, read off the indentation of the lines before it. */

interface HunkPosition {
  /** First line in each text, starting at 1. */
  readonly oldStart: number;
  readonly newStart: number;
  readonly oldLines: number;
}

/** A line's depth and key; a list item counts as one deeper than its dash, as its keys are. */
function keyOf(line: string): { indent: number; key: string } | undefined {
  const match = /^((?: |- )*)("[^"]*"|'[^']*'|[^\s#:][^\s:]*):(?: |$)/.exec(line);
  return match ? { indent: match[1]?.length ?? 0, key: match[2] ?? '' } : undefined;
}

function indentOf(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0;
}

/** `spec.template.spec`: the fields around the first line of the hunk; `object` at the top level. */
export function hunkTitle(before: string, after: string, hunk: HunkPosition): string {
  const isNew = hunk.oldLines === 0;
  const lines = (isNew ? after : before).split('\n');
  const start = (isNew ? hunk.newStart : hunk.oldStart) - 1;
  let indent = indentOf(lines[start] ?? '');
  const path: string[] = [];
  for (let at = start - 1; at >= 0 && indent > 0; at -= 1) {
    const found = keyOf(lines[at] ?? '');
    if (found === undefined || found.indent >= indent) continue;
    path.unshift(found.key);
    indent = Math.min(found.indent, indentOf(lines[at] ?? ''));
  }
  return path.join('.') || 'object';
}
