import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { agreementLines, agreementOf, shareOf } from '../../../../bench/statuses/agreement.ts';
import { readCases } from '../../../../bench/statuses/cases.ts';
import { current, failed, progressing, type Status } from '../../../../src/domain/status/generic/status.ts';

const folder = mkdtempSync(join(tmpdir(), 'orion-statuses-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('reads fragments, and the first document of several', async () => {
  writeFileSync(
    join(folder, 'index.yaml'),
    '- { file: example.test--Widget--bare.yaml, status: Degraded, message: no quota }\n- { file: two.yaml, status: Healthy }\n',
  );
  writeFileSync(join(folder, 'example.test--Widget--bare.yaml'), 'status: { phase: Failed }\n');
  writeFileSync(join(folder, 'two.yaml'), '---\napiVersion: a/v1\nkind: A\nmetadata: { name: one }\n---\n');
  const [bare, two] = await readCases(folder);
  expect(bare).toMatchObject({
    expected: 'Degraded',
    said: 'no quota',
    object: {
      apiVersion: 'example.test/v1',
      kind: 'Widget',
      metadata: { name: '' },
      status: { phase: 'Failed' },
    },
  });
  expect(two?.object).toMatchObject({ kind: 'A', metadata: { name: 'one' } });
});

const going: Status = { word: 'terminating', code: 'terminating', message: 'being deleted' };

test.each([
  ['Healthy', current('ready'), 'agrees'],
  ['Healthy', progressing('not-ready', 'no'), 'differs'],
  ['Healthy', failed('failing', 'no'), 'false red'],
  ['Suspended', current('held', 'suspended'), 'agrees'],
  ['Suspended', failed('failed', 'no'), 'false red, ends early'],
  ['Progressing', going, 'agrees'],
  ['Progressing', failed('stalled', 'no'), 'ends early'],
  ['Degraded', failed('failing', 'no'), 'agrees'],
  ['Degraded', current('ready'), 'false green'],
  ['Unknown', progressing('not-ready', 'no'), 'agrees'],
  ['Missing', current('ready'), 'false green'],
] as const)('%s, and we say %o: %s', (expected, given, verdict) => {
  const object = { apiVersion: 'a/v1', kind: 'A', metadata: { name: '' } };
  const agreement = agreementOf([{ file: 'a.yaml', expected, said: '', object }], () => given);
  const { differences, falseGreens, falseReds, endedEarly } = agreement;
  expect(falseGreens.length).toBe(verdict.includes('false green') ? 1 : 0);
  expect(falseReds.length).toBe(verdict.includes('false red') ? 1 : 0);
  expect(endedEarly.length).toBe(verdict.includes('ends early') ? 1 : 0);
  expect(differences.length).toBe(verdict === 'agrees' ? 0 : 1);
  expect(shareOf(agreement)).toBe(verdict === 'agrees' ? 100 : 0);
  expect(agreementLines(agreement).includes('a.yaml')).toBe(verdict !== 'agrees');
});
