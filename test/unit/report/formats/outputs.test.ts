import { expect, it } from 'vitest';
import { renderOutputs } from '../../../../src/report/formats/outputs.ts';
import { renderResultJson } from '../../../../src/report/formats/result-json.ts';
import { crashLoop, endpointDown } from '../../../support/report/failed-results.ts';

it('renders the outputs of the contract', () => {
  const { 'plan-digest': digest, ...outputs } = renderOutputs(endpointDown, { result: '/tmp/result.json' });
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(outputs).toEqual({
    outcome: 'failed',
    'exit-code': '4',
    reason: 'status-unexpected',
    release: 'orion-orion-12',
    'previous-release': 'orion-orion-11',
    changed: '1',
    passed: '7',
    failed: '1',
    skipped: '0',
    result: '/tmp/result.json',
  });
});

it('writes the result as JSON that reads back the same, version first', () => {
  const json = renderResultJson(crashLoop);
  expect(JSON.parse(json)).toEqual(crashLoop);
  expect(json.startsWith('{\n  "version": 1,\n')).toBe(true);
});
