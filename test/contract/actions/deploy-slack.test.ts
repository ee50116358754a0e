/** A failure is told to Slack by the built bundle; a webhook that fails changes nothing but a warning. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type StepResult, startStep } from '../../../testbed/workflow-step.ts';
import { startWebhook, token, type WebhookServer } from '../../support/servers/slack-webhook.ts';

const bundles = join(import.meta.dirname, '../../../dist');
let slack: WebhookServer;

beforeEach(async () => {
  slack = await startWebhook();
});
afterEach(() => slack[Symbol.asyncDispose]());

/** There is no overlay and no cluster: every action fails before it changes anything. */
async function run(
  action: string,
  inputs: Readonly<Record<string, string>> = {},
  state: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  const workspace = await mkdtemp(join(tmpdir(), 'orion-slack-'));
  const step = await startStep(
    {
      bundle: join(bundles, action, 'index.js'),
      workspace,
      inputs: { kubeconfig: 'nowhere', 'slack-webhook': slack.url, ...inputs },
      env: { KUBECONFIG: '', HOME: workspace },
    },
    state,
  );
  return step.result;
}

/** What people can see: the mask commands are eaten by the runner. */
function shown({ output, summary, outputs, state }: StepResult): string {
  const lines = output.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  return [...lines, summary, JSON.stringify(outputs), JSON.stringify(state)].join('\n');
}

test.each<[string, Readonly<Record<string, string>>, number]>([
  ['deploy-staging', {}, 1],
  ['deploy-production', {}, 1],
  ['phase', { phase: 'rollback' }, 1],
  ['smoke-tests', {}, 1],
])('%s tells its failure, and masks the webhook', async (action, inputs, exitCode) => {
  const step = await run(action, inputs);
  expect(step.exitCode, step.output).toBe(exitCode);
  expect(slack.received).toHaveLength(1);
  expect(slack.received[0]?.message.text).toMatch(
    /^❌ .*example.*https:\/\/github\.com\/orion\/example\/actions\/runs\/1$/,
  );
  expect(slack.received[0]?.message.blocks?.length).toBeGreaterThan(2);
  expect(step.output).toContain('Slack was notified.');
  expect(step.output).toContain(`::add-mask::${slack.url}\n`);
  expect(shown(step)).not.toContain(token);
});

test('a bad input is told too', async () => {
  const step = await run('deploy-staging', { timeout: 'soon' });
  expect(step.exitCode, step.output).toBe(1);
  expect(slack.received[0]?.message.text).toContain('Input timeout ("soon") is not a duration.');
});

test('a bad webhook is an error that does not repeat it', async () => {
  const step = await run('deploy-staging', { 'slack-webhook': `http://hooks.example/${token}` });
  expect(step.exitCode, step.output).toBe(1);
  expect(step.outputs['reason']).toBe('bad-input');
  expect(step.output).toContain('Input slack-webhook is not an https URL.');
  expect(shown(step)).not.toContain(token);
});

test('a webhook that fails is a warning: outcome, reason and exit code stay', async () => {
  const told = await run('deploy-staging');
  slack.answer({ status: 404, body: `no_service ${slack.url}\n::error::x` });
  const step = await run('deploy-staging');
  expect(step.exitCode).toBe(told.exitCode);
  for (const name of ['outcome', 'reason', 'exit-code']) expect(step.outputs[name]).toBe(told.outputs[name]);
  expect(step.annotations.at(-1)).toMatch(
    /^::warning title=slack-webhook::Slack was not notified: the webhook answered 404 \(no_service/,
  );
  expect(step.annotations).toHaveLength(told.annotations.length + 1);
  expect(shown(step)).not.toContain(token);
});

test('post that cannot do its part is told loudly, as an error and in Slack, and stays green', async () => {
  const state = { isPost: 'true', release: 'orion-shop-7', namespace: 'shop', holder: 'h' };
  const step = await run('deploy-production', {}, state);
  expect(step.exitCode, step.output).toBe(0);
  expect(step.annotations[0]).toMatch(
    /^::error title=rollback-failed::After the job orion-shop-7 could not be settled: /,
  );
  expect(step.summary).toContain('orion-shop-7');
  expect(slack.received[0]?.message.text).toMatch(/^<!channel> ❌ .*orion-shop-7 could not be settled/);
});
