import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResultDocument } from '../../../../src/domain/result/document.ts';
import { restoreByHand } from '../../../../src/domain/undo/manual-commands.ts';
import { renderSlackMessage, type SlackMessage, slackLimits } from '../../../../src/report/formats/slack.ts';
import { redactResult } from '../../../../src/report/redaction/redact.ts';
import { collectSecretValues } from '../../../../src/report/redaction/secret-values.ts';
import { base, object } from '../../../support/report/example-release.ts';
import { crashLoop, endpointDown, refused } from '../../../support/report/failed-results.ts';
import { hostileText, withHostileStrings } from '../../../support/report/hostile-text.ts';
import { cancelled, planned, unchanged } from '../../../support/report/quiet-results.ts';
import { success } from '../../../support/report/succeeded-result.ts';

function message(result: ResultDocument): SlackMessage {
  const rendered = renderSlackMessage(result);
  if (rendered === undefined) throw new Error('nothing to tell');
  return rendered;
}

function textsOf({ blocks }: SlackMessage): readonly string[] {
  return blocks.flatMap(({ text, elements = [] }) =>
    [text, ...elements].filter((one) => one !== undefined).map((one) => one.text),
  );
}

const byHand = restoreByHand(object('Deployment', 'auth'), [], { app: 'orion', number: 12 }, 'orion-staging');
const rollbackFailed: ResultDocument = {
  ...crashLoop,
  outcome: 'rollback-failed',
  rollback: 'The rollback failed: Deployment auth was not restored: the API server refused it: no.',
  nextSteps: [byHand, ...crashLoop.nextSteps],
};

