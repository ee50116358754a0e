/** Evidence as log and summary both show it; not yet escaped. */
import type { EventEvidence, LogTail } from '../../domain/failure/failure.ts';
import { oneLine, shorten } from './escape.ts';
import { count } from './format.ts';

/** The last lines, each shortened; the first line says how many are left out. */
export function tailLines(log: LogTail, lines: number, characters: number): string[] {
  const shown = log.lines.slice(Math.max(0, log.lines.length - lines));
  const more = log.lines.length - shown.length;
  const cut = shown.map((line) => shorten(line, characters));
  return more > 0 ? [`… ${count(more, 'earlier line')}`, ...cut] : cut;
}

/** `BackOff (5 times): Back-off restarting failed container`. */
export function eventWords(event: EventEvidence): string {
  const times = event.count > 1 ? ` (${event.count} times)` : '';
  return `${oneLine(event.reason)}${times}: ${oneLine(event.message)}`;
}
