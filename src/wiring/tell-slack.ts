/** Sends a failure to Slack. A failing webhook is a warning: the verdict has already been given. */
import type { ResultDocument } from '../domain/result/document.ts';
import { renderSlackMessage } from '../report/formats/slack.ts';
import { type LogClock, logLine } from '../report/log/line.ts';
import { logText } from '../report/text/escape.ts';
import { annotate } from '../runner/toolkit.ts';
import { sendToWebhook } from '../slack/webhook.ts';

interface SlackTarget {
  readonly webhook: string | undefined;
  readonly signal: AbortSignal;
  /** Masks what a receiver may have echoed. */
  readonly redact: (text: string) => string;
  readonly line: (text: string) => void;
  readonly clock: () => LogClock;
}

/** The result must be masked already. */
export async function tellSlack(result: ResultDocument, target: SlackTarget): Promise<void> {
  const { webhook, signal, redact, line, clock } = target;
  const message = renderSlackMessage(result);
  // A cancelled run is not reported: the person who cancelled knows, and post reports what it does.
  if (webhook === undefined || message === undefined || signal.aborted) return;
  const delivery = await sendToWebhook(webhook, message, { signal });
  if (delivery.type === 'delivered') {
    line(logLine(clock(), 'Slack was notified.'));
    return;
  }
  const said = logText(redact(`Slack was not notified: the webhook ${delivery.why}.`));
  annotate({
    level: 'warning',
    title: 'slack-webhook',
    message: `${said} Outcome and exit code are unaffected.`,
  });
  line(logLine(clock(), said));
}

/** Parts of the URL that reveal the webhook: all of it, its path, and the token at its end. */
export function secretsOfWebhook(webhook: string | undefined): readonly string[] {
  if (webhook === undefined) return [];
  const { href, pathname } = new URL(webhook);
  return [webhook, href, pathname, pathname.split('/').at(-1) ?? ''];
}
