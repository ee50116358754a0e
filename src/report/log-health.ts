/** Log lines of the health and monitor phases. */
import type { ServiceReport } from '../domain/health/service.ts';
import { titleOf } from '../domain/objects.ts';
import { logText, shorten } from './escape.ts';
import { type LogClock, logLine } from './log-line.ts';

const longest = 500;

/** `Service auth: 2 of 2 new pods in its endpoints`. */
export function serviceLine({ reference, message }: ServiceReport, clock: LogClock): string {
  return logLine(clock, `  ${logText(shorten(`${titleOf(reference)}: ${message}`, longest))}`);
}

/** `waiting for Service auth: 1 of 2 new pods in its endpoints`. */
export function waitingLines(waitingFor: readonly string[], clock: LogClock): readonly string[] {
  const shown = waitingFor.slice(0, 10).map((what) => `waiting for ${logText(shorten(what, longest))}`);
  const more = waitingFor.length - shown.length;
  return [...shown, ...(more > 0 ? [`… and ${more} more`] : [])].map((text) => logLine(clock, `  ${text}`));
}
