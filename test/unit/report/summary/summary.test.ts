import { describe, expect, it } from 'vitest';
import { summaryBytes } from '../../../../src/report/summary/limits.ts';
import { renderSummary } from '../../../../src/report/summary/summary.ts';
import { updated, workload } from '../../../support/report/example-release.ts';
import { crashLoop, endpointDown, refused } from '../../../support/report/failed-results.ts';
import { cancelled, planned, unchanged } from '../../../support/report/quiet-results.ts';
import { success } from '../../../support/report/succeeded-result.ts';

const examples = { success, crashLoop, refused, endpointDown, unchanged, planned, cancelled };

describe('examples, committed for reviewers to read', () => {
  it.each(Object.entries(examples))('%s', async (name, result) => {
    await expect(renderSummary(result)).toMatchFileSnapshot(`fixtures/${name}.md`);
  });
});

const long = (character: string, length: number): string => character.repeat(length);
const many = <T>(amount: number, make: (index: number) => T): T[] =>
  Array.from({ length: amount }, (_, index) => make(index));
const [cause] = crashLoop.failures;
if (cause === undefined) throw new Error('the example has a cause');

describe('size', () => {
  it.each([
    [
      'a huge diff',
      { ...success, changes: many(3000, () => ({ ...success.changes[1], diff: long('+ line\n', 900) })) },
      /more changed objects/,
    ],
    [
      'endless log lines',
      {
        ...crashLoop,
        failures: many(60, () => ({
          ...cause,
          logs: many(30, () => ({
            pod: 'p',
            container: 'c',
            previous: false,
            lines: many(200, () => long('é', 900)),
          })),
        })),
      },
      /exited with code 3/,
    ],
    [
      '1,000 failures of long words',
      {
        ...crashLoop,
        failures: many(1000, () => ({
          ...cause,
          message: long('日', 5000),
          remedy: long('_ ', 5000),
          chain: many(50, () => long('`', 500)),
          objects: many(500, () => cause.objects[0]),
        })),
      },
      /more causes/,
    ],
    [
      '5,000 workloads',
      { ...success, workloads: many(5000, (index) => workload(`w${index}`, { message: long('|', 900) })) },
      /… and 4960 more, all current\./,
    ],
    ['5,000 findings', { ...refused, checks: many(5000, () => refused.checks[1]) }, /more findings/],
    [
      'long names everywhere',
      {
        ...success,
        app: long('a', 1e6),
        namespace: long('b', 1e6),
        actor: long('@', 1e6),
        cluster: long('<', 1e6),
      },
      /is deployed to staging/,
    ],
  ])('%s: at most 900 KiB, headline first', (_what, result, expected) => {
    const summary = renderSummary(result as typeof success);
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(summaryBytes);
    expect(summary).toMatch(/^## [❌✅]/u);
    expect(summary).toMatch(expected);
  });

  it('cuts the diff before anything else and says so', () => {
    const logs = many(60, () => ({
      pod: 'p',
      container: 'c',
      previous: false,
      lines: many(40, () => long('l', 390)),
    }));
    const changes = many(400, () => ({ ...success.changes[1], diff: long('+ line\n', 120) }));
    const failures = [{ ...cause, logs: logs.slice(0, 40) }];
    const summary = renderSummary({ ...crashLoop, failures, changes } as typeof crashLoop);
    expect(summary).toContain("stay within GitHub's size limit: most of the diff.");
    expect(summary.match(/l{390}/g)?.length).toBe(1600);
  });
});

describe('order', () => {
  it('puts workloads in trouble first and folds the calm rest into a count', () => {
    const workloads = [
      ...many(60, (index) => workload(`calm-${index}`)),
      updated('done'),
      updated('slow', { state: 'progressing', message: '1 of 2 pods updated', updated: 1 }),
      updated('broken', { state: 'failed', message: 'crash loop' }),
    ];
    const rows = renderSummary({ ...crashLoop, workloads }).match(/^\| `Deployment [\w-]+`/gm) ?? [];
    expect(rows.slice(0, 4)).toEqual(
      ['broken', 'slow', 'done', 'calm-0'].map((name) => `| \`Deployment ${name}\``),
    );
    expect(renderSummary({ ...crashLoop, workloads })).toContain('… and 23 more, all current.');
  });

  it('says the cause before everything but the headline', () => {
    const summary = renderSummary(crashLoop);
    const at = [
      '## ❌',
      '### Cause',
      'code 3 three times',
      '### What to do next',
      '### Workloads',
      '### Details',
    ].map((text) => summary.indexOf(text));
    expect(at).toEqual([...at].sort((left, right) => left - right));
    expect(at[0]).toBe(0);
  });

  it('is short when nothing changed', () => {
    expect(
      renderSummary(unchanged)
        .replace(/<details>[\s\S]*?<\/details>/g, '')
        .split('\n').length,
    ).toBeLessThan(20);
  });
});

it('shows the message of a run that has no other cause', () => {
  const summary = renderSummary({
    ...crashLoop,
    failures: [],
    message: 'Input timeout is no duration: 5 bananas.',
  });
  expect(summary).toContain('### Cause\n\n**Input timeout is no duration: 5 bananas.**');
});

it('says a remedy once, beside its cause', () => {
  const remedy = 'Read the log below and correct the program.';
  const failures = [{ ...cause, remedy }];
  const summary = renderSummary({ ...crashLoop, failures, nextSteps: [remedy, 'Deploy again.'] });
  expect(summary.split(remedy).length).toBe(2);
  expect(summary).toContain('1. Deploy again.');
});
