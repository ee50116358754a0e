import * as fc from 'fast-check';
import { parse } from 'junit2json';
import { expect, test } from 'vitest';
import { renderJUnit } from '../../../../src/report/formats/junit.ts';
import { endpointDown } from '../../../support/report/failed-results.ts';
import { hostileText, withHostileStrings } from '../../../support/report/hostile-text.ts';

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
  expect(read).toMatchObject({ name: 'orion on staging', tests: 9, failures: 1 });
  const suites = read.testsuite ?? [];
  expect(suites.reduce((sum, { skipped = 0 }) => sum + skipped, 0)).toBe(1);
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
  expect(suites.at(-1)?.testcase?.[0]?.skipped?.[0]?.message).toMatch(/^inconclusive: /);
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
      expect(read).toMatchObject({ tests: 9, failures: 1 });
      const cases = (read.testsuite ?? []).flatMap(({ testcase = [] }) => testcase);
      expect(cases).toHaveLength(9);
    }),
    { numRuns: 200 },
  );
});

/** What junit-10.xsd lets stand where: attributes (those that must be there with a star), and elements inside. */
const schema: Readonly<Record<string, readonly [attributes: string, elements: string]>> = {
  testsuites: ['name time tests failures errors', 'testsuite'],
  testsuite: ['name* tests* failures* errors* time skipped timestamp hostname id package', 'testcase'],
  testcase: ['name* classname time group', 'failure error skipped system-out system-err'],
  failure: ['type message', ''],
  skipped: ['type message', ''],
  'system-out': ['', ''],
};

test('nothing stands where the schema of test reporters has no place for it', () => {
  const path: string[] = [];
  let elements = 0;
  for (const [, end, name = '', attributes = '', empty] of renderJUnit(result).matchAll(
    /<(\/?)([\w-]+)((?:\s+[\w-]+="[^"]*")*)\s*(\/?)>/g,
  )) {
    if (end === '/') {
      expect(path.pop()).toBe(name);
      continue;
    }
    const parent = path.at(-1);
    expect((parent === undefined ? 'testsuites' : (schema[parent]?.[1] ?? '')).split(' ')).toContain(name);
    const allowed = (schema[name]?.[0] ?? '').split(' ');
    const given = [...attributes.matchAll(/([\w-]+)="/g)].map((match) => match[1] ?? '');
    for (const one of given) expect(allowed.map((known) => known.replace('*', ''))).toContain(one);
    expect(given).toEqual(
      expect.arrayContaining(allowed.flatMap((one) => (one.endsWith('*') ? [one.slice(0, -1)] : []))),
    );
    if (empty !== '/') path.push(name);
    elements += 1;
  }
  expect(path).toEqual([]);
  // One of all, five suites, nine cases with what they say, one failure, one skipped.
  expect(elements).toBe(1 + 5 + 9 + 9 + 1 + 1);
});
