import type { SmokeOutcome, SmokeReport } from '../../domain/smoke/report.ts';
import { logText, shorten } from '../text/escape.ts';
import { formatDuration } from '../text/format.ts';
import { type Colour, type LogClock, logLine, paint } from './line.ts';

const words: Readonly<Record<SmokeOutcome, { readonly word: string; readonly colour: Colour }>> = {
  passed: { word: 'pass', colour: 'green' },
  failed: { word: 'FAIL', colour: 'red' },
  skipped: { word: 'skip', colour: 'grey' },
  inconclusive: { word: 'open', colour: 'yellow' },
};

/** One test as it ends: `pass auth: Readiness endpoint :8080/ready of pod auth-6f7c9-x answered 200. (12 ms)`. */
export function smokeLine(report: SmokeReport, clock: LogClock): string {
  const { word, colour } = words[report.outcome];
  const message = logText(shorten(`${report.subject}: ${report.message}`, 2000));
  const body =
    report.body === undefined || report.body === '' ? '' : ` It said: ${logText(shorten(report.body, 200))}`;
  const took = report.milliseconds === undefined ? '' : ` (${formatDuration(report.milliseconds)})`;
  const retried = report.attempts > 1 ? `, attempt ${report.attempts}` : '';
  return logLine(clock, `  ${paint(word, colour, clock)} ${message}${body}${took}${retried}`);
}
