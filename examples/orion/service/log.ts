import type { LogFormat, LogLevel } from './settings.ts';

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export interface LogEntry {
  readonly level: LogLevel;
  readonly time: Date;
  readonly service: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, string | number | undefined>>;
}

export type Log = (level: LogLevel, message: string, fields?: LogEntry['fields']) => void;

/** Writes one JSON line per entry to standard output; entries below `least` are dropped. */
export function createLog(service: string, least: LogLevel): Log {
  return (level, message, fields) => {
    if (order.indexOf(level) < order.indexOf(least)) return;
    const entry = { level, time: new Date(), service, message, ...(fields && { fields }) };
    process.stdout.write(`${formatLogLine('json', entry)}\n`);
  };
}

/** One entry as one line without its newline; `klog` and `plain` have no place for further fields. */
export function formatLogLine(format: LogFormat, entry: LogEntry): string {
  const { level, service, message, fields } = entry;
  const time = entry.time.toISOString();
  switch (format) {
    case 'json':
      return JSON.stringify({ level, time, service, message, ...fields });
    case 'logfmt':
      return `time=${time} level=${level} service=${service} msg=${JSON.stringify(message)}`;
    case 'klog':
      return `${klogHead(level, time)}       1 service.go:42] ${message}`;
    case 'plain':
      return `${time.slice(0, 19).replace('T', ' ')} ${level.toUpperCase()} ${message}`;
  }
}

/** klog has no debug; its lines start with the severity's letter, month and day, and microseconds. */
function klogHead(level: LogLevel, time: string): string {
  const letter = { debug: 'I', info: 'I', warn: 'W', error: 'E' }[level];
  return `${letter}${time.slice(5, 7)}${time.slice(8, 10)} ${time.slice(11, 23)}000`;
}
