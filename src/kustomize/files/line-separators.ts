/** Invisible characters that Go's YAML library treats as line breaks, as YAML 1.1 did: U+2028 and U+2029. */

interface Block {
  /** Index of the line that opens it. */
  readonly header: number;
  /** Columns before its content; undefined until its first line is seen. */
  indent: number | undefined;
}

/**
 * Turns them into content, as in YAML 1.2. Go's printer continues after each as in a new line: with indentation,
 * which Go's reader skips; in a literal block without any before one that begins a line; and with the next key after
 * one that ends the block. Source: `emitterc.go` of go-yaml. Text without them is returned unchanged.
 */
export function withoutForeignBreaks(text: string): string {
  if (!/[\u2028\u2029]/.test(text)) return text;
  const output: string[] = [];
  let block: Block | undefined;
  for (const line of text.split(/(?<=[\n\u2028\u2029])/)) {
    const joined = /[\u2028\u2029]$/.test(output.at(-1) ?? '');
    if (block !== undefined && !continues(block, line)) {
      if (joined) endWithoutBreak(output, block);
      block = undefined;
    }
    if (block !== undefined) output.push(blockLine(line, block.indent ?? 0, joined));
    else output.push(joined && !output.at(-1)?.endsWith('\n') ? line.replace(/^ +/, '') : line);
    block ??= blockOpenedBy(line, output.length - 1);
  }
  if (block !== undefined && /[\u2028\u2029]$/.test(output.at(-1) ?? '')) endWithoutBreak(output, block);
  return output.join('');
}

/** Whether a literal block continues with this line; its first line with content decides the indentation. */
function continues(block: Block, line: string): boolean {
  const spaces = /^ */.exec(line)?.[0].length ?? 0;
  if (/^[\n\u2028\u2029]?$/.test(line)) return true;
  block.indent ??= spaces;
  return spaces >= block.indent && spaces > 0;
}

function blockLine(line: string, indent: number, joined: boolean): string {
  if (joined) return line.startsWith(' ') ? line.slice(indent) : line;
  return /^[\u2028\u2029]/.test(line) ? ' '.repeat(indent) + line : line;
}

/** The block's last character is the separator: the line break that YAML 1.2 needs after it must not count. */
function endWithoutBreak(output: string[], block: Block): void {
  output[block.header] = output[block.header]?.replace(/\|(\d?)\+?\n$/, '|$1-\n') ?? '';
  output.push('\n');
}

/** `key: |-`, `- |`, `- key: |2+`: with a number, the content begins that many columns behind the key (or the last dash). */
function blockOpenedBy(line: string, header: number): Block | undefined {
  const [, lead = '', rest, columns] = /^( *(?:- )*)(.*[:?] )?\|(\d?)[-+]?\n$/.exec(line) ?? [];
  if (columns === undefined) return undefined;
  const key = rest === undefined ? lead.length - 2 : lead.length;
  return { header, indent: columns === '' ? undefined : key + Number(columns) };
}
