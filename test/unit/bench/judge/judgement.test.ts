import { describe, expect, test } from 'vitest';
import { judge, names, type Statement } from '../../../../bench/judge/judgement.ts';
import { scenarioSchema } from '../../../../bench/judge/scenario.ts';
import type { Write } from '../../../../bench/judge/writes.ts';

const start = Date.parse('2026-11-23T12:00:00Z');

function scenario(more: object) {
  return scenarioSchema.parse({ title: 't', why: 'w', truth: 'broken', class: 'permanent', ...more });
}

function said(more: Partial<Statement>): Statement {
  return {
    verdict: 'red',
    startedAt: start,
    at: start + 5000,
    exitCode: 2,
    explanation: '',
    settle: 0,
    ...more,
  };
}

const crash: Write = {
  resource: 'pods',
  subresource: 'status',
  verb: 'patch',
  name: 'web-1',
  code: 200,
  message: '',
  at: start + 4000,
  object: { metadata: { name: 'web-1' }, status: { restarts: 2 } },
};
const evidence = { resource: 'pods', where: '$.status[?(@ == 2)]' };

describe('right or wrong', () => {
  test.each([
    ['broken', 'red', 'right'],
    ['broken', 'green', 'false green'],
    ['broken', 'none', 'no verdict'],
    ['refused', 'red', 'right'],
    ['refused', 'green', 'false green'],
    ['sound', 'green', 'right'],
    ['sound', 'red', 'false red'],
    ['sound', 'none', 'no verdict'],
    ['unchanged', 'green', 'right'],
    ['unchanged', 'red', 'false red'],
  ] as const)('%s and %s is %s', (truth, verdict, rightness) => {
    const judgement = judge({ scenario: scenario({ truth }), statement: said({ verdict }), writes: [] });
    expect(judgement.rightness).toBe(rightness);
  });
});

describe('seconds', () => {
  test('from the evidence', () => {
    const judgement = judge({ scenario: scenario({ evidence }), statement: said({}), writes: [crash] });
    expect(judgement.seconds).toBe(1);
  });

  test('from the end of the budget, also when it was given too early', () => {
    const budgeted = scenario({ class: 'budgeted', budget: '3s', evidence });
    expect(judge({ scenario: budgeted, statement: said({}), writes: [crash] }).seconds).toBe(-2);
  });

  test('none without evidence, and none for a wrong verdict', () => {
    const one = scenario({ evidence });
    expect(judge({ scenario: one, statement: said({}), writes: [] })).not.toHaveProperty('seconds');
    const wrong = judge({ scenario: one, statement: said({ verdict: 'green' }), writes: [crash] });
    expect(wrong).not.toHaveProperty('seconds');
  });

  test('of a sound release: from the last needed change before the verdict, and the settle after it', () => {
    const sound = scenario({ truth: 'sound', class: 'sound', settledBy: [evidence] });
    const early = { metadata: { name: 'web-1' }, status: { restarts: 1 } };
    const writes = [
      { ...crash, at: start + 1000, object: early },
      ...[2000, 3000, 9000].map((after) => ({ ...crash, at: start + after })),
    ];
    const statement = said({ verdict: 'green', exitCode: 0, settle: 2500 });
    expect(judge({ scenario: sound, statement, writes }).seconds).toBe(0.5);
  });
});

describe('cause', () => {
  test('every expression, whatever the case and the colours', () => {
    const output = 'FAIL \u001b[31mCrash\u001b[0m loop: exited with code 3';
    expect(names(output, ['crash loop', '\\b3\\b'])).toBe(true);
    expect(names(output, ['crash loop', '\\b4\\b'])).toBe(false);
  });

  test('is not asked for where nothing is wrong', () => {
    const sound = scenario({ truth: 'sound', class: 'sound', cause: ['x'] });
    const judgement = judge({
      scenario: sound,
      statement: said({ verdict: 'green', exitCode: 0 }),
      writes: [],
    });
    expect(judgement).not.toHaveProperty('causeNamed');
  });
});

describe('faults', () => {
  test('another exit code than the truth file asks for', () => {
    const judgement = judge({
      scenario: scenario({}),
      statement: said({ exitCode: 1 }),
      writes: [],
      expectedExitCode: 2,
    });
    expect(judgement.faults).toEqual(['exit code 1, not 2']);
  });

  test.each(['unchanged', 'refused'])('a write where nothing may be written: %s', (truth) => {
    const judgement = judge({
      scenario: scenario({ truth }),
      statement: said({}),
      writes: [],
      ownWrites: [crash],
    });
    expect(judgement.faults).toEqual(['wrote patch pods web-1']);
  });
});

test('a scenario with an unknown field or a budgeted one without budget is refused', () => {
  expect(() => scenario({ evidnce: evidence })).toThrow(/evidnce/);
  expect(() => scenario({ class: 'budgeted' })).toThrow(/budget/);
});
