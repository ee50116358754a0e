import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { formatLogLine, type Log } from './log.ts';
import type { Misbehaviour } from './settings.ts';

const stackFrames = [
  '    at connect (service.js:17:9)',
  '    at handle (service.js:42:15)',
  '    at run (service.js:99:3)',
];

/** Everything that goes wrong by itself, before the service listens. Does not return if the process is to exit. */
export async function misbehaveAtStart(wanted: Misbehaviour, service: string, log: Log): Promise<void> {
  failFirstStarts(wanted, log);
  exitWhenDue(wanted, log);
  void writeLogLines(wanted, service);
  allocate(wanted.MISBEHAVE_MEMORY);
  if (wanted.MISBEHAVE_START_DELAY > 0) await pause(wanted.MISBEHAVE_START_DELAY);
}

/** The folder must outlive the container (an emptyDir does), or every start is the first. */
function failFirstStarts(wanted: Misbehaviour, log: Log): void {
  if (wanted.MISBEHAVE_FAIL_STARTS === 0) return;
  const file = join(wanted.MISBEHAVE_STATE_FOLDER, 'orion-starts');
  const start = readStarts(file) + 1;
  writeFileSync(file, `${start}\n`);
  if (start > wanted.MISBEHAVE_FAIL_STARTS) return;
  log('error', `start ${start} of ${wanted.MISBEHAVE_FAIL_STARTS} that fail`);
  process.exit(wanted.MISBEHAVE_EXIT_CODE ?? 1);
}

function readStarts(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return 0;
  }
}

function exitWhenDue(wanted: Misbehaviour, log: Log): void {
  const code = wanted.MISBEHAVE_EXIT_CODE;
  if (code === undefined || wanted.MISBEHAVE_FAIL_STARTS > 0) return;
  const exit = () => {
    log('error', `cannot go on: exiting with code ${code}`);
    process.exit(code);
  };
  if (wanted.MISBEHAVE_EXIT_AFTER === 0) exit();
  setTimeout(exit, wanted.MISBEHAVE_EXIT_AFTER);
}

async function writeLogLines(wanted: Misbehaviour, service: string): Promise<void> {
  for (let number = 1; number <= wanted.MISBEHAVE_LOG_LINES; number += 1) {
    process.stdout.write(`${misbehaviourLine(wanted, service, number)}\n`);
    if (wanted.MISBEHAVE_LOG_INTERVAL > 0) await pause(wanted.MISBEHAVE_LOG_INTERVAL);
  }
}

/** A stack trace is a field of a JSON line, as loggers write it, and lines of their own in every other format. */
function misbehaviourLine(wanted: Misbehaviour, service: string, number: number): string {
  const { MISBEHAVE_LOG_FORMAT: format, MISBEHAVE_LOG_LEVEL: level, MISBEHAVE_LOG_STACK: stack } = wanted;
  const message = `misbehaviour: line ${number} of ${wanted.MISBEHAVE_LOG_LINES}`;
  const trace = [`Error: ${message}`, ...stackFrames].join('\n');
  const fields = stack && format === 'json' ? { stack: trace } : {};
  const line = formatLogLine(format, { level, time: new Date(), service, message, fields });
  return stack && format !== 'json' ? `${line}\n${trace}` : line;
}

const held: Buffer[] = [];

/** Filled, because untouched pages do not count towards a container's memory. */
function allocate(mebibytes: number): void {
  for (let number = 0; number < mebibytes; number += 1) held.push(Buffer.alloc(1024 * 1024, 1));
}

/** Exact and without chance: of any n requests, `rate` × n fail, rounded down. `number` counts from 1. */
export function errorIsDue(number: number, rate: number): boolean {
  return Math.floor(number * rate) > Math.floor((number - 1) * rate);
}
