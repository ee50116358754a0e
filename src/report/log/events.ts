/** Log lines during a run: phases, checks, changes, notices. */
import type { CheckResult } from '../../domain/checks/finding.ts';
import type { Notice } from '../../domain/failure/notice.ts';
import { titleOf } from '../../domain/kubernetes/objects.ts';
import type { ChangeReport } from '../../domain/plan/changes.ts';
import type { CheckLevel } from '../../domain/settings/levels.ts';
import type { PhaseTiming } from '../../domain/settings/phases.ts';
import { logText, logTextLines, shorten } from '../text/escape.ts';
import { formatDuration } from '../text/format.ts';
import { type Colour, type LogClock, logLine, paint } from './line.ts';

const longest = 2000;

const phaseColours: Readonly<Record<PhaseTiming['result'], Colour>> = {
  passed: 'green',
  warned: 'yellow',
  failed: 'red',
  cancelled: 'yellow',
};

/** `rollout passed in 12 s`, coloured by the result. */
export function phaseEndLine(timing: PhaseTiming, clock: LogClock): string {
  const words = `${timing.phase} ${timing.result}`;
  const took = formatDuration(timing.finishedAt - timing.startedAt);
  return logLine(clock, `${paint(words, phaseColours[timing.result], clock)} in ${took}`);
}

const levels: Readonly<Record<CheckLevel, { word: string; colour: Colour }>> = {
  pass: { word: 'pass', colour: 'green' },
  warn: { word: 'warn', colour: 'yellow' },
  fail: { word: 'FAIL', colour: 'red' },
};

/** The remedy of a cause; it may contain YAML to paste, so lines and indentation are kept. */
function remedyLines(remedy: string, clock: LogClock): string[] {
  if (remedy === '') return [];
  const [first = '', ...more] = logTextLines(remedy);
  const lines = [`Fix: ${shorten(first, longest)}`, ...more.map((line) => `     ${shorten(line, 400)}`)];
  return lines.map((line) => logLine(clock, `       ${line}`));
}

/** One line per finding, with reason and, unless it passed, how to fix it. */
export function checkLines(check: CheckResult, clock: LogClock): string[] {
  return check.findings.flatMap((finding) => {
    const { word, colour } = levels[finding.level];
    const reason = finding.level === 'pass' ? '' : ` (${finding.reason})`;
    const name = check.check.padEnd(12);
    const message = logText(shorten(finding.message, longest));
    const line = logLine(clock, `  ${paint(word, colour, clock)} ${name} ${message}${reason}`);
    return finding.level === 'pass' ? [line] : [line, ...remedyLines(finding.remedy, clock)];
  });
}

const changeColours = { created: 'green', configured: 'yellow', unchanged: 'grey' } as const;

const plannedWords = {
  created: 'will be created',
  configured: 'will be configured',
  unchanged: 'stays',
} as const;

/** `Deployment auth will be configured`: nothing has happened yet. */
export function plannedChangeLine(change: ChangeWords, clock: LogClock): string {
  return changeWords(change, plannedWords[change.action], clock);
}

/** `Deployment auth configured`, as kubectl says it. */
export function changeLine(change: ChangeWords, clock: LogClock): string {
  return changeWords(change, change.action, clock);
}

type ChangeWords = Pick<ChangeReport, 'reference' | 'action' | 'takenFrom'>;

function changeWords(change: ChangeWords, words: string, clock: LogClock): string {
  const name = logText(shorten(titleOf(change.reference), 200));
  const taken = change.takenFrom.map((manager) => logText(shorten(manager, 100))).join(', ');
  const suffix = taken === '' ? '' : `, fields taken over from ${taken}`;
  return logLine(clock, `  ${name} ${paint(words, changeColours[change.action], clock)}${suffix}`);
}

/** The diff of one change, line by line, in the usual colours. */
export function diffLines(diff: string, clock: LogClock): string[] {
  if (diff === '') return [];
  return logTextLines(diff).map((line) => {
    const text = shorten(line, 400);
    if (text.startsWith('+')) return logLine(clock, `    ${paint(text, 'green', clock)}`);
    if (text.startsWith('-')) return logLine(clock, `    ${paint(text, 'red', clock)}`);
    return logLine(clock, `    ${text.startsWith('@@') ? paint(text, 'blue', clock) : text}`);
  });
}

/** The notice and, below it, its remedy. Untrusted text loses its colours and is cut. */
export function noticeLines(notice: Notice, clock: LogClock): string[] {
  const object = notice.object ? `${logText(shorten(titleOf(notice.object), 200))}: ` : '';
  const message = logText(shorten(notice.message, longest));
  const line = logLine(clock, `  ${paint('note', 'blue', clock)} ${object}${message} (${notice.reason})`);
  return [line, ...remedyLines(notice.remedy, clock)];
}
