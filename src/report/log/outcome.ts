/** Log lines at the end of a run: why it failed, and its outcome. */
import type { Failure, LogTail } from '../../domain/failure/failure.ts';
import { titleOf } from '../../domain/kubernetes/objects.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { logText, logTextLines, oneLine, shorten } from '../text/escape.ts';
import { eventWords, tailLines } from '../text/evidence.ts';
import { formatDuration } from '../text/format.ts';
import { outcomeFacts, outcomeWords } from '../text/outcome.ts';
import { type Colour, type LogClock, logLine, paint } from './line.ts';

function logTail(log: LogTail, clock: LogClock): string[] {
  if (log.lines.length === 0) return [];
  const run = log.previous ? ', previous run' : '';
  const title = `Log of ${oneLine(log.pod)}, container ${oneLine(log.container)}${run}:`;
  const lines = tailLines(log, 40, 1000).flatMap((line) => logTextLines(line));
  return [`  ${logText(title)}`, ...lines.map((line) => `  ${paint('│', 'grey', clock)} ${line}`)];
}

/** The last log lines of the containers at fault; each line has a bar after the timestamp. */
export function logTailLines({ logs }: Failure, clock: LogClock): string[] {
  return logs.flatMap((log) => logTail(log, clock)).map((line) => logLine(clock, line));
}

/** Cause, place, event and remedy. */
export function causeLines(failure: Failure, clock: LogClock): string[] {
  const { location, event } = failure;
  const others = failure.objects.slice(1, 6).map(titleOf);
  const more = failure.objects.length - 1 - others.length;
  const facts = [
    failure.chain.length > 0 ? `Where: ${failure.chain.slice(0, 12).join(' → ')}` : '',
    others.length > 0 ? `Also hit: ${others.join(', ')}${more > 0 ? ` and ${more} more` : ''}` : '',
    location ? `Edit:  ${location.file}:${location.line}` : '',
    event ? `Event: ${eventWords(event)}` : '',
  ].filter((line) => line !== '');
  const cause = `${paint('FAIL', 'red', clock)} ${logText(shorten(failure.message, 2000))} (${failure.reason})`;
  const [fix = '', ...paste] = logTextLines(failure.remedy);
  const remedy = fix === '' ? [] : [`  Fix:   ${fix}`, ...paste.map((line) => `         ${line}`)];
  return [cause, ...facts.map((line) => `  ${logText(shorten(line, 2000))}`), ...remedy].map((line) =>
    logLine(clock, line),
  );
}

const outcomeColours: Readonly<Record<ResultDocument['outcome'], Colour>> = {
  succeeded: 'green',
  unchanged: 'green',
  planned: 'blue',
  failed: 'red',
  'rolled-back': 'yellow',
  'rollback-failed': 'red',
  'restore-unverified': 'yellow',
  cancelled: 'yellow',
};

function stepLines(step: string): string[] {
  const [first = '', ...command] = logTextLines(step.trim());
  return [`  - ${first}`, ...command.map((line) => `      ${line}`)];
}

/** The final lines: outcome, duration, counts, message, and what to do next. */
export function outcomeLines(result: ResultDocument, clock: LogClock): string[] {
  const words = outcomeWords(result, logText(result.app), result.environment).replace(
    /^[^\p{L}\p{N}]+ /u,
    '',
  );
  const took = formatDuration(result.finishedAt - result.startedAt);
  const facts = outcomeFacts(result).join(', ');
  const steps = result.nextSteps.flatMap(stepLines);
  return [
    `${paint(words, outcomeColours[result.outcome], clock)} (${took}, ${result.outcome}, exit code ${result.exitCode})`,
    ...(result.message === '' ? [] : [`  ${logText(shorten(result.message, 2000))}`]),
    ...(facts === '' ? [] : [`  ${facts}`]),
    ...(steps.length > 0 ? ['What to do next:', ...steps] : []),
  ].map((line) => logLine(clock, line));
}
