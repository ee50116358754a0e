/**
 * What one line of a program's log says of itself: an error, something less, or nothing. Structured levels (JSON, logfmt, klog,
 * syslog) decide where there is one; words inside a message never do.
 */
type Level = 'error' | 'lesser' | 'unsaid';

interface LineLevel {
  readonly level: Level;
  /** What is worth showing of it: the message, without time and level where they are fields. */
  readonly text: string;
}

const errorWords =
  /^(err|error|fatal|critical|crit|severe|panic|dpanic|alert|emerg|emergency|fail|failure)$/i;
const lesserWords =
  /^(trace|debug|dbug|verbose|fine|finer|finest|info|information|informational|inf|notice|log|warn|warning|wrn|http|silly|config|default|success)$/i;

function levelOfWord(word: string): Level {
  if (errorWords.test(word)) return 'error';
  return lesserWords.test(word) ? 'lesser' : 'unsaid';
}

/**
 * Numbers by their range, which do not overlap: syslog and GELF 0 to 7 (3 is error), pino and bunyan 10 to 60 (50), monolog 100 to
 * 600 (400), java.util.logging up to 1000 (SEVERE), logback's level_value 5000 to 40000 (40000).
 */
function levelOfNumber(level: number): Level {
  const leastError = level < 100 ? 50 : level <= 600 ? 400 : level <= 1000 ? 1000 : 40_000;
  return (level <= 7 ? level <= 3 : level >= leastError) ? 'error' : 'lesser';
}

const levelFields = [
  'level',
  'severity',
  'lvl',
  'log.level',
  'loglevel',
  'logLevel',
  'LogLevel',
  'Level',
  'Severity',
  'levelname',
  'level_name',
  'severity_text',
  'severityText',
  'SeverityText',
  '@l',
  '@level',
];
const messageFields = [
  'msg',
  'message',
  'Message',
  '@m',
  '@mt',
  '@message',
  'event',
  'short_message',
  'body',
];

type Json = Readonly<Record<string, unknown>>;

function ofJson(line: string): LineLevel | undefined {
  const start = line.indexOf('{"');
  // Text before it may be a time or a name, but a quoted object far inside a sentence is no log entry.
  if (start < 0 || start > 80 || !line.endsWith('}')) return undefined;
  let entry: Json;
  try {
    entry = JSON.parse(line.slice(start));
  } catch {
    return undefined;
  }
  const level = levelOfEntry(entry);
  if (level === 'unsaid' && start > 0) return undefined;
  return { level: level === 'unsaid' ? 'lesser' : level, text: messageOf(entry) ?? line };
}

function levelOfEntry(entry: Json): Level {
  for (const name of levelFields) {
    const level = levelOfValue(entry[name]);
    if (level !== 'unsaid') return level;
  }
  const nested = entry['log'];
  if (nested !== null && typeof nested === 'object') return levelOfValue((nested as Json)['level']);
  const otel = entry['severityNumber'] ?? entry['SeverityNumber'] ?? entry['severity_number'];
  // OpenTelemetry: 17 and above are ERROR and FATAL.
  if (typeof otel === 'number') return otel >= 17 ? 'error' : 'lesser';
  return 'unsaid';
}

function levelOfValue(value: unknown): Level {
  if (typeof value === 'number') return levelOfNumber(value);
  if (typeof value !== 'string' || value === '') return 'unsaid';
  return /^\d+$/.test(value) ? levelOfNumber(Number(value)) : levelOfWord(value);
}

function messageOf(entry: Json): string | undefined {
  const message = messageFields.map((name) => entry[name]).find((value) => typeof value === 'string');
  const why = [entry['err'], entry['error'], entry['exception']]
    .map((one) => (one !== null && typeof one === 'object' ? (one as Json)['message'] : one))
    .find((value) => typeof value === 'string' && value !== message);
  const said = [message, why].filter((text) => text !== undefined && text !== '');
  return said.length === 0 ? undefined : said.join(': ');
}

