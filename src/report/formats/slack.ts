/**
 * A failure as a message for a Slack incoming webhook. Source: Slack's documentation, "Formatting message text" (only `&`, `<` and
 * `>` are escaped) and "Block Kit" (50 blocks; 150 characters of a header, 3,000 of a section).
 */
import type { SourceLocation } from '../../domain/kubernetes/source-location.ts';
import type { ResultDocument } from '../../domain/result/document.ts';
import { cleanText, oneLine, shorten } from '../text/escape.ts';
import { count } from '../text/format.ts';
import { outcomeWords } from '../text/outcome.ts';
import { safeRunUrl, sourceUrl } from '../text/source-link.ts';

interface SlackBlock {
  readonly type: 'header' | 'section' | 'context';
  readonly text?: SlackText;
  readonly elements?: readonly SlackText[];
}

type SlackText =
  | { readonly type: 'plain_text'; readonly text: string; readonly emoji: false }
  /** `verbatim`: no names, channels or URLs of the text become mentions or links. */
  | { readonly type: 'mrkdwn'; readonly text: string; readonly verbatim: true };

/** The body of the request to an incoming webhook. */
export interface SlackMessage {
  /** Shown by notifications, and by receivers that do not support blocks. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

export const slackLimits = { blocks: 50, header: 150, section: 3000, causes: 5, steps: 30 } as const;

/** Characters of all steps together: Slack refuses messages far below 50 blocks × 3,000. */
const stepsBudget = 8000;
const sentenceLimit = 500;

/** The message for a failed run; undefined if there is nothing to report. The result must be redacted. */
export function renderSlackMessage(result: ResultDocument): SlackMessage | undefined {
  if (result.exitCode === 0) return undefined;
  const headline = outcomeWords(result, oneLine(result.app), result.environment);
  const alarm = timerOf(result);
  const url = safeRunUrl(result);
  const fallback = [
    alarm === '' ? '' : '<!channel>',
    slackText(`${headline}: ${oneLine(result.message)}`, 2000),
  ];
  return {
    text: [...fallback, url ?? ''].filter((part) => part !== '').join(' '),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: shorten(headline, slackLimits.header), emoji: false },
      },
      ...sections([alarm, ...causes(result), ...rollbackWords(result), ...steps(result)]),
      { type: 'context', elements: [mrkdwn(facts(result, url))] },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** Undo itself failed: notifies the whole channel. */
function timerOf({ outcome }: ResultDocument): string {
  if (outcome === 'rollback-failed')
    return '<!channel> *The rollback failed: what runs now is neither the release nor its previous state. Manual action is required.*';
  if (outcome === 'restore-unverified')
    return '<!channel> *The previous state is restored, but did not become healthy again. Please check it.*';
  return '';
}

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
  readonly location?: SourceLocation;
}

function causesOf(result: ResultDocument): readonly Cause[] {
  if (result.failures.length > 0) return result.failures;
  const failed = result.checks.flatMap(({ findings }) => findings).filter(({ level }) => level === 'fail');
  return failed.length > 0 ? failed : [{ reason: result.reason, message: result.message, remedy: '' }];
}

function causes(result: ResultDocument): readonly string[] {
  const all = causesOf(result);
  const more = all.length - slackLimits.causes;
  return [
    ...all.slice(0, slackLimits.causes).map((cause) => causeText(cause, result)),
    ...(more > 0 ? [`… and ${count(more, 'more cause')}, see the job summary.`] : []),
  ];
}

function causeText({ reason, message, remedy, location }: Cause, result: ResultDocument): string {
  const [fix = '', ...paste] = cleanText(remedy).trim().split('\n');
  return [
    `*${reason}:* ${slackText(oneLine(message), sentenceLimit)}`,
    fix === '' ? '' : `*Fix:* ${slackText(oneLine(fix), sentenceLimit)}${command(paste)}`,
    location === undefined ? '' : `*Edit:* ${place(location, result)}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function place(location: SourceLocation, result: ResultDocument): string {
  const label = slackText(oneLine(`${location.file}:${location.line}`), 200).replaceAll('|', '¦');
  const url = sourceUrl(location, result);
  return url === undefined || url.length > 400 ? label : `<${url}|${label}>`;
}

function rollbackWords({ rollback = '' }: ResultDocument): readonly string[] {
  return rollback === '' ? [] : [`*Rollback:* ${slackText(oneLine(rollback), sentenceLimit)}`];
}

/** The manual steps, in order. A command is printed in full or not at all: a truncated one does harm. */
function steps(result: ResultDocument): readonly string[] {
  const shown = new Set(causesOf(result).map(({ remedy }) => remedy));
  const all = result.nextSteps.filter((step) => !shown.has(step)).map(stepText);
  let length = 0;
  const fitting = all.slice(0, slackLimits.steps).filter((text) => {
    length += text.length;
    return length <= stepsBudget;
  });
  if (fitting.length === 0 && all.length === 0) return [];
  const more = all.length - fitting.length;
  return [
    '*What to do next*',
    ...fitting.map((text, index) => `${index + 1}. ${text}`),
    ...(more > 0 ? [`… and ${count(more, 'more step')}, see the job summary.`] : []),
  ];
}

function stepText(step: string): string {
  const [sentence = '', ...lines] = cleanText(step).trim().split('\n');
  return `${slackText(oneLine(sentence), sentenceLimit)}${command(lines)}`;
}

const commandLimit = 1200;

/** Preformatted, so that it can be copied; three backticks in the text would end the block. */
function command(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const text = escaped(lines.join('\n'));
  if (text.length > commandLimit || text.includes('```')) return ' (The commands are in the job summary.)';
  return `\n\`\`\`\n${text}\n\`\`\``;
}

function facts(result: ResultDocument, url: string | undefined): string {
  const named = [
    ['namespace', result.namespace],
    ['release', result.release ?? ''],
    ['commit', (result.commit ?? '').slice(0, 12)],
    ['by', result.actor ?? ''],
  ] as const;
  const words = named
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} ${slackText(oneLine(value), 200)}`);
  const link = url === undefined ? slackText(oneLine(result.runUrl ?? ''), 300) : `<${url}|the run>`;
  return [...words, `exit code ${result.exitCode}`, link].filter((word) => word !== '').join(' · ');
}

function sections(texts: readonly string[]): readonly SlackBlock[] {
  return texts.filter((text) => text !== '').map((text) => ({ type: 'section', text: mrkdwn(text) }));
}

function mrkdwn(text: string): SlackText {
  return { type: 'mrkdwn', text, verbatim: true };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Escaped, without fences, and never longer than `limit`: an entity is not cut in two. */
function slackText(text: string, limit: number): string {
  const whole = escaped(text.replace(/`{3,}/g, "'''"));
  return whole.length <= limit
    ? whole
    : `${shorten(whole, limit)
        .slice(0, -1)
        .replace(/&[a-z]{0,4}$/, '')}…`;
}
