/**
 * One line of the job log: time, elapsed time, text. Colours are added only here; escape sequences in untrusted text
 * have been removed.
 */
import { formatTimeOfDay } from '../text/format.ts';

/** The time of a log line, and whether it may have colours. */
export interface LogClock {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of the run, milliseconds since the epoch: elapsed time counts from here. */
  readonly startedAt: number;
  /** ANSI colours; the job log of Actions shows them. */
  readonly colour: boolean;
}

const codes = { red: 31, green: 32, yellow: 33, blue: 34, grey: 90, bold: 1 } as const;
/** The names of the colours that the log uses. */
export type Colour = keyof typeof codes;

/** The text in a colour, if the log has colours. */
export function paint(text: string, colour: Colour, clock: LogClock): string {
  return clock.colour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;
}

/** `+41.2s`: elapsed since the start of the run. */
function elapsed(clock: LogClock): string {
  return `+${(Math.max(0, clock.now - clock.startedAt) / 1000).toFixed(1)}s`.padStart(8);
}

/** `14:03:05.120    +1.2s  text`. The stamp also keeps any text from starting a workflow command. */
export function logLine(clock: LogClock, text: string): string {
  const stamp = paint(`${formatTimeOfDay(clock.now)} ${elapsed(clock)}`, 'grey', clock);
  return `${stamp}  ${text}`;
}
