import { afterEach, beforeEach, expect, test } from 'vitest';
import { sendToWebhook } from '../../../src/slack/webhook.ts';
import {
  startWebhook,
  token,
  type WebhookRoute,
  type WebhookServer,
} from '../../support/servers/slack-webhook.ts';

let slack: WebhookServer;
const message = { text: 'It failed.', blocks: [{ type: 'section' }] };
const signal = new AbortController().signal;

beforeEach(async () => {
  slack = await startWebhook();
});
afterEach(() => slack[Symbol.asyncDispose]());

const send = (deadline = 5000) => sendToWebhook(slack.url, message, { signal, deadline });

test('sends JSON, once', async () => {
  expect(await send()).toEqual({ type: 'delivered' });
  expect(slack.received).toEqual([{ type: 'application/json; charset=utf-8', message }]);
});

test.each<[string, WebhookRoute]>([
  ['500', { status: 500, body: 'rollup_error' }],
  ['a broken connection', 'broken'],
  ['a short rate limit', { status: 429, headers: { 'retry-after': '0' } }],
])('%s once is asked again', async (_, route) => {
  slack.answer(route, { status: 200, body: 'ok' });
  expect(await send()).toEqual({ type: 'delivered' });
  expect(slack.received).toHaveLength(2);
});

test('where the blocks are not taken, the plain words are sent', async () => {
  slack.answer({ status: 400, body: 'invalid_blocks' }, { status: 200, body: 'ok' });
  expect(await send()).toEqual({ type: 'delivered' });
  expect(slack.received.map((one) => one.message)).toEqual([message, { text: 'It failed.' }]);
});

test.each<[string, WebhookRoute, string, number]>([
  ['404', { status: 404, body: 'no_service' }, 'answered 404 (no_service)', 1],
  ['403', { status: 403, body: 'action_prohibited' }, 'answered 403 (action_prohibited)', 1],
  ['410', { status: 410, body: 'channel_is_archived' }, 'answered 410 (channel_is_archived)', 1],
  ['400 twice', { status: 400, body: 'invalid_payload' }, 'answered 400 (invalid_payload)', 2],
  ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'answered 302', 1],
  ['503 for ever', { status: 503 }, 'answered 503', 3],
  ['429 for long', { status: 429, headers: { 'retry-after': '900' } }, 'answered 429', 1],
  ['a long answer', { status: 404, body: 'x'.repeat(1000) }, `answered 404 (${'x'.repeat(100)})`, 1],
])('%s: not told', async (_, route, why, asked) => {
  slack.answer(route);
  expect(await send()).toEqual({ type: 'failed', why });
  expect(slack.received).toHaveLength(asked);
});

test('connections that break for ever: not told, and the URL is not in the words', async () => {
  slack.answer('broken');
  const delivery = await send();
  expect(delivery).toMatchObject({
    type: 'failed',
    why: expect.stringMatching(/^could not be reached \(\w+\)$/),
  });
  expect(JSON.stringify(delivery)).not.toMatch(new RegExp(`${token}|127\\.0\\.0\\.1`));
});

test('nobody listens: not told, and the URL is not in the words', async () => {
  const closed = await startWebhook();
  await closed[Symbol.asyncDispose]();
  const delivery = await sendToWebhook(closed.url, message, { signal });
  expect(delivery).toEqual({ type: 'failed', why: 'could not be reached (ECONNREFUSED)' });
});

test('silence is waited for three times the deadline at most', async () => {
  slack.answer('silent');
  expect(await send(150)).toEqual({ type: 'failed', why: 'did not answer in time' });
  expect(slack.received).toHaveLength(3);
});

test('a job that is being stopped waits for nobody', async () => {
  slack.answer('silent');
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  const delivery = await sendToWebhook(slack.url, message, { signal: abort.signal, deadline: 60_000 });
  expect(delivery).toMatchObject({ type: 'failed' });
});
