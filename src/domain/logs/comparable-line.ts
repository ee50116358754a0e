/** The last line of a log, so that two runs that ended in the same way can be told from two that did not. */

/** One line may be a whole document; its beginning is enough to compare. */
const comparedCharacters = 1000;

const clock = String.raw`\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?`;
const zone = String.raw`(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?`;
const weekday = '(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?';
const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*';
const unit = 'ns|µs|μs|us|ms|s|m|h|d|secs?|mins?|seconds?|minutes?|hours?|days?|milliseconds?|microseconds?';

/**
 * What differs between two runs that say the same, in the order of replacing: a timestamp must be gone before its parts
 * look like something else. Other numbers stay: `migration 2 of 3` is not `migration 1 of 3`.
 */
const passing: readonly (readonly [string, string])[] = [
  [String.raw`\u001b\[[0-9;]*[A-Za-z]`, ''],
  // ISO 8601 and its relatives, then Apache's, then those with the month's name (syslog, RFC 1123, ctime), then klog's.
  [String.raw`\d{4}[-/.]\d{2}[-/.]\d{2}(?:[T _]+${clock}${zone})?`, '<time>'],
  [String.raw`\d{1,2}/${month}/\d{4}:${clock}${zone}`, '<time>'],
  [String.raw`${weekday}${month} +\d{1,2},? +(?:\d{4} +)?${clock}${zone}(?: \d{4})?`, '<time>'],
  [String.raw`${weekday}\d{1,2}[ -]${month}[ -]\d{2,4} +${clock}${zone}`, '<time>'],
  [String.raw`\b([IWEF])\d{4} ${clock} +\d+`, '$1<time>'],
  [String.raw`\b${clock}${zone}`, '<time>'],
  // Seconds, milliseconds, microseconds or nanoseconds since the epoch, of this century.
  [String.raw`\b[12]\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?\b`, '<time>'],
  [String.raw`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`, '<id>'],
  [
    String.raw`\b((?:req|request|trace|span|correlation|session)[-_ ]?id["']?) ?[=: ] ?["']?[\w-]+`,
    '$1 <id>',
  ],
  [String.raw`\b0x[0-9a-f]+\b`, '<id>'],
  [String.raw`\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b`, '<id>'],
  [String.raw`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b`, '<address>'],
  [String.raw`\[[0-9a-f]*:[0-9a-f:.]+\](?::\d+)?`, '<address>'],
  [
    String.raw`\b(?:\d+(?:\.\d+)?(?:h|ms|m|s)){2,}(?![a-z\d])|\b\d+(?:\.\d+)? ?(?:${unit})(?![a-z\d])`,
    '<duration>',
  ],
  [String.raw`(?<=\[) *\d+(?:\.\d+)? *(?=\])`, '<count>'],
  [String.raw`\b(pid|tid|process|thread|goroutine)(["']?[-=: #]+)\d+`, '$1$2<count>'],
  [String.raw`\s+`, ' '],
];

const replacements = passing.map(([pattern, by]) => [new RegExp(pattern, 'gi'), by] as const);

/** The line without what changes from run to run: times, durations, ids, addresses, process numbers. */
export function comparableLine(line: string): string {
  const start = line.slice(0, comparedCharacters);
  return replacements.reduce((text, [pattern, by]) => text.replace(pattern, by), start).trim();
}

/** The last line that says something. */
export function lastLineOf(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => line.trim() !== '');
}
