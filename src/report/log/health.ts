/** Log lines of the health and monitor phases. */
import type { ServiceReport } from '../../domain/health/service.ts';
import { titleOf } from '../../domain/kubernetes/objects.ts';
import { type ErrorRateReport, rounded } from '../../domain/logs/error-rates.ts';
import { logText, shorten } from '../text/escape.ts';
import { count } from '../text/format.ts';
import { type LogClock, logLine } from './line.ts';

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

/** `Deployment auth: 3 errors in the logs of 2 new pods, 1.5 per pod and minute (old pods 0.2)`. */
export function errorRateLine(rate: ErrorRateReport, clock: LogClock): string {
  const { reference, errors, pods, oldRate } = rate;
  const old = oldRate === undefined ? 'no old pods' : `old pods ${rounded(oldRate)}`;
  const found = `${count(errors, 'error')} in the logs of ${count(pods, 'new pod')}`;
  const text = `${titleOf(reference)}: ${found}, ${rounded(rate.rate)} per pod and minute (${old})`;
  return logLine(clock, `  ${logText(text)}`);
}