const klog = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^ \]]+:\d+\] (.*)$/;
const logfmtLevel = /(?:^|\s)(?:level|lvl|severity|loglevel|log\.level)=("?)([A-Za-z]+|\d+)\1(?=\s|$)/;
const logfmtMessage = /(?:^|\s)(?:msg|message)=("(?:[^"\\]|\\.)*"|\S+)/;
const syslog = /^<(\d{1,3})>(?:\d )?(.*)$/;

/** The level of one line, colours and white space around it removed. */
export function levelOf(line: string): LineLevel {
  const json = ofJson(line);
  if (json !== undefined) return json;
  const byKlog = klog.exec(line);
  if (byKlog !== null) {
    return { level: /[EF]/.test(byKlog[1] ?? '') ? 'error' : 'lesser', text: byKlog[2] ?? line };
  }
  const bySyslog = syslog.exec(line);
  if (bySyslog !== null) {
    return { level: (Number(bySyslog[1]) & 7) <= 3 ? 'error' : 'lesser', text: bySyslog[2] ?? line };
  }
  const byLogfmt = logfmtLevel.exec(line);
  const level = byLogfmt === null ? 'unsaid' : levelOfValue(byLogfmt[2]);
  if (level !== 'unsaid') {
    const message = logfmtMessage.exec(line)?.[1]?.replace(/^"|"$/g, '');
    return { level, text: message ?? line };
  }
  return ofPlain(line);
}

const upperWords =
  'TRACE|DEBUG|VERBOSE|INFO|NOTICE|LOG|WARN|WARNING|ERR|ERROR|FATAL|CRITICAL|CRIT|SEVERE|PANIC|ALERT|EMERG|EMERGENCY';
/** A level as log libraries write it into the head of a line: by itself in capitals, or in brackets, `[core:error]` too. */
const levelToken = new RegExp(
  String.raw`(?<![\w./=?&"'-])(?:(${upperWords})(?![\w/=.-]|:\/\/)|\[(?:[\w.-]+:)?([A-Za-z]+)\s*\])`,
  'g',
);
/** Go and Rust crash so; .NET, winston, npm and shells begin a line with the level. */
const opening =
  /^(panic|fatal error|error|err|fatal|critical|crit|fail|severe)(?:\[[\w ]+\])?: \S|^npm (?:ERR!|error) /i;
const nothing = /^[\s:=-]*(?:0|nil|null|none|no|false|<nil>)\s*$/i;
const headLength = 160;

function ofPlain(line: string): LineLevel {
  const bare = withoutTime(line);
  const opened = opening.exec(bare);
  if (opened !== null) {
    const rest = bare.slice(bare.indexOf(':') + 1);
    return { level: nothing.test(rest) ? 'lesser' : 'error', text: bare };
  }
  for (const match of line.slice(0, headLength).matchAll(levelToken)) {
    const level = levelOfWord(match[1] ?? match[2] ?? '');
    if (level === 'unsaid') continue;
    const rest = line.slice(match.index + match[0].length);
    if (!isHead(line.slice(0, match.index))) return { level: 'unsaid', text: bare };
    return { level: level === 'error' && nothing.test(rest) ? 'lesser' : level, text: bare };
  }
  return { level: 'unsaid', text: bare };
}

const months =
  /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|utc|gmt|am|pm)$/i;

/** What stands before the level is time, process, thread and logger, and no sentence: at most one plain word. */
function isHead(text: string): boolean {
  const words = text
    .replace(/\[[^\]]*\]|\([^)]*\)/g, ' ')
    .split(/\s+/)
    .filter((word) => /^[A-Za-z,']+$/.test(word) && word.length > 1 && !months.test(word));
  return words.length <= 1 && !/\b(?:no|not|without|any|zero)\s*$/i.test(text);
}

const timeOfDay = String.raw`\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?`;
const leadingTime = new RegExp(
  String.raw`^(?:\[?(?:\d{4}[-/.]\d\d[-/.]\d\d[T ]${timeOfDay}|\w{3} +\d{1,2} ${timeOfDay}|${timeOfDay})(?:Z| ?[+-]\d\d:?\d\d| UTC| GMT)?\]?[ :]*)`,
);

function withoutTime(line: string): string {
  return line.replace(leadingTime, '');
}
