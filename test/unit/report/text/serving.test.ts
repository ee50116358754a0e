import { expect, test } from 'vitest';
import type { WorkloadReport } from '../../../../src/domain/verdict/workload-report.ts';
import { servingSentence } from '../../../../src/report/text/serving.ts';
import { workload } from '../../../support/report/example-release.ts';
import { crashLoop } from '../../../support/report/failed-results.ts';

const broken = (name: string, serves?: boolean): WorkloadReport =>
  workload(name, { state: 'failed', ...(serves === undefined ? {} : { serves }) });

test.each<[string, readonly WorkloadReport[], string]>([
  ['old pods serve', [broken('auth', true)], 'Still available: Deployment auth.'],
  ['none does', [broken('auth', false)], 'No available pod: Deployment auth.'],
  [
    'some do',
    [broken('auth', false), broken('user', true), workload('redis', { serves: true })],
    'No available pod: Deployment auth. Still available: Deployment user.',
  ],
  ['it is not known', [broken('migrate')], ''],
])('after a failure, %s', (_case, workloads, sentence) => {
  expect(servingSentence({ ...crashLoop, workloads })).toBe(sentence);
});

test('a rollback has its own word', () => {
  const workloads = [broken('auth', true)];
  expect(servingSentence({ ...crashLoop, outcome: 'rolled-back', workloads })).toBe('');
});
