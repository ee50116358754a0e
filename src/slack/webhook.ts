/**
 * Sends one message to a Slack incoming webhook. Its URL is a secret: no error contains it, nor a library's message
 * about it.
 */
import { maxRetryAfter, retry, transientStatuses } from '../retry/retry.ts';

interface WebhookPayload {
  /** Sent without blocks if the receiver rejects them. */
  readonly text: string;
}

type Delivery =
  | { readonly type: 'delivered' }
  /** Part of a sentence, may contain untrusted text: "answered 404 (no_service)". */
  | { readonly type: 'failed'; readonly why: string };

interface DeliveryOptions {
  readonly signal: AbortSignal;
  /** Milliseconds for one attempt; default 5,000. */
  readonly deadline?: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: number;
}

/** Never throws: a message that does not arrive must not end a deployment. */
export async function sendToWebhook(
  webhook: string,
  payload: WebhookPayload,
  options: DeliveryOptions,
): Promise<Delivery> {
  const { Agent, EnvHttpProxyAgent, request } = await import(/* webpackMode: "eager" */ 'undici');
  const limits = { maxResponseSize: 65_536 };
  // HTTPS_PROXY and NO_PROXY apply; plain http is for this machine only (src/inputs/values.ts), and no proxy leads
  // there.
  const dispatcher = webhook.startsWith('http:') ? new Agent(limits) : new EnvHttpProxyAgent(limits);
  const post = async (body: WebhookPayload): Promise<Answer> => {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.deadline ?? 5000)]);
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const content = { method: 'POST', headers, body: JSON.stringify(body), signal, dispatcher } as const;
    const answer = await request(webhook, content);
    return {
      status: answer.statusCode,
      body: await answer.body.text(),
      retryAfter: Number(answer.headers['retry-after'] ?? 0) * 1000,
    };
  };
  try {
    const answer = await repeating(() => post(payload), options.signal);
    if (answer.status !== 400) return deliveryOf(answer);
    // Slack has rejected the blocks, or the receiver does not support them: a text message is better than none.
    return deliveryOf(await post({ text: payload.text }));
  } catch (error) {
    return { type: 'failed', why: whyOf(error) };
  } finally {
    await dispatcher.destroy();
  }
}

/** A response that may be transient; the last one counts. */
class TransientAnswer extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}

/** 429, 5xx and broken connections are retried. */
async function repeating(post: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const attempt = async (): Promise<Answer> => {
    const answer = await post();
    if (answer.status === 429 || transientStatuses.has(answer.status)) throw new TransientAnswer(answer);
    return answer;
  };
  const retryAfter = (error: unknown): number =>
    error instanceof TransientAnswer ? error.answer.retryAfter : 0;
  try {
    const isTransient = (error: unknown): boolean => retryAfter(error) <= maxRetryAfter;
    return await retry(attempt, { retries: 2, minTimeout: 300, signal, isTransient, retryAfter });
  } catch (error) {
    if (error instanceof TransientAnswer) return error.answer;
    throw error;
  }
}

function deliveryOf({ status, body }: Answer): Delivery {
  if (status >= 200 && status < 300) return { type: 'delivered' };
  const said = body.trim() === '' ? '' : ` (${body.trim().slice(0, 100)})`;
  return { type: 'failed', why: `answered ${status}${said}` };
}

/** The code alone: messages of connection errors name the host. */
function whyOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'did not answer in time';
  if (error instanceof Error && error.name === 'AbortError')
    return 'was not awaited: the job is being stopped';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
  return `could not be reached (${code})`;
}