describe('renderSlackMessage: what it says', () => {
  it.each([
    ['succeeded', success],
    ['unchanged', unchanged],
    ['planned', planned],
    ['rolled back because somebody asked', { ...base, outcome: 'rolled-back' as const }],
  ])('says nothing of a run that %s', (_, result) => {
    expect(renderSlackMessage(result)).toBeUndefined();
  });

  it('says what failed, where to edit, what to do, and where the run is', () => {
    expect(textsOf(message(crashLoop))).toEqual([
      '❌ Deployment of orion to staging failed',
      [
        '*crash-loop:* Container auth of Deployment auth exited with code 3 three times in a row.',
        '*Fix:* Read the log below: the program ends by itself; correct it or its configuration, then deploy again.',
        '*Edit:* <https://github.com/example/orion/blob/3f2a9c1d5e7b8a6c4d2e1f0a9b8c7d6e5f4a3b2c/examples/orion/k8s/overlays/staging/kustomization.yaml#L14|examples/orion/k8s/overlays/staging/kustomization.yaml:14>',
      ].join('\n'),
      '*What to do next*',
      '1. Put the previous release back:\n```\ngit revert 3f2a9c1d5e7b &amp;&amp; git push\n```',
      'namespace orion-staging · release orion-orion-12 · commit 3f2a9c1d5e7b · by maria · exit code 2 · <https://github.com/example/orion/actions/runs/8123456789|the run>',
    ]);
    expect(message(crashLoop)).toMatchObject({
      text: '❌ Deployment of orion to staging failed: Container auth of Deployment auth exited with code 3 three times in a row. https://github.com/example/orion/actions/runs/8123456789',
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  it.each([
    [
      'failed checks',
      refused,
      /^\*permission-missing:\* system:.*\n\*Fix:\* Add this rule.*\n```\n- apiGroups/,
    ],
    ['an endpoint', endpointDown, /^\*status-unexpected:\* Endpoint :8080\/ready of gateway answered 503\./],
    [
      'a refused approval',
      { ...cancelled, reason: 'approval-declined' as const },
      /^\*approval-declined:\* /,
    ],
    [
      'a bad input',
      { ...base, exitCode: 1 as const, reason: 'bad-input' as const, message: 'No.' },
      /^\*bad-input:\* No\.$/,
    ],
  ])('tells %s', (_, result, cause) => {
    expect(textsOf(message(result))[1]).toMatch(cause);
    expect(JSON.stringify(message(result))).not.toContain('<!channel>');
  });

  it.each([
    ['the undo itself failed', rollbackFailed, 'The rollback failed'],
    [
      'what was restored did not become healthy',
      { ...crashLoop, outcome: 'restore-unverified' as const },
      'did not become healthy',
    ],
  ])('is louder if %s', (_, result, said) => {
    const { text, blocks } = message(result);
    expect(text).toMatch(/^<!channel> /);
    expect(blocks[1]?.text?.text).toMatch(/^<!channel> \*/);
    expect(blocks[1]?.text?.text).toContain(said);
  });
});

describe('renderSlackMessage: what it leaves out', () => {
  it('gives the steps in full, so that they can be copied', () => {
    const [, ...commands] = byHand.split('\n');
    const step = textsOf(message(rollbackFailed)).find((text) => text.startsWith('1. '));
    const unescaped = step?.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    expect(unescaped).toBe(`1. Restore Deployment auth manually:\n\`\`\`\n${commands.join('\n')}\n\`\`\``);
    expect(textsOf(message(rollbackFailed))).toContain(
      '*Rollback:* The rollback failed: Deployment auth was not restored: the API server refused it: no.',
    );
  });

  it('never gives half a command, and says how many steps it left out', () => {
    const nextSteps = Array.from(
      { length: 60 },
      (_, index) => `Step ${index}:\nrun ${'x'.repeat(700)} ${index}`,
    );
    const texts = textsOf(message({ ...crashLoop, nextSteps: [...nextSteps, `Long:\n${'y'.repeat(5000)}`] }));
    const given = texts.filter((text) => /^\d+\. Step/.test(text));
    expect(given.length).toBeGreaterThan(5);
    for (const text of given) expect(text).toMatch(/\n```\nrun x{700} \d+\n```$/);
    expect(texts).toContain(`… and ${61 - given.length} more steps, see the job summary.`);
    const long = message({ ...crashLoop, nextSteps: [`Long:\n${'y'.repeat(5000)}`, 'Odd:\necho "```"'] });
    expect(textsOf(long)).toEqual(
      expect.arrayContaining([
        '1. Long: (The commands are in the job summary.)',
        '2. Odd: (The commands are in the job summary.)',
      ]),
    );
  });

  it('shows five causes and counts the rest', () => {
    const [cause] = crashLoop.failures;
    if (cause === undefined) throw new Error('the example has a cause');
    const failures = Array.from({ length: 9 }, () => cause);
    expect(textsOf(message({ ...crashLoop, failures }))).toContain(
      '… and 4 more causes, see the job summary.',
    );
  });

  it('shows no secret of a result that was redacted', () => {
    const secret = 'Correct0Horse0Battery';
    const values = collectSecretValues([], [secret]);
    const leaking = withHostileStrings(rollbackFailed, () => `password ${secret} refused`);
    expect(JSON.stringify(message(leaking))).toContain(secret);
    expect(JSON.stringify(message(redactResult(leaking, values)))).not.toContain(secret);
  });
});

describe('a message of hostile text', () => {
  const slackOnly = [
    '<!channel>',
    '<!here>',
    '<@U123>',
    '<https://evil.example|click>',
    '&lt;!channel&gt;',
    '*',
    '_',
  ];
  const examples = [crashLoop, refused, endpointDown, rollbackFailed, cancelled];
  const hostile = fc
    .record({
      example: fc.constantFrom(...examples),
      texts: fc.array(fc.oneof(hostileText, fc.constantFrom(...slackOnly)), { minLength: 5, maxLength: 30 }),
      times: fc.constantFrom(1, 1, 300),
      linked: fc.boolean(),
    })
    .map(({ example, texts, times, linked }) => {
      let index = 0;
      const next = (): string => (texts[index++ % texts.length] ?? '').repeat(times);
      const result = withHostileStrings(example, next);
      return linked ? { ...result, runUrl: base.runUrl ?? '', commit: base.commit ?? '' } : result;
    });
  const ours =
    /<!channel>|<https:\/\/github\.com\/example\/orion\/(?:actions\/runs\/\d+|blob\/[0-9a-f]{40}\/[\w/.%#-]+)\|[^<>|]+>/g;

  it('has our mentions and links and no others, and only entities of Slack', () => {
    fc.assert(
      fc.property(hostile, (result) => {
        const rendered = message(result);
        const sent = rendered.blocks.flatMap(({ text, elements = [] }) => [text, ...elements]);
        const markup = sent.flatMap((one) => (one?.type === 'mrkdwn' ? [one.text] : []));
        for (const text of [...markup, rendered.text]) {
          const rest = text.replace(ours, '');
          expect(rest).not.toMatch(/[<>]/);
          expect(rest.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&');
          expect((text.match(/```/g) ?? []).length % 2).toBe(0);
        }
        const alarms = markup.filter((text) => text.includes('<!channel>')).length;
        expect(alarms).toBe(result.outcome === 'rollback-failed' ? 1 : 0);
        expect(sent.every((one) => one?.type !== 'mrkdwn' || one.verbatim)).toBe(true);
      }),
    );
  });

  it('stays within the limits of Slack', () => {
    fc.assert(
      fc.property(hostile, (result) => {
        const { blocks, text } = message(result);
        expect(blocks.length).toBeLessThanOrEqual(slackLimits.blocks);
        expect(text.length).toBeLessThanOrEqual(4000);
        for (const block of blocks) {
          const limit = block.type === 'header' ? slackLimits.header : slackLimits.section;
          for (const one of [block.text, ...(block.elements ?? [])]) {
            if (one === undefined) continue;
            expect(one.text.length).toBeGreaterThan(0);
            expect(one.text.length).toBeLessThanOrEqual(limit);
          }
        }
      }),
    );
  });
});
