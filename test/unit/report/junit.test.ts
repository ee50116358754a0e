import * as fc from 'fast-check';
import { parse } from 'junit2json';
import { expect, test } from 'vitest';
import { renderJUnit } from '../../../src/report/junit.ts';
import { endpointDown } from './fixtures/failure.ts';
import { hostileText, withHostileStrings } from './hostile.ts';

const open = {
  ...endpointDown.smoke[0],
  outcome: 'inconclusive',
  subject: 'postgres',
  remedy: 'Name it.',
} as const;
const result = { ...endpointDown, smoke: [...endpointDown.smoke, open] } as typeof endpointDown;

test('a consumer of JUnit reports reads suites, cases and what failed', async () => {
  const read = await parse(renderJUnit(result));
  if (read === null || read === undefined || !('testsuite' in read)) throw new Error('no suites');
  expect(read).toMatchObject({ name: 'orion on staging', tests: 9, failures: 1, skipped: 1 });
  const suites = read.testsuite ?? [];
  expect(suites.map(({ name }) => name)).toEqual(['auth', 'gateway', 'notification', 'user', 'postgres']);
  const failed = suites
    .flatMap(({ testcase = [] }) => testcase)
    .filter(({ failure }) => failure !== undefined);
  expect(failed).toHaveLength(1);
  expect(failed[0]?.classname).toBe('orion.staging.gateway');
  expect(failed[0]?.failure?.[0]).toMatchObject({
    type: 'status-unexpected',
    message: expect.stringContaining('answered 503 instead of 200 to 399'),
    inner: expect.stringContaining('"user":"timeout after 2 s"'),
  });
  expect(suites.at(-1)?.testcase?.[0]?.skipped?.[0]?.message).toMatch(/^not decided: /);
});

test('foreign text stays text: the same suites and cases, whatever it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostileText, { minLength: 3 }), async (texts) => {
      let index = 0;
      const hostile = withHostileStrings(result, () => texts[index++ % texts.length] ?? '');
      const smoke = hostile.smoke.map((one, place) => ({
        ...one,
        outcome: result.smoke[place]?.outcome ?? 'passed',
      }));
      const read = await parse(renderJUnit({ ...hostile, smoke }));
      if (read === null || read === undefined || !('testsuite' in read)) throw new Error('no suites');
      expect(read).toMatchObject({ tests: 9, failures: 1, skipped: 1 });
      const cases = (read.testsuite ?? []).flatMap(({ testcase = [] }) => testcase);
      expect(cases).toHaveLength(9);
    }),
    { numRuns: 200 },
  );
});
